rule mine:
    input:
        pairs=paths.PAIRS,
        model=MODEL,
    output:
        PLAN.mined_pairs("{source}"),
    log:
        "logs/mine/{source}.log",
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "mine"),
        gpu=support.gpus(PLAN, "mine"),
    params:
        options=lambda wildcards: PLAN.mine_options(),
        made=made("mine", "source"),
    shell:
        "python -m hybridbatch mine --options {params.options:q} --pairs {input.pairs:q}"
        " --model {input.model:q} --output {output:q} --made-from {input:q} --log {log:q}"
