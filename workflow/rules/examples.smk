rule examples:
    input:
        benchmark=multiext(
            "results/benchmarks/{benchmark}/",
            "queries.parquet",
            "passages.parquet",
            "qrels.parquet",
        ),
        rankings=lambda wildcards: support.of_runs(
            PLAN, wildcards.benchmark, "results/rankings/{run}/{benchmark}"
        ),
        metrics=lambda wildcards: support.of_runs(
            PLAN,
            wildcards.benchmark,
            "results/metrics/{run}/{benchmark}/per_query.parquet",
        ),
    output:
        "results/examples/{group}/{benchmark}.parquet",
    log:
        "logs/examples/{group}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "examples"),
    params:
        options=lambda wildcards: PLAN.examples_options(wildcards.benchmark),
        made=made("examples", "benchmark"),
        metrics=folders("metrics"),
    shell:
        "python -m hybridbatch examples --options {params.options:q}"
        ' --benchmark "$(dirname {input.benchmark[0]:q})" --rankings {input.rankings:q}'
        " --metrics {params.metrics:q} --output {output:q}"
        " --job {wildcards.group:q}/{wildcards.benchmark:q}"
        " --timing results/timings/examples/{wildcards.group:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"
