rule projection:
    input:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        passages="results/benchmarks/{benchmark}/passages.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
        vectors=lambda wildcards: [
            *support.of_runs(
                PLAN,
                wildcards.benchmark,
                "results/embeddings/{run}/{benchmark}/queries.parquet",
            ),
            *support.of_runs(
                PLAN,
                wildcards.benchmark,
                "results/embeddings/{run}/{benchmark}/passages.parquet",
            ),
        ],
    output:
        points="results/projection/{group}/{benchmark}/points.parquet",
        summary="results/projection/{group}/{benchmark}/summary.parquet",
    log:
        "logs/projection/{group}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "projection"),
    params:
        options=lambda wildcards: PLAN.projection_options(wildcards.benchmark),
        made=made("projection", "benchmark"),
        embeddings=folders("vectors"),
    shell:
        "python -m hybridbatch projection --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})"'
        " --embeddings {params.embeddings:q}"
        ' --output "$(dirname {output.points:q})"'
        " --job {wildcards.group:q}/{wildcards.benchmark:q}"
        " --timing results/timings/projection/{wildcards.group:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"
