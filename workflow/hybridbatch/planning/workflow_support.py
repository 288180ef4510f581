"""What the Snakefile needs beside the plan: threads, memory, the files of rules, tracked params.

Snakemake may run where only Snakemake is installed (`--sdm conda`), so this module imports only
what comes with Snakemake. Only the list of a sharded benchmark's shards needs pyarrow.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.threads import processors
from hybridbatch.common.vocabulary import POOL
from hybridbatch.data.mirrors import choose_mirror
from hybridbatch.planning import paths
from hybridbatch.planning.config import Configuration, examine_config, examine_values
from hybridbatch.planning.lineage import Lineage
from hybridbatch.planning.machine import lacks_gpu
from hybridbatch.planning.moved import moved_from
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.preflight import check_writable, file_problems
from hybridbatch.planning.problems import raise_all, shown

NO_GPU = (
    "config: device: cuda, and this machine has no GPU that torch can use; set it to auto or cpu"
)

if TYPE_CHECKING:
    import pyarrow as pa

    from hybridbatch.schemas.schema import Schema


def plan(
    config: Mapping[str, Any], *, files: Sequence[str | Path] = (), arguments: Sequence[str] = ()
) -> Plan:
    """The plan of a configuration; bad input ends Snakemake with one line.

    Args:
        config: the config as Snakemake read it, used if there are neither files nor arguments.
        files: the files to read again, so that errors name file and line, a repeated key is
            noticed, and the schema decides what is a number.
        arguments: the `key=value` entries of `--config`.
    """
    try:
        if files or arguments:
            found = examine_config([Path(file) for file in files], arguments)
        else:
            found = examine_values(config)
        checked, found = examined_plan(found)
        raise_all(found.problems)
        for note in notes_on(found, checked):
            print(f"hybridbatch: note: {note}", file=sys.stderr)
        if moved := moved_from(checked, found.values, results=Path(paths.RESULTS)):
            print(f"hybridbatch: note: {moved}", file=sys.stderr)
    except HybridBatchError as error:
        sys.exit(shown(error))
    return checked


def examined_plan(found: Configuration) -> tuple[Plan, Configuration]:
    """The plan of a configuration, and the configuration with every problem that is known now.

    The plan must not be run if there are problems: it has other values in place of wrong ones.
    """
    source = mirror(found.values)
    # Runs are named after their model and sampling; wrong ones have no name.
    instead: dict[str, Any] = {"model": "embedded", "samplings": []}
    wrong = {key: value for key, value in instead.items() if key in found.broken}
    checked = Plan({**found.values, **wrong}, mirror=source)
    problems = [
        *file_problems(checked, mirror=source, raw=paths.RAW, broken=found.broken),
        *_reader_problems(checked),
    ]
    return checked, found.with_problems(problems)


def require_writable(*folders: str) -> None:
    """End Snakemake with one line, before its first job, if results cannot be written."""
    try:
        check_writable(*folders)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")


def require_device(plan: Plan, *, local: bool) -> None:
    """End Snakemake with one line, before its first job, if the jobs run here and need a GPU.

    On a cluster the machine that submits the jobs need not have one.
    """
    if local and plan.config["device"] == "cuda" and lacks_gpu():
        sys.exit(f"hybridbatch: error: {NO_GPU}")


def config_sources(workflow: Any, *, default: str) -> dict[str, Any]:
    """The files and arguments of Snakemake's config; none if another workflow uses this one.

    A config named on the command line replaces the default one; the two are never mixed.
    """
    if workflow.modifier.skip_configfile:
        return {}
    settings = workflow.config_settings
    alone = settings.replace_workflow_config and settings.config
    files = settings.configfiles or ([] if alone else [default])
    return {"files": files, "arguments": settings.config_args or ()}


def environment(folder: Path) -> str:
    """The file of the conda environment of a checkout, as rules in `workflow/rules` name it.

    Snakemake makes the path absolute and then formats it, so braces in the checkout's own path must
    be doubled. Without braces the path stays relative, so that it is the same everywhere.
    """
    relative = "envs/hybridbatch.yaml"
    if not {"{", "}"} & set(str(folder)):
        return f"../../{relative}"
    return _escaped(f"{folder}/{relative}")


def allowed(plan: Plan) -> str:
    """The flag of the stage `overlap` that accepts shared items, if the config allows them."""
    return "--allow-contaminated" if plan.config["allow_contaminated"] else ""


def made(lineage: Lineage, rule: str, wildcards: Mapping[str, str]) -> str:
    """The digest of everything that a rule's artifacts are made from, which the rule tracks.

    Bad input ends Snakemake with one line.
    """
    try:
        return lineage.made(rule, **wildcards)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")


def heavy_threads(plan: Plan, *, cores: int | None) -> int:
    """The threads to declare for a rule that computes with all configured threads.

    If `--cores` is more than the machine has, the number grows in proportion, so that `--cores 8`
    on two processors does not run four two-thread jobs at once. On a cluster (`cores` None) a job
    requests the threads of the config, or of the submitting machine.
    """
    threads = int(plan.config["threads"])
    present = processors()
    if cores is None or cores <= present:
        return threads
    return min(cores, -(-threads * cores // present))


def gpus(plan: Plan, stage: str) -> int:
    """The GPUs that a job requests from a cluster: one for each process of a training, else one."""
    if plan.config["device"] != "cuda":
        return 0
    return _processes(plan, stage)


def memory(plan: Plan, stage: str) -> int:
    """The megabytes that a job of a stage requests from a cluster.

    Each process of a training holds the model, its gradients and the optimizer's state.
    """
    return int(plan.config["memory"][stage]) * _processes(plan, stage)


def _processes(plan: Plan, stage: str) -> int:
    return int(plan.config["training"]["processes"]) if stage == "train" else 1


def report_inputs(lineage: Lineage) -> list[str]:
    """Every file that the report reads."""
    try:
        return list(lineage.node("report").record.inputs)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")


def of_runs(plan: Plan, benchmark: str, pattern: str) -> list[str]:
    """`pattern` for every run that is evaluated on a benchmark, in the report's order."""
    return [pattern.format(run=run.id, benchmark=benchmark) for run in plan.runs_on(benchmark)]


