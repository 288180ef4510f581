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
        options=lambda wildcards: PLAN.benchmarks_options(wildcards.benchmark),
        made=made("benchmarks", "benchmark"),
    shell:
        "python -m hybridbatch benchmarks --options {params.options:q} --input {input:q}"
        ' --output "$(dirname {output.queries:q})" --job {wildcards.benchmark:q}'
        " --timing results/timings/benchmarks/{wildcards.benchmark:q}.parquet"
        " --outside {input:q} --log {log:q}"
