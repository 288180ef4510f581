rule pairs:
    input:
        lambda wildcards: outside(PLAN.source_files(wildcards.source, raw=paths.RAW)),
    output:
        paths.PAIRS,
    log:
        "logs/pairs/{source}.log",
    priority: 100
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "pairs"),
    params:
        options=lambda wildcards: PLAN.pairs_options(wildcards.source),
        made=made("pairs", "source"),
    shell:
        "python -m hybridbatch pairs --options {params.options:q} --input {input:q}"
        " --output {output:q} --outside {input:q} --log {log:q}"
