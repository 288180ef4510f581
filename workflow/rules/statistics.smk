rule statistics:
    input:
        runs=lambda wildcards: support.of_runs(
            PLAN, wildcards.benchmark, "results/runs/{run}.parquet"
        ),
        metrics=lambda wildcards: support.of_runs(
            PLAN,
            wildcards.benchmark,
            "results/metrics/{run}/{benchmark}/per_query.parquet",
        ),
        bias=bias_of_runs,
        queries="results/benchmarks/{benchmark}/queries.parquet",
    output:
        estimates="results/statistics/{group}/{benchmark}/estimates.parquet",
        comparisons="results/statistics/{group}/{benchmark}/comparisons.parquet",
        noninferiority="results/statistics/{group}/{benchmark}/noninferiority.parquet",
    log:
        "logs/statistics/{group}/{benchmark}.log",
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "statistics"),
    params:
        options=lambda wildcards: PLAN.statistics_options(),
        made=made("statistics", "benchmark"),
        metrics=folders("metrics"),
    shell:
        "python -m hybridbatch statistics --options {params.options:q} --runs {input.runs:q}"
        " --metrics {params.metrics:q} --bias {input.bias:q}"
        ' --benchmark "$(dirname {input.queries:q})"'
        ' --output "$(dirname {output.estimates:q})"'
        " --job {wildcards.group:q}/{wildcards.benchmark:q}"
        " --timing results/timings/statistics/{wildcards.group:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"
