rule report:
    input:
        support.report_inputs(LINEAGE),
        # The folder of the results is found from it.
        untrained=paths.RUN.format(run=PLAN.untrained.id),
        # Who asks for the report gets the models too; the page does not read them.
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
