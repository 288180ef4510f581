# Training does not read this check, so that another benchmark trains nothing again. The priority
# runs it before training, so that a contaminated evaluation is refused early. Evaluation waits.
rule overlap:
    input:
        pairs=expand(paths.PAIRS, source=PLAN.sources),
        benchmark=relevant_files,
    output:
        paths.OVERLAP,
    log:
        "logs/overlap/{recipe}/{benchmark}.log",
    priority: 100
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "overlap"),
    params:
        options=lambda wildcards: PLAN.overlap_options(wildcards.benchmark),
        made=made("overlap", "benchmark"),
        # Snakemake does not track a param that takes `output`. This flag only decides whether the
        # workflow continues, not what is written. The report checks it too.
        allowed=lambda wildcards, output: support.allowed(PLAN),
    shell:
        "python -m hybridbatch overlap --options {params.options:q} --pairs {input.pairs:q}"
        ' --benchmark "$(dirname {input.benchmark[0]:q})" --output {output:q}'
        " {params.allowed} --made-from {input:q} --log {log:q}"
