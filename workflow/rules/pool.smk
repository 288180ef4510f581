# The top k of the pool of all languages of a sharded benchmark.
rule pool:
    input:
        queries=paths.QUERIES,
        qrels=paths.QRELS,
        rankings=lambda wildcards: support.rankings_of_pool(PLAN, wildcards),
    output:
        paths.POOL_RANKING,
    log:
        "logs/pool/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "pool"),
    params:
        options=lambda wildcards: PLAN.pool_options(wildcards.benchmark),
        made=made("pool", "run", "benchmark"),
    shell:
        "python -m hybridbatch pool --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})" --rankings {input.rankings:q}'
        " --output {output:q} --made-from {input:q} --log {log:q}"
