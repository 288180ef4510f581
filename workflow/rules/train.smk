rule train:
    input:
        pairs=PLAN.training_pairs,
        validation=expand(
            "results/pairs/{source}.parquet", source=PLAN.validation_sources
        ),
        model=MODEL,
    output:
        checkpoint=directory("results/training/{run}/model"),
        train_log="results/training/{run}/train_log.parquet",
        record="results/runs/{run}.parquet",
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
    shell:
        "python -m hybridbatch train --options {params.options:q} --pairs {input.pairs:q}"
        " --validation {input.validation:q} --model {input.model:q}"
        " --output {output.checkpoint:q} --train-log {output.train_log:q}"
        " --run-record {output.record:q} --job {wildcards.run:q}"
        # Not an output: it outlives a job that was killed, and the stage removes it when done.
        " --state results/training_state/{wildcards.run:q}"
        " --timing results/timings/train/{wildcards.run:q}.parquet"
        " --made-from {input:q} --log {log:q}"
