"""Hybrid batch training of a multilingual retriever: from raw data to results/report.html."""

from snakemake.utils import min_version

min_version("9.0")


# This reads and checks the configuration, in files and on the command line, and makes the plan.
include: "workflow/rules/common.smk"


# A config named on the command line replaces the default one; the two are never mixed. Snakemake
# reads the file too, after it has been found to be whole: it sends it along with the sources.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "workflow/rules/download.smk"
include: "workflow/rules/benchmarks.smk"
include: "workflow/rules/pairs.smk"
include: "workflow/rules/overlap.smk"
include: "workflow/rules/model.smk"
include: "workflow/rules/mine.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/publish.smk"
include: "workflow/rules/encode.smk"
include: "workflow/rules/index.smk"
include: "workflow/rules/retrieve.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/corpora.smk"
include: "workflow/rules/bias.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/examples.smk"
include: "workflow/rules/projection.smk"
include: "workflow/rules/report.smk"


onstart:
    support.require_writable("results", "logs")


rule all:
    default_target: True
    input:
        "results/report.html",