def overlap_path(plan: Plan, benchmark: str) -> str:
    """The path of the check for items that this recipe and a benchmark share."""
    return paths.OVERLAP.format(recipe=plan.config["recipe"], benchmark=benchmark)


def part_folders(plan: Plan, benchmark: str) -> list[str]:
    """The folders of shards of all parts of a corpus; missing checksums end with one line."""
    try:
        parts = plan.corpora.parts(benchmark)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")
    return [paths.PART.format(benchmark=benchmark, part=part.name) for part in parts]


def of_shards(pattern: str, listed: str, wildcards: Any) -> list[str]:
    """`pattern` for every shard of a language in a list of shards."""
    where = {"run": wildcards.run, "benchmark": wildcards.benchmark}
    return [
        pattern.format(**paths.shard_wildcards(row["shard"]), **where)
        for row in _shards(listed)
        if row["language"] == wildcards.language
    ]


def force_unfinished(workflow: Any, files: Iterable[str]) -> None:
    """Run the jobs again that were interrupted while they wrote some of `files`.

    Snakemake does this before it knows the jobs behind a checkpoint. Without it, an output that was
    interrupted there counts as whole as soon as the config is again that of its last whole job.
    """
    if workflow.is_main_process and not workflow.execution_settings.ignore_incomplete:
        workflow.dag.forcefiles.update(workflow.persistence._filter_incomplete_keys(files))


def rankings_of_pool(plan: Plan, wildcards: Any) -> list[str]:
    """The rankings of the languages in the pool of a sharded benchmark."""
    run, benchmark = wildcards.run, wildcards.benchmark
    languages = plan.corpora.pool(benchmark)
    return [paths.RANKING.format(run=run, benchmark=benchmark, language=n) for n in languages]


def rankings(plan: Plan, listed: str, wildcards: Any) -> list[str]:
    """The rankings of every language that has judgements, and of the pool if there is one."""
    from hybridbatch.schemas.qrels import QRELS

    folder = Path(listed).parent
    qrels = _table(folder / "qrels.parquet", QRELS, columns=("passage_id",))
    judged = {passage.split(":")[0] for passage in qrels["passage_id"].to_pylist()}
    names = sorted(judged | set(plan.corpora.pool(wildcards.benchmark)))
    if plan.corpora.pool(wildcards.benchmark):
        names.append(POOL)
    run, benchmark = wildcards.run, wildcards.benchmark
    return [paths.RANKING.format(run=run, benchmark=benchmark, language=each) for each in names]


def any_of(names: Iterable[str]) -> str:
    """A wildcard constraint that matches only these names (nothing if there are none)."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def _escaped(text: str) -> str:
    """Double the braces of a text that Snakemake formats."""
    return text.replace("{", "{{").replace("}", "}}")


def mirror(config: Mapping[str, Any]) -> str | None:
    """Where raw files come from: HYBRIDBATCH_MIRROR, or the config's key; None for upstream."""
    return choose_mirror(config.get("mirror"), os.environ)


def notes_on(found: Configuration, plan: Plan) -> Iterator[str]:
    """What is not wrong and should be known before the run."""
    yield from found.notes
    if plan.config["device"] == "cuda" and lacks_gpu():
        yield found.place(f"{NO_GPU}, unless the jobs run on other machines")
    if not plan.trained_runs:
        yield found.place("config: samplings: the list is empty: nothing is trained, and only the "
                          "untrained model is evaluated")  # fmt: skip


def _reader_problems(plan: Plan) -> Iterator[str]:
    if plan.corpora.names and find_spec("pyarrow") is None:
        yield (
            f"config: benchmarks: {plan.corpora.names[0]}: Snakemake itself reads the list of "
            f"shards of a sharded benchmark; install pyarrow in Snakemake's environment"
        )


def _shards(listed: str) -> list[dict[str, Any]]:
    from hybridbatch.schemas.shards import SHARDS

    rows: list[dict[str, Any]] = _table(Path(listed), SHARDS).to_pylist()
    return rows


def _table(path: Path, schema: "Schema", *, columns: Sequence[str] | None = None) -> "pa.Table":
    """Read a table; a damaged file ends Snakemake with one line."""
    from hybridbatch.common.tables import read_table

    try:
        return read_table(path, schema, columns=columns)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")
