rule projection:
    input:
        queries=paths.QUERIES,
        passages=paths.PASSAGES,
        qrels=paths.QRELS,
        vectors=of_runs(paths.QUERY_VECTORS, paths.PASSAGE_VECTORS),
    output:
        points=paths.PROJECTION,
        summary=paths.PROJECTION_SUMMARY,
    log:
        "logs/projection/{group}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "projection"),
    params:
        options=lambda wildcards: PLAN.projection_options(wildcards.benchmark),
        made=made("projection", "benchmark"),
        embeddings=folders("vectors"),
    shell:
        "python -m hybridbatch projection --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})" --embeddings {params.embeddings:q}'
        ' --output "$(dirname {output.points:q})" --made-from {input:q} --log {log:q}'
