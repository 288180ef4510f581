rule examples:
    input:
        benchmark=[paths.QUERIES, paths.PASSAGES, paths.QRELS],
        rankings=of_runs(paths.RANKINGS),
        metrics=of_runs(paths.PER_QUERY),
    output:
        paths.EXAMPLES,
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
        " --metrics {params.metrics:q} --output {output:q} --made-from {input:q} --log {log:q}"
