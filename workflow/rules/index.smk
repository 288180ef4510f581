rule index:
    input:
        "results/embeddings/{run}/{benchmark}/passages.parquet",
    output:
        directory("results/indexes/{run}/{benchmark}"),
    log:
        "logs/index/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "index"),
    params:
        settings=lambda wildcards: PLAN.index_settings(),
        code=support.code("index"),
        versions=support.versions("faiss-cpu", "numpy"),
    shell:
        "python -m hybridbatch index --settings {params.settings:q} --embeddings {input:q}"
        " --output {output:q} --job {wildcards.run:q}/{wildcards.benchmark:q}"
        " --timing results/timings/index/{wildcards.run:q}/{wildcards.benchmark:q}.parquet"
        " --log {log:q}"
