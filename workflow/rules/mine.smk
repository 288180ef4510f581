rule mine:
    input:
        pairs="results/pairs/{source}.parquet",
        model=MODEL,
    output:
        f"results/mined/{PLAN.model_name}/{PLAN.config['recipe']}/{{source}}.parquet",
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
        " --model {input.model:q} --output {output:q} --job {wildcards.source:q}"
        " --timing results/timings/mine/{wildcards.source:q}.parquet"
        " --made-from {input:q} --log {log:q}"
