rule index:
    input:
        paths.PASSAGE_VECTORS,
    output:
        index=directory(paths.INDEXES),
    log:
        "logs/index/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "index"),
    params:
        options=lambda wildcards: PLAN.index_options(),
        made=made("index", "run", "benchmark"),
    shell:
        "python -m hybridbatch index --options {params.options:q} --embeddings {input:q}"
        " --output {output.index:q} --made-from {input:q} --log {log:q}"


use rule index as index_shard with:
    input:
        paths.SHARD_VECTORS,
    output:
        index=paths.SHARD_INDEX,
        record=paths.SHARD_INDEX_RECORD,
    log:
        "logs/index/{run}/{benchmark}/{part}.{language}.{number}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    retries: 1
    params:
        made=made("index_shard", "run", "benchmark", "part", "language", "number"),
