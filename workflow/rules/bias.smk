rule bias:
    input:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        passages="results/benchmarks/{benchmark}/passages.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
        rankings="results/rankings/{run}/{benchmark}",
        checked=overlap_of_trained,
    output:
        directory("results/bias/{run}/{benchmark}"),
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
        " --output {output:q} --job {wildcards.run:q}/{wildcards.benchmark:q}"
        " --timing results/timings/bias/{wildcards.run:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input.queries:q} {input.passages:q} {input.qrels:q} {input.rankings:q} --log {log:q}"
