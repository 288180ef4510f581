import os
import sys
from pathlib import Path

# The folder workflow/. The package lies in it, beside the rules, so it needs no installation.
HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).resolve().parent
sys.path.insert(0, str(HERE))
# A logger of Snakemake may have imported the package of another checkout, installed in this environment.
if "hybridbatch" in sys.modules and not Path(
    sys.modules["hybridbatch"].__file__
).resolve().is_relative_to(HERE):
    for name in [name for name in sys.modules if name.split(".")[0] == "hybridbatch"]:
        del sys.modules[name]

from hybridbatch.console.announce import announce
from hybridbatch.planning import paths
from hybridbatch.planning import workflow_support as support
from hybridbatch.planning.machine import VARIABLE, Machine
from hybridbatch.planning.deployment import software
from hybridbatch.planning import tracking

# A job on another node uses the automatic choices of this machine.
Machine.here().share(os.environ)


envvars:
    VARIABLE,


PLAN = support.plan(
    config, **support.config_sources(workflow, default="config/config.yaml")
)
# The software of the jobs: Snakemake's own interpreter, or what `--sdm` deploys for them.
SOFTWARE = software(
    PLAN.config,
    methods={
        method.name.lower() for method in workflow.deployment_settings.deployment_method
    },
    environment=HERE.parent / "envs" / "hybridbatch.yaml",
)
# The digest of everything that its artifacts are made from, which each rule tracks.
LINEAGE = tracking.lineage(PLAN, software=SOFTWARE)
# Separate rules cut, encode and search a sharded benchmark.
SHARDED = support.any_of(PLAN.corpora.names)
IN_MEMORY = support.any_of(PLAN.in_memory)
# Inside a cluster's job, `--cores` is what the node has, and not what the user gave.
THREADS = support.heavy_threads(
    PLAN, cores=None if workflow.remote_exec else workflow.resource_settings.cores
)

# A prefix is not part of a rule's code, so moving the checkout or the environment re-runs nothing.
shell.prefix(
    SOFTWARE.shell_prefix(
        mirror=support.mirror(PLAN.config),
        tensorboard=PLAN.config["training"]["tensorboard"],
    )
)

if SOFTWARE.image:

    container: SOFTWARE.image


MODEL = paths.MODEL.format(model=PLAN.model_name)
ENVIRONMENT = support.environment(HERE.parent)


wildcard_constraints:
    run="[^/]+",
    benchmark="[^/]+",
    source="[^/]+",
    model="[^/]+",
    recipe="[^/]+",
    group="[^/]+",
    part="[^/.]+",
    language="[^/.]+",
    number="[0-9]+",


def checkpoint(wildcards):
    """The folder of a run's model: the base model for the untrained run."""
    if PLAN.run(wildcards.run).trained:
        return paths.TRAINED.format(run=wildcards.run)
    return MODEL


def outside(files):
    """Inputs from outside: the digest that a rule tracks covers their content, not their time."""
    return [
        path if path.startswith(f"{paths.RAW}/") else ancient(local(path))
        for path in files
    ]


def made(rule, *names):
    """A param: the digest of everything that a rule's artifacts are made from, by wildcards."""
    return lambda wildcards: support.made(
        LINEAGE, rule, {name: getattr(wildcards, name) for name in names}
    )


def folders(name):
    """A param: the folders of an input's files, each once and in the order of the files."""
    return lambda wildcards, input: list(
        dict.fromkeys(str(Path(path).parent) for path in getattr(input, name))
    )


def overlap_of_trained(wildcards):
    """The check for shared items, which a trained run must pass before it is evaluated."""
    if PLAN.run(wildcards.run).trained:
        return support.overlap_path(PLAN, wildcards.benchmark)
    return []


def of_shards(pattern, wildcards):
    """`pattern` for the shards of a passage language, once they are known."""
    listed = checkpoints.shards.get(benchmark=wildcards.benchmark).output[0]
    files = support.of_shards(pattern, listed, wildcards)
    queries = paths.QUERY_VECTORS.format(
        run=wildcards.run, benchmark=wildcards.benchmark
    )
    support.force_unfinished(workflow, [*files, queries])
    return files


def rankings_of_languages(wildcards):
    """The rankings of a sharded benchmark: every judged language, and the pool if it has one."""
    listed = checkpoints.shards.get(benchmark=wildcards.benchmark).output[0]
    files = support.rankings(PLAN, listed, wildcards)
    support.force_unfinished(workflow, files)
    return files


def relevant_files(wildcards):
    """The files of a benchmark that the check for shared items reads."""
    tables = [paths.QUERIES, paths.PASSAGES, paths.QRELS]
    if wildcards.benchmark in PLAN.corpora.names:
        # Once the shards are listed, they are whole and hold the judged passages.
        tables = [paths.QUERIES, paths.QRELS, paths.SHARDS]
    return [table.format(benchmark=wildcards.benchmark) for table in tables]


def of_runs(*patterns):
    """An input: the patterns for every run that is evaluated on a benchmark."""
    return lambda wildcards: [
        path
        for pattern in patterns
        for path in support.of_runs(PLAN, wildcards.benchmark, pattern)
    ]


def bias_of_runs(wildcards):
    """The bias of each run; a sharded benchmark has no full ranks to measure it by."""
    if wildcards.benchmark in PLAN.corpora.names:
        return []
    return support.of_runs(PLAN, wildcards.benchmark, paths.BIAS)
