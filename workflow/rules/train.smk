rule train:
    input:
        pairs=PLAN.training_pairs,
        validation=expand(paths.PAIRS, source=PLAN.validation_sources),
        model=MODEL,
    output:
        checkpoint=directory(paths.TRAINED),
        train_log=paths.TRAIN_LOG,
        record=paths.RUN,
    log:
        "logs/train/{run}.log",
    wildcard_constraints:
        run=support.any_of(run.id for run in PLAN.trained_runs),
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "train"),
        gpu=support.gpus(PLAN, "train"),
    params:
        options=lambda wildcards: PLAN.train_options(wildcards.run),
        made=made("train", "run"),
        # Not an output: it must survive when the job is killed. The stage removes it when done.
        # Snakemake does not track a param that takes `output`.
        state=lambda wildcards, output: paths.TRAINING_STATE.format(run=wildcards.run),
    shell:
        "python -m hybridbatch train --options {params.options:q} --pairs {input.pairs:q}"
        " --validation {input.validation:q} --model {input.model:q}"
        " --output {output.checkpoint:q} --train-log {output.train_log:q}"
        " --run-record {output.record:q} --state {params.state:q}"
        " --made-from {input:q} --log {log:q}"
