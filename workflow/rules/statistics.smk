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
        settings=lambda wildcards: PLAN.statistics_settings(),
        made=made("statistics", "benchmark"),
        metrics=lambda wildcards: support.of_runs(
            PLAN, wildcards.benchmark, "results/metrics/{run}/{benchmark}"
        ),
    shell:
        "python -m hybridbatch statistics --settings {params.settings:q} --runs {input.runs:q}"
        " --metrics {params.metrics:q} --bias {input.bias:q}"
        " --benchmark results/benchmarks/{wildcards.benchmark:q}"
        " --output results/statistics/{wildcards.group:q}/{wildcards.benchmark:q}"
        " --job {wildcards.group:q}/{wildcards.benchmark:q}"
        " --timing results/timings/statistics/{wildcards.group:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"
