# Sharded benchmarks: their passages are cut, encoded, indexed and searched in shards. How many shards
# there are is known once all parts of a corpus have been cut: the checkpoint `shards` lists them.


rule topics:
    input:
        lambda wildcards: outside(
            PLAN.benchmark_files(wildcards.benchmark, raw="results/raw")
        ),
    output:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
    log:
        "logs/topics/{benchmark}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    priority: 100
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "benchmarks"),
    params:
        options=lambda wildcards: PLAN.benchmarks_options(wildcards.benchmark),
        made=made("benchmarks", "benchmark"),
    shell:
        "python -m hybridbatch benchmarks --options {params.options:q} --input {input:q}"
        ' --output "$(dirname {output.queries:q})" --job {wildcards.benchmark:q}'
        " --timing results/timings/benchmarks/{wildcards.benchmark:q}.parquet"
        " --outside {input:q} --log {log:q}"


rule corpus:
    input:
        lambda wildcards: outside([PLAN.part_file(wildcards.benchmark, wildcards.part)]),
    output:
        directory("results/benchmarks/{benchmark}/passages/{part}"),
    log:
        "logs/corpus/{benchmark}/{part}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "corpus"),
    params:
        options=lambda wildcards: PLAN.corpus_options(
            wildcards.benchmark, wildcards.part
        ),
        made=made("corpus", "benchmark", "part"),
    shell:
        "python -m hybridbatch corpus --options {params.options:q} --input {input:q}"
        " --output {output:q} --job {wildcards.benchmark:q}/{wildcards.part:q}"
        " --timing results/timings/corpus/{wildcards.benchmark:q}/{wildcards.part:q}.parquet"
        " --outside {input:q} --log {log:q}"


checkpoint shards:
    input:
        parts=lambda wildcards: support.part_folders(PLAN, wildcards.benchmark),
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
    output:
        "results/benchmarks/{benchmark}/shards.parquet",
    log:
        "logs/shards/{benchmark}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "shards"),
    params:
        made=made("shards", "benchmark"),
    shell:
        "python -m hybridbatch shards --parts {input.parts:q} --qrels {input.qrels:q}"
        " --output {output:q} --job {wildcards.benchmark:q}"
        " --timing results/timings/shards/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"


rule encode_queries:
    input:
        model=checkpoint,
        queries="results/benchmarks/{benchmark}/queries.parquet",
    output:
        "results/embeddings/{run}/{benchmark}/queries.parquet",
    log:
        "logs/encode/{run}/{benchmark}/queries.log",
    wildcard_constraints:
        benchmark=SHARDED,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "encode"),
        gpu=support.gpus(PLAN, "encode"),
    params:
        options=lambda wildcards: PLAN.encode_options(),
        made=made("encode_queries", "run", "benchmark"),
    shell:
        "python -m hybridbatch encode --options {params.options:q} --model {input.model:q}"
        " --queries {input.queries:q} --output {output:q}"
        " --job {wildcards.run:q}/{wildcards.benchmark:q}"
        " --timing results/timings/encode/{wildcards.run:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"


rule encode_shard:
    input:
        model=checkpoint,
        part="results/benchmarks/{benchmark}/passages/{part}",
    output:
        "results/embeddings/{run}/{benchmark}/passages/{part}.{language}.{number}.parquet",
    log:
        "logs/encode/{run}/{benchmark}/{part}.{language}.{number}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    retries: 1
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "encode"),
        gpu=support.gpus(PLAN, "encode"),
    params:
        options=lambda wildcards: PLAN.encode_options(),
        made=made("encode_shard", "run", "benchmark", "part", "language", "number"),
        shard=lambda wildcards: support.shard_name(wildcards),
    shell:
        "python -m hybridbatch encode --options {params.options:q} --model {input.model:q}"
        " --shard {input.part:q}/{params.shard:q}.parquet --output {output:q}"
        " --job {wildcards.run:q}/{wildcards.benchmark:q}/{params.shard:q} --timing"
        " results/timings/encode/{wildcards.run:q}/{wildcards.benchmark:q}/{params.shard:q}.parquet"
        " --made-from {input:q} --log {log:q}"


