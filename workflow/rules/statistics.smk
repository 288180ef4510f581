rule statistics:
    input:
        runs=of_runs(paths.RUN),
        metrics=of_runs(paths.PER_QUERY),
        bias=bias_of_runs,
        queries=paths.QUERIES,
    output:
        estimates=paths.ESTIMATES,
        comparisons=paths.COMPARISONS,
        noninferiority=paths.NONINFERIORITY,
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
        ' --output "$(dirname {output.estimates:q})" --made-from {input:q} --log {log:q}'
