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
        options=lambda wildcards: PLAN.index_options(),
        made=made("index", "run", "benchmark"),
    shell:
        "python -m hybridbatch index --options {params.options:q} --embeddings {input:q}"
        " --output {output:q} --job {wildcards.run:q}/{wildcards.benchmark:q}"
        " --timing results/timings/index/{wildcards.run:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"
