rule corpus:
    input:
        lambda wildcards: outside([PLAN.part_file(wildcards.benchmark, wildcards.part)]),
    output:
        directory(paths.PART),
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
        " --output {output:q} --outside {input:q} --log {log:q}"
