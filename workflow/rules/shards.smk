# The number of shards is known only when all parts of a corpus are cut.
checkpoint shards:
    input:
        parts=lambda wildcards: support.part_folders(PLAN, wildcards.benchmark),
        qrels=paths.QRELS,
    output:
        paths.SHARDS,
    log:
        "logs/shards/{benchmark}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "shards"),
    params:
        made=made("shards", "benchmark"),
    shell:
        "python -m hybridbatch shards --parts {input.parts:q} --qrels {input.qrels:q}"
        " --output {output:q} --made-from {input:q} --log {log:q}"
