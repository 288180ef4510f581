rule encode:
    input:
        model=checkpoint,
        queries="results/benchmarks/{benchmark}/queries.parquet",
        passages="results/benchmarks/{benchmark}/passages.parquet",
    output:
        queries="results/embeddings/{run}/{benchmark}/queries.parquet",
        passages="results/embeddings/{run}/{benchmark}/passages.parquet",
    log:
        "logs/encode/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=IN_MEMORY,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "encode"),
        gpu=support.gpus(PLAN, "encode"),
    params:
        options=lambda wildcards: PLAN.encode_options(),
        made=made("encode", "run", "benchmark"),
    shell:
        "python -m hybridbatch encode --options {params.options:q} --model {input.model:q}"
        ' --benchmark "$(dirname {input.queries:q})"'
        ' --output "$(dirname {output.queries:q})"'
        " --job {wildcards.run:q}/{wildcards.benchmark:q}"
        " --timing results/timings/encode/{wildcards.run:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"
