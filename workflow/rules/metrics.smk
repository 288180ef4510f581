rule metrics:
    input:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        passages="results/benchmarks/{benchmark}/passages.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
        rankings="results/rankings/{run}/{benchmark}",
        checked=overlap_of_trained,
    output:
        per_query="results/metrics/{run}/{benchmark}/per_query.parquet",
        summary="results/metrics/{run}/{benchmark}/summary.parquet",
    log:
        "logs/metrics/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "metrics"),
    params:
        options=lambda wildcards: PLAN.metrics_options(wildcards.benchmark),
        made=made("metrics", "run", "benchmark"),
    shell:
        "python -m hybridbatch metrics --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})" --rankings {input.rankings:q}'
        ' --output "$(dirname {output.summary:q})"'
        " --job {wildcards.run:q}/{wildcards.benchmark:q}"
        " --timing results/timings/metrics/{wildcards.run:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input.queries:q} {input.passages:q} {input.qrels:q} {input.rankings:q} --log {log:q}"
