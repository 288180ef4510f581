rule benchmarks:
    input:
        lambda wildcards: outside(
            PLAN.benchmark_files(wildcards.benchmark, raw="results/raw")
        ),
    output:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        passages="results/benchmarks/{benchmark}/passages.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
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
        settings=lambda wildcards: PLAN.benchmarks_settings(wildcards.benchmark),
        made=made("benchmarks", "benchmark"),
    shell:
        "python -m hybridbatch benchmarks --settings {params.settings:q} --input {input:q}"
        " --output results/benchmarks/{wildcards.benchmark:q} --job {wildcards.benchmark:q}"
        " --timing results/timings/benchmarks/{wildcards.benchmark:q}.parquet"
        " --outside {input:q} --log {log:q}"