rule index_shard:
    input:
        "results/embeddings/{run}/{benchmark}/passages/{part}.{language}.{number}.parquet",
    output:
        index="results/indexes/{run}/{benchmark}/{part}.{language}.{number}.faiss",
        record="results/indexes/{run}/{benchmark}/{part}.{language}.{number}.faiss.json",
    log:
        "logs/index/{run}/{benchmark}/{part}.{language}.{number}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    retries: 1
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "index"),
    params:
        options=lambda wildcards: PLAN.index_options(),
        made=made("index_shard", "run", "benchmark", "part", "language", "number"),
        shard=lambda wildcards: support.shard_name(wildcards),
    shell:
        "python -m hybridbatch index --options {params.options:q} --embeddings {input:q}"
        " --output {output.index:q} --job {wildcards.run:q}/{wildcards.benchmark:q}/{params.shard:q}"
        " --timing"
        " results/timings/index/{wildcards.run:q}/{wildcards.benchmark:q}/{params.shard:q}.parquet"
        " --made-from {input:q} --log {log:q}"


rule search:
    input:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
        shards="results/benchmarks/{benchmark}/shards.parquet",
        vectors="results/embeddings/{run}/{benchmark}/queries.parquet",
        passages=lambda wildcards: of_shards(
            "results/embeddings/{run}/{benchmark}/passages/{shard}.parquet", wildcards
        ),
        indexes=lambda wildcards: of_shards(
            "results/indexes/{run}/{benchmark}/{shard}.faiss", wildcards
        ),
    output:
        ranking="results/rankings/{run}/{benchmark}/{language}.parquet",
        quality="results/index_quality/{run}/{benchmark}/{language}.parquet",
    log:
        "logs/search/{run}/{benchmark}/{language}.log",
    wildcard_constraints:
        benchmark=SHARDED,
        language=r"(?!all\b)[A-Za-z]{2,3}(-[A-Za-z0-9]+)*",
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "search"),
    params:
        options=lambda wildcards: PLAN.search_options(
            wildcards.benchmark, wildcards.language
        ),
        made=made("search", "run", "benchmark", "language"),
    shell:
        "python -m hybridbatch search --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})"'
        ' --embeddings "$(dirname {input.vectors:q})"'
        ' --indexes "$(dirname {input.indexes[0]:q})"'
        " --output {output.ranking:q} --quality {output.quality:q}"
        " --job {wildcards.run:q}/{wildcards.benchmark:q}/{wildcards.language:q} --timing"
        " results/timings/search/{wildcards.run:q}/{wildcards.benchmark:q}/{wildcards.language:q}.parquet"
        " --made-from {input.queries:q} {input.qrels:q} {input.shards:q} {input.vectors:q} --log {log:q}"


rule pool:
    input:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
        rankings=lambda wildcards: expand(
            "results/rankings/{{run}}/{{benchmark}}/{language}.parquet",
            language=PLAN.corpora.pool(wildcards.benchmark),
        ),
    output:
        "results/rankings/{run}/{benchmark}/all.parquet",
    log:
        "logs/pool/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "pool"),
    params:
        options=lambda wildcards: PLAN.pool_options(wildcards.benchmark),
        made=made("pool", "run", "benchmark"),
    shell:
        "python -m hybridbatch pool --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})" --rankings {input.rankings:q}'
        " --output {output:q} --job {wildcards.run:q}/{wildcards.benchmark:q}"
        " --timing results/timings/pool/{wildcards.run:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input:q} --log {log:q}"


rule metrics_cut:
    input:
        queries="results/benchmarks/{benchmark}/queries.parquet",
        qrels="results/benchmarks/{benchmark}/qrels.parquet",
        rankings=rankings_of_languages,
        checked=overlap_of_trained,
    output:
        per_query="results/metrics/{run}/{benchmark}/per_query.parquet",
        summary="results/metrics/{run}/{benchmark}/summary.parquet",
    log:
        "logs/metrics/{run}/{benchmark}.log",
    wildcard_constraints:
        benchmark=SHARDED,
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        mem_mb=support.memory(PLAN, "metrics"),
    params:
        options=lambda wildcards: PLAN.metrics_options(wildcards.benchmark),
        made=made("metrics_cut", "run", "benchmark"),
    shell:
        "python -m hybridbatch metrics --options {params.options:q}"
        ' --benchmark "$(dirname {input.queries:q})"'
        ' --rankings "$(dirname {input.rankings[0]:q})"'
        ' --output "$(dirname {output.summary:q})"'
        " --job {wildcards.run:q}/{wildcards.benchmark:q}"
        " --timing results/timings/metrics/{wildcards.run:q}/{wildcards.benchmark:q}.parquet"
        " --made-from {input.queries:q} {input.qrels:q} {input.rankings:q} --log {log:q}"
