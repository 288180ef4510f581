rule retrieve:
    input:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        passages="results/benchmarks/{benchmark}/passages.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
        embeddings=multiext(
            "results/embeddings/{run}/{benchmark}/",
            "queries.parquet",
            "passages.parquet",
        ),
        indexes="results/indexes/{run}/{benchmark}",
    output:
        rankings=directory("results/rankings/{run}/{benchmark}"),
        quality="results/index_quality/{run}/{benchmark}.parquet",
    log:
        "logs/retrieve/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "retrieve"),
    params:
        options=lambda wildcards: PLAN.retrieve_options(),
        made=made("retrieve", "run", "benchmark"),
    shell:
        "python -m hybridbatch retrieve --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})"'
        ' --embeddings "$(dirname {input.embeddings[0]:q})"'
        " --indexes {input.indexes:q} --output {output.rankings:q}"
        " --quality {output.quality:q}"
        " --job {wildcards.run:q}/{wildcards.benchmark:q}"
        " --timing results/timings/retrieve/{wildcards.run:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"
