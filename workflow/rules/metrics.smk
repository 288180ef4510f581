rule metrics:
    input:
        queries=paths.QUERIES,
        passages=paths.PASSAGES,
        qrels=paths.QRELS,
        rankings=paths.RANKINGS,
        checked=overlap_of_trained,
    output:
        per_query=paths.PER_QUERY,
        summary=paths.SUMMARY,
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
        " --made-from {input.queries:q} {input.passages:q} {input.qrels:q} {input.rankings:q}"
        " --log {log:q}"


# For a sharded benchmark: its rankings end at k, and each language has a file.
use rule metrics as metrics_cut with:
    input:
        queries=paths.QUERIES,
        passages=[],
        qrels=paths.QRELS,
        rankings=rankings_of_languages,
        checked=overlap_of_trained,
    wildcard_constraints:
        benchmark=SHARDED,
    params:
        made=made("metrics_cut", "run", "benchmark"),
