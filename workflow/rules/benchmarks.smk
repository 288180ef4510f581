rule benchmarks:
    input:
        lambda wildcards: outside(
            PLAN.benchmark_files(wildcards.benchmark, raw=paths.RAW)
        ),
    output:
        queries=paths.QUERIES,
        passages=paths.PASSAGES,
        qrels=paths.QRELS,
    log:
        "logs/benchmarks/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    priority: 100
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "benchmarks"),
    params:
        options=lambda wildcards: PLAN.benchmarks_options(wildcards.benchmark),
        made=made("benchmarks", "benchmark"),
    shell:
        "python -m hybridbatch benchmarks --options {params.options:q} --input {input:q}"
        ' --output "$(dirname {output.queries:q})" --outside {input:q} --log {log:q}'


# For a sharded benchmark: the rule `corpus` cuts its passages.
use rule benchmarks as topics with:
    output:
        queries=paths.QUERIES,
        qrels=paths.QRELS,
    log:
        "logs/topics/{benchmark}.log",
    wildcard_constraints:
        benchmark=SHARDED,
