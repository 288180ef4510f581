# The top k of a passage language of a sharded benchmark.
rule search:
    input:
        queries=paths.QUERIES,
        qrels=paths.QRELS,
        shards=paths.SHARDS,
        vectors=paths.QUERY_VECTORS,
        passages=lambda wildcards: of_shards(paths.SHARD_VECTORS, wildcards),
        indexes=lambda wildcards: of_shards(paths.SHARD_INDEX, wildcards),
    output:
        ranking=paths.RANKING,
        quality=paths.LANGUAGE_INDEX_QUALITY,
    log:
        "logs/search/{run}/{benchmark}/{language}.log",
    wildcard_constraints:
        benchmark=SHARDED,
        language=r"(?!all\b)[A-Za-z]{2,3}(-[A-Za-z0-9]+)*",
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "search"),
    params:
        options=lambda wildcards: PLAN.search_options(
            wildcards.benchmark, wildcards.language
        ),
        made=made("search", "run", "benchmark", "language"),
    shell:
        "python -m hybridbatch search --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})"'
        ' --embeddings "$(dirname {input.vectors:q})"'
        ' --indexes "$(dirname {input.indexes[0]:q})"'
        " --output {output.ranking:q} --quality {output.quality:q}"
        " --made-from {input.queries:q} {input.qrels:q} {input.shards:q} {input.vectors:q}"
        " --log {log:q}"
