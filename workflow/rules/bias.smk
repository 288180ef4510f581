rule bias:
    input:
        queries=paths.QUERIES,
        passages=paths.PASSAGES,
        qrels=paths.QRELS,
        rankings=paths.RANKINGS,
        checked=overlap_of_trained,
    output:
        directory(paths.BIAS),
    log:
        "logs/bias/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "bias"),
    params:
        options=lambda wildcards: PLAN.bias_options(),
        made=made("bias", "run", "benchmark"),
    shell:
        "python -m hybridbatch bias --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})" --rankings {input.rankings:q}'
        " --output {output:q}"
        " --made-from {input.queries:q} {input.passages:q} {input.qrels:q} {input.rankings:q}"
        " --log {log:q}"
