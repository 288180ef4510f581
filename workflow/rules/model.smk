rule model:
    input:
        outside(PLAN.model_files()),
    output:
        folder=directory(paths.MODEL),
        record=paths.RUN.format(run="{model}.untrained"),
    log:
        "logs/model/{model}.log",
    wildcard_constraints:
        model=support.any_of([PLAN.model_name]),
    retries: 1
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "model"),
    params:
        options=lambda wildcards: PLAN.model_options(),
        made=made("model"),
    shell:
        "python -m hybridbatch model --options {params.options:q} --output {output.folder:q}"
        " --run-record {output.record:q} --outside {input:q} --log {log:q}"
