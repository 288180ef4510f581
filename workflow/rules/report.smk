rule report:
    input:
        support.report_inputs(LINEAGE),
        # The stage finds the folder of the results from this path.
        untrained=paths.RUN.format(run=PLAN.untrained.id),
        # The page does not read the models; they are made together with it.
        published=expand(paths.CHECKPOINT, run=[run.id for run in PLAN.trained_runs]),
    output:
        report(paths.REPORT, caption="../report/report.rst", category="Report"),
    log:
        "logs/report.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=support.memory(PLAN, "report"),
    params:
        options=lambda wildcards: PLAN.report_options(),
        made=made("report"),
    shell:
        "python -m hybridbatch report --options {params.options:q}"
        ' --from "$(dirname "$(dirname {input.untrained:q})")"'
        " --output {output:q} --log {log:q}"
