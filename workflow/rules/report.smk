rule report:
    input:
        support.report_inputs(LINEAGE),
        # Beside the others in its folder; where the results lie is told from it.
        untrained=f"results/runs/{PLAN.untrained.id}.parquet",
        # Who asks for the report gets the models too; the page does not read them.
        published=[f"results/checkpoints/{run.id}" for run in PLAN.trained_runs],
    output:
        report("results/report.html", caption="../report/report.rst", category="Report"),
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
        " --output {output:q}"
        " --timing results/timings/report.parquet --log {log:q}"
