rule download:
    output:
        f"{paths.RAW}/{{path}}",
    log:
        "logs/download/{path}.log",
    priority: 100
    retries: 1
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "download"),
    params:
        options=lambda wildcards: PLAN.download_options(wildcards.path),
        code=tracking.stage_codes(["download"])["download"],
    shell:
        "python -m hybridbatch download --options {params.options:q} --output {output:q}"
        " --log {log:q}"
