rule encode:
    input:
        model=checkpoint,
        queries=paths.QUERIES,
        passages=paths.PASSAGES,
    output:
        queries=paths.QUERY_VECTORS,
        passages=paths.PASSAGE_VECTORS,
    log:
        "logs/encode/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "encode"),
        gpu=support.gpus(PLAN, "encode"),
    params:
        options=lambda wildcards: PLAN.encode_options(),
        made=made("encode", "run", "benchmark"),
    shell:
        "python -m hybridbatch encode --options {params.options:q} --model {input.model:q}"
        " --queries {input.queries:q} --passages {input.passages:q} --output {output:q}"
        " --made-from {input:q} --log {log:q}"


# For a sharded benchmark, the queries and each shard are separate jobs.
use rule encode as encode_queries with:
    input:
        model=checkpoint,
        queries=paths.QUERIES,
        passages=[],
    output:
        paths.QUERY_VECTORS,
    log:
        "logs/encode/{run}/{benchmark}/queries.log",
    wildcard_constraints:
        benchmark=SHARDED,
    params:
        made=made("encode_queries", "run", "benchmark"),


use rule encode as encode_shard with:
    input:
        model=checkpoint,
        queries=[],
        # The folder of the shards of a part. The shard to read has the name of the output.
        passages=paths.PART,
    output:
        paths.SHARD_VECTORS,
    log:
        "logs/encode/{run}/{benchmark}/{part}.{language}.{number}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    retries: 1
    params:
        made=made("encode_shard", "run", "benchmark", "part", "language", "number"),
