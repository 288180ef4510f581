"""What the Snakefile needs beside the plan: threads, the shell's prefix, what params track."""

import hashlib
import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa

from hybridbatch.codehash import code_hash
from hybridbatch.common.artifacts import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table
from hybridbatch.common.threads import processors
from hybridbatch.config import check_config
from hybridbatch.plan import Plan
from hybridbatch.preflight import check_files, check_writable
from hybridbatch.schemas import QRELS, SHARDS, Schema

# What is computed over all runs of a configuration, for each benchmark; of a sharded one, whose
# metrics are cut, the first alone.
_OF_CUT_RUNS = (
    "statistics/{group}/{benchmark}/estimates",
    "statistics/{group}/{benchmark}/comparisons",
    "statistics/{group}/{benchmark}/noninferiority",
)
_OF_ALL_RUNS = (
    *_OF_CUT_RUNS,
    "examples/{group}/{benchmark}",
    "projection/{group}/{benchmark}/points",
    "projection/{group}/{benchmark}/summary",
)


def plan(config: Mapping[str, Any]) -> Plan:
    """The plan of Snakemake's config; bad input ends Snakemake with its one line."""
    try:
        found = Plan(check_config(config), mirror=_mirror(config))
        check_files(found, mirror=_mirror(config), raw="results/raw")
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")
    return found


def require_writable(*folders: str) -> None:
    """End Snakemake with one line, before its first job, where results cannot be written."""
    try:
        check_writable(*folders)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")


def code(stage: str) -> str:
    """Hash of the code of a stage: its module and the project modules that it imports."""
    return code_hash(f"hybridbatch.{stage}")


def resources(*patterns: str) -> str:
    """Hash of files that a stage reads from the package's surroundings: templates and tables.

    They are no inputs of the rule, since their absolute paths would re-run it in another checkout.
    """
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        digest.update(f"{path.relative_to(root)} {sha256_file(path)}\n".encode())
    return digest.hexdigest()[:16]


def versions(*packages: str) -> str:
    """The installed versions of the packages on which a stage's results depend."""
    return " ".join(f"{name}=={_version(name)}" for name in packages)


