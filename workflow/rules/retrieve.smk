rule retrieve:
    input:
        queries=paths.QUERIES,
        passages=paths.PASSAGES,
        qrels=paths.QRELS,
        embeddings=[paths.QUERY_VECTORS, paths.PASSAGE_VECTORS],
        indexes=paths.INDEXES,
    output:
        rankings=directory(paths.RANKINGS),
        quality=paths.INDEX_QUALITY,
    log:
        "logs/retrieve/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "retrieve"),
    params:
        options=lambda wildcards: PLAN.retrieve_options(),
        made=made("retrieve", "run", "benchmark"),
    shell:
        "python -m hybridbatch retrieve --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})"'
        ' --embeddings "$(dirname {input.embeddings[0]:q})" --indexes {input.indexes:q}'
        " --output {output.rankings:q} --quality {output.quality:q}"
        " --made-from {input:q} --log {log:q}"
