rule publish:
    input:
        model=paths.TRAINED,
        train_log=paths.TRAIN_LOG,
        record=paths.RUN,
        pairs=expand(paths.PAIRS, source=PLAN.sources),
    output:
        directory(paths.CHECKPOINT),
    log:
        "logs/publish/{run}.log",
    wildcard_constraints:
        run=support.any_of(run.id for run in PLAN.trained_runs),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "publish"),
    params:
        options=lambda wildcards: PLAN.publish_options(wildcards.run),
        made=made("publish", "run"),
    shell:
        "python -m hybridbatch publish --options {params.options:q} --model {input.model:q}"
        " --run-record {input.record:q} --train-log {input.train_log:q} --pairs {input.pairs:q}"
        " --output {output:q} --made-from {input:q} --log {log:q}"