def heavy_threads(plan: Plan, *, cores: int | None) -> int:
    """The threads that a rule declares which computes with all of the configured threads.

    Where `--cores` promises more than the machine has, a job takes its share of the promise, so
    that `--cores 8` on two processors does not run four two-thread jobs at once. On a cluster
    (`cores` None) a job asks for the threads that the config says, or the submitting machine has.
    """
    threads = int(plan.config["threads"] or _granted())
    present = processors()
    if cores is None or cores <= present:
        return threads
    return min(cores, -(-threads * cores // present))


def gpus(plan: Plan, stage: str) -> int:
    """The GPUs that a job asks of a cluster: training one for each process, others one."""
    if plan.config["device"] != "cuda":
        return 0
    return _processes(plan, stage)


def memory(plan: Plan, stage: str) -> int:
    """The megabytes that a job of a stage asks of a cluster.

    Each process of a training holds the model, its gradients and the optimizer's state.
    """
    return int(plan.config["memory"][stage]) * _processes(plan, stage)


def _processes(plan: Plan, stage: str) -> int:
    return int(plan.config["training"]["processes"]) if stage == "train" else 1


def report_inputs(plan: Plan) -> list[str]:
    """Every file that the report of this plan reads."""
    return [
        *(f"results/runs/{run.id}.parquet" for run in plan.runs),
        *(f"results/training/{run.id}/train_log.parquet" for run in plan.trained_runs),
        *(
            f"results/metrics/{run}/{benchmark}/summary.parquet"
            for run, benchmark in plan.evaluations()
        ),
        *(
            f"results/benchmarks/{benchmark}/{table}.parquet"
            for benchmark in plan.in_memory
            for table in ("queries", "passages", "qrels")
        ),
        *(
            f"results/benchmarks/{benchmark}/{table}.parquet"
            for benchmark in plan.corpora.names
            for table in ("queries", "qrels", "shards")
        ),
        *(f"results/pairs/{source}.parquet" for source in plan.sources),
        *(overlap_path(plan, benchmark) for benchmark in plan.overlaps()),
        *(
            f"results/bias/{run}/{benchmark}"
            for run, benchmark in plan.evaluations()
            if benchmark in plan.in_memory
        ),
        *(
            f"results/{table}.parquet".format(group=plan.group, benchmark=benchmark)
            for benchmark in plan.benchmarks
            for table in (_OF_ALL_RUNS if benchmark in plan.in_memory else _OF_CUT_RUNS)
        ),
    ]


def of_runs(plan: Plan, benchmark: str, pattern: str) -> list[str]:
    """`pattern` for every run that is evaluated on a benchmark, in the report's order."""
    return [pattern.format(run=run.id, benchmark=benchmark) for run in plan.runs_on(benchmark)]


def overlap_path(plan: Plan, benchmark: str) -> str:
    """Where the check for shared items of this recipe and a benchmark lies."""
    return f"results/overlap/{plan.config['recipe']}/{benchmark}.parquet"


def part_file(plan: Plan, benchmark: str, part: str) -> str:
    """Where a file of a corpus lies: among the downloads, or where the config says."""
    found = plan.corpora.part(benchmark, part)
    return found.path if found.sha256 is None else f"results/raw/{found.path}"


def part_folders(plan: Plan, benchmark: str) -> list[str]:
    """The folders of shards of all parts of a corpus; without checksums ends with one line."""
    try:
        parts = plan.corpora.parts(benchmark)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")
    return [f"results/benchmarks/{benchmark}/passages/{part.name}" for part in parts]


def shard_name(wildcards: Any) -> str:
    """The name of a shard."""
    return f"{wildcards.part}.{wildcards.language}.{wildcards.number}"


def of_shards(pattern: str, listed: str, wildcards: Any) -> list[str]:
    """`pattern` for every shard of a language in a list of shards."""
    return [
        pattern.format(run=wildcards.run, benchmark=wildcards.benchmark, shard=row["shard"])
        for row in _shards(listed)
        if row["language"] == wildcards.language
    ]


def rankings(plan: Plan, listed: str, wildcards: Any) -> list[str]:
    """The rankings of every language that has judgements, and of the pool where there is one."""
    folder = Path(listed).parent
    qrels = _table(folder / "qrels.parquet", QRELS, columns=("passage_id",))
    judged = {passage.split(":")[0] for passage in qrels["passage_id"].to_pylist()}
    names = sorted(judged | set(plan.corpora.pool(wildcards.benchmark)))
    if plan.corpora.pool(wildcards.benchmark):
        names.append("all")
    return [f"results/rankings/{wildcards.run}/{wildcards.benchmark}/{n}.parquet" for n in names]


def any_of(names: Iterable[str]) -> str:
    """A wildcard constraint that matches just these names (nothing where there are none)."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


# A process that the system kills, or that a library aborts when it gets no memory, says nothing.
_WORD_FOR_THE_KILLED = (
    "trap 'case $? in 134|137|139) echo \"hybridbatch: error: the stage was killed or crashed (exit"
    ' status $?), mostly for want of memory; give it more and run the same command again" >&2;;'
    " esac' EXIT"
)


def shell_prefix(config: Mapping[str, Any]) -> str:
    """Shell words before every command: this interpreter first on PATH, mirror, TensorBoard."""
    package = Path(__file__).resolve().parent.parent
    words = [
        f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH",
        f"export PYTHONPATH={shlex.quote(str(package))}${{PYTHONPATH:+:$PYTHONPATH}}",
    ]
    if mirror := _mirror(config):
        words.append(f"export HYBRIDBATCH_MIRROR={shlex.quote(str(mirror))}")
    if config.get("training", {}).get("tensorboard"):
        words.append("export HYBRIDBATCH_TENSORBOARD=results/tensorboard")
    words.append(_WORD_FOR_THE_KILLED)
    # Snakemake formats the prefix together with the command.
    return ("; ".join(words) + "; ").replace("{", "{{").replace("}", "}}")


def _mirror(config: Mapping[str, Any]) -> str | None:
    return os.environ.get("HYBRIDBATCH_MIRROR") or config.get("mirror")


def _granted() -> int:
    """The processors that a Slurm job was given, of a node that may have more; else those present.

    Snakemake reads the rules again inside of the job, and asks Slurm for a step as large as it then
    finds the rule's threads to be.
    """
    return int(os.environ.get("SLURM_CPUS_PER_TASK") or processors())


def _shards(listed: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _table(Path(listed), SHARDS).to_pylist()
    return rows


def _table(path: Path, schema: Schema, *, columns: Sequence[str] | None = None) -> pa.Table:
    """What a file holds; a damaged one ends Snakemake with one line."""
    try:
        return read_table(path, schema, columns=columns)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
