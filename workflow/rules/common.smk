import os
import sys

from hybridbatch import workflow_support as support

PLAN = support.plan(config)
THREADS = support.heavy_threads(PLAN, cores=workflow.resource_settings.cores)

# The stages run in the interpreter that runs Snakemake. A prefix is not part of a rule's code, so
# moving the checkout or the environment re-runs nothing.
shell.prefix(support.shell_prefix(config))

MODEL = f"results/models/{PLAN.model_name}"
ENVIRONMENT = "../../envs/hybridbatch.yaml"


wildcard_constraints:
    run="[^/]+",
    benchmark="[^/]+",
    source="[^/]+",
    model="[^/]+",
    recipe="[^/]+",
    group="[^/]+",


def checkpoint(wildcards):
    """The folder of a run's model: the base model for the untrained run."""
    if PLAN.run(wildcards.run).trained:
        return f"results/training/{wildcards.run}/model"
    return MODEL


def overlap_of_trained(wildcards):
    """The check for shared items, which a trained run must pass before it is evaluated."""
    if PLAN.run(wildcards.run).trained:
        return support.overlap_path(PLAN, wildcards.benchmark)
    return []
