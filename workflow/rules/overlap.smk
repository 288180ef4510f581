# Training waits for this check, so that a contaminated evaluation is refused before work is lost.
rule overlap:
    input:
        pairs=expand("results/pairs/{source}.parquet", source=PLAN.sources),
        benchmark=relevant_files,
    output:
        "results/overlap/{recipe}/{benchmark}.parquet",
    log:
        "logs/overlap/{recipe}/{benchmark}.log",
    priority: 100
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "overlap"),
    params:
        settings=lambda wildcards: PLAN.overlap_settings(wildcards.benchmark),
        code=support.code("overlap"),
    shell:
        "python -m hybridbatch overlap --settings {params.settings:q} --pairs {input.pairs:q}"
        " --benchmark results/benchmarks/{wildcards.benchmark:q} --output {output:q}"
        " --job {wildcards.recipe:q}/{wildcards.benchmark:q}"
        " --timing results/timings/overlap/{wildcards.recipe:q}/{wildcards.benchmark:q}.parquet"
        " --log {log:q}"


# One file for all benchmarks, so that another benchmark does not change what training reads.
rule overlap_checked:
    input:
        [support.overlap_path(PLAN, benchmark) for benchmark in PLAN.overlaps()],
    output:
        touch("results/overlap/{recipe}.checked"),
    log:
        "logs/overlap/{recipe}.log",
    priority: 100
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    shell:
        "echo no contaminated evaluation > {log:q}"
