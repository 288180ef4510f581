rule benchmarks:
    input:
        lambda wildcards: PLAN.benchmark_files(wildcards.benchmark, raw="results/raw"),
    output:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        passages="results/benchmarks/{benchmark}/passages.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
    params:
        settings=lambda wildcards: PLAN.benchmarks_settings(wildcards.benchmark),
        code=support.code("benchmarks"),
        versions=support.versions("babel"),
    log:
        "logs/benchmarks/{benchmark}.log",
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        ENVIRONMENT
    shell:
        "python -m hybridbatch benchmarks --settings {params.settings:q} --input {input:q}"
        " --output results/benchmarks/{wildcards.benchmark:q} --job {wildcards.benchmark:q}"
        " --timing results/timings/benchmarks/{wildcards.benchmark:q}.parquet --log {log:q}"
