rule publish:
    input:
        model="results/training/{run}/model",
        train_log="results/training/{run}/train_log.parquet",
        record="results/runs/{run}.parquet",
        pairs=expand("results/pairs/{source}.parquet", source=PLAN.sources),
    output:
        directory("results/checkpoints/{run}"),
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
        " --output {output:q} --job {wildcards.run:q}"
        " --timing results/timings/publish/{wildcards.run:q}.parquet"
        " --made-from {input:q} --log {log:q}"
