rule download:
    output:
        "results/raw/{path}",
    params:
        settings=lambda wildcards: PLAN.download_settings(wildcards.path),
        code=support.code("download"),
    log:
        "logs/download/{path}.log",
    threads: 1
    resources:
        mem_mb=300,
    retries: 1
    conda:
        ENVIRONMENT
    shell:
        "python -m hybridbatch download --settings {params.settings:q} --output {output:q}"
        " --job {wildcards.path:q} --timing results/timings/download/{wildcards.path:q}.parquet"
        " --log {log:q}"
