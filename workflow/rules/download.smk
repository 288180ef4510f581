rule download:
    output:
        "results/raw/{path}",
    log:
        "logs/download/{path}.log",
    priority: 100
    retries: 1
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        settings=lambda wildcards: PLAN.download_settings(wildcards.path),
        code=support.code("download"),
    shell:
        "python -m hybridbatch download --settings {params.settings:q} --output {output:q}"
        " --job {wildcards.path:q} --timing results/timings/download/{wildcards.path:q}.parquet"
        " --log {log:q}"
