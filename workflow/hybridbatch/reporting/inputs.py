"""Reads what the report shows: the Parquet files of the earlier stages, and nothing else.

Everything is counted here; no section reads a file.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.run_records import read_run
from hybridbatch.common.runs import Run
from hybridbatch.common.tables import read_table
from hybridbatch.common.timings import Timing
from hybridbatch.reporting.views import (
    ExampleQuery,
    Projection,
    read_examples,
    read_projection,
)
from hybridbatch.schemas.overlap import OVERLAP
from hybridbatch.schemas.pairs import PAIRS
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.summary import SUMMARY
from hybridbatch.schemas.timings import TIMINGS
from hybridbatch.schemas.train_log import TRAIN_LOG

# (setting, query language, passage language, metric) -> mean value over the scored queries.
Summary = Mapping[tuple[str, str, str, str], float]


@dataclass(frozen=True)
class BenchmarkCounts:
    """Sizes of a benchmark per language; `relevant` counts the positive judgements."""

    queries: Mapping[str, int]
    passages: Mapping[str, int]
    items: int
    relevant: int


@dataclass(frozen=True)
class SourceCounts:
    """Sizes of a training source: pairs per (language, split), items, and groups."""

    pairs: Mapping[tuple[str, str], int]
    items: int
    question_groups: int
    passage_groups: int
    hard_negatives: int


@dataclass(frozen=True)
class Shared:
    """One item or text that training pairs and a benchmark have in common."""

    kind: str
    source: str
    item_id: str
    language: str
    text: str


@dataclass(frozen=True)
class TrainLog:
    """The log of one run. Lists run in parallel; `pairs` counts (query, passage) languages."""

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    batch_types: tuple[str, ...]
    # Validation kind -> ((step, loss), ...).
    validation: Mapping[str, tuple[tuple[int, float], ...]]
    pairs: Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Inputs:
    """All that the report shows. Keys are run ids, benchmark names and source names."""

    runs: tuple[Run, ...]
    summaries: Mapping[tuple[str, str], Summary]
    benchmarks: Mapping[str, BenchmarkCounts]
    sources: Mapping[str, SourceCounts]
    overlaps: Mapping[str, tuple[Shared, ...]]
    logs: Mapping[str, TrainLog]
    timings: tuple[Timing, ...]
    examples: Mapping[str, tuple[ExampleQuery, ...]]
    projections: Mapping[str, Projection]


def read_inputs(
    results: Path,
    *,
    recipe: str,
    runs: Sequence[str],
    evaluations: Sequence[tuple[str, str]],
    benchmarks: Sequence[str],
    sources: Sequence[str],
    views: Sequence[str] = (),
    corpora: Sequence[str] = (),
) -> Inputs:
    """Read the files of one configuration below the folder `results`.

    Args:
        recipe: its overlaps are read, for the benchmarks on which a trained run was evaluated.
        runs: run ids, in the order in which they are shown.
        evaluations: the (run, benchmark) whose metrics exist; others were not evaluated.
        benchmarks: names of benchmarks, in order.
        sources: names of training sources, in order.
        views: the benchmarks that have example queries and a projection.
        corpora: the sharded benchmarks; only their timings are read here.

    Raises:
        HybridBatchError: a file is missing or breaks its schema; an evaluation names an unknown
            run or benchmark.
    """
    for run, benchmark in evaluations:
        if run not in runs or benchmark not in benchmarks:
            raise HybridBatchError(
                f"evaluations: ({run}, {benchmark}) is not among the runs and benchmarks; "
                "list it there too"
            )
    records = tuple(read_run(results / "runs" / f"{run}.parquet") for run in runs)
    trained = [record.id for record in records if record.trained]
    # Examples and projections belong to a model and a recipe, not to single runs.
    family = f"{records[0].model}.{recipe}" if records else recipe
    return Inputs(
        runs=records,
        summaries={
            (run, benchmark): read_summary(
                results / "metrics" / run / benchmark / "summary.parquet"
            )
            for run, benchmark in evaluations
        },
        benchmarks={name: count_benchmark(results / "benchmarks" / name) for name in benchmarks},
        sources={name: count_source(results / "pairs" / f"{name}.parquet") for name in sources},
        overlaps={
            name: read_overlap(results / "overlap" / recipe / f"{name}.parquet")
            for name in benchmarks
            if any((run, name) in evaluations for run in trained)
        },
        logs={
            run: read_train_log(results / "training" / run / "train_log.parquet") for run in trained
        },
        timings=read_timings(
            results / "timings",
            names={
                *runs,
                *benchmarks,
                *corpora,
                *sources,
                recipe,
                family,
                *(record.model for record in records),
            },
            corpora=corpora,
        ),
        examples={
            name: read_examples(results / "examples" / family / f"{name}.parquet") for name in views
        },
        projections={
            name: read_projection(results / "projection" / family / name) for name in views
        },
    )


def read_summary(path: Path) -> Summary:
    """The mean values of one run on one benchmark; settings without queries are left out."""
    table = read_table(path, SUMMARY)
    keys = zip(
        *(
            table[name].to_pylist()
            for name in ("setting", "query_language", "passage_language", "metric")
        ),
        strict=True,
    )
    values = zip(table["value"].to_pylist(), table["queries"].to_pylist(), strict=True)
    return {key: value for key, (value, queries) in zip(keys, values, strict=True) if queries}


def count_benchmark(folder: Path) -> BenchmarkCounts:
    """Count a benchmark's queries, passages and judgements."""
    queries = read_table(folder / "queries.parquet", QUERIES, columns=["item_id", "language"])
    passages = read_table(folder / "passages.parquet", PASSAGES, columns=["language"])
    qrels = read_table(folder / "qrels.parquet", QRELS, columns=["relevance"])
    return BenchmarkCounts(
        queries=_counts(queries["language"]),
        passages=_counts(passages["language"]),
        items=pc.count_distinct(queries["item_id"]).as_py(),
        relevant=pc.sum(pc.greater(qrels["relevance"], 0)).as_py() or 0,
    )


def count_source(path: Path) -> SourceCounts:
    """Count a source's pairs by language and split, and their groups."""
    columns = ["item_id", "question_group", "passage_group", "language", "split", "hard_negatives"]
    table = read_table(path, PAIRS, columns=columns)
    groups = table.group_by(["language", "split"]).aggregate([([], "count_all")])
    return SourceCounts(
        pairs={
            (row["language"], row["split"]): row["count_all"]
            for row in sorted(groups.to_pylist(), key=lambda row: (row["language"], row["split"]))
        },
        items=pc.count_distinct(table["item_id"]).as_py(),
        question_groups=pc.count_distinct(table["question_group"]).as_py(),
        passage_groups=pc.count_distinct(table["passage_group"]).as_py(),
        hard_negatives=pc.sum(pc.list_value_length(table["hard_negatives"])).as_py() or 0,
    )


def read_overlap(path: Path) -> tuple[Shared, ...]:
    """What a recipe's training pairs share with a benchmark, in the order of the file."""
    return tuple(Shared(**row) for row in read_table(path, OVERLAP).to_pylist())


def read_train_log(path: Path) -> TrainLog:
    """The losses and batch types of a run, and the numbers of pairs that it drew by language."""
    table = read_table(path, TRAIN_LOG)
    train = table.filter(pc.equal(table["event"], "train")).sort_by("step")
    validation = table.filter(pc.equal(table["event"], "validation")).sort_by("step")
    curves: dict[str, list[tuple[int, float]]] = {}
    for row in validation.select(["batch_type", "step", "loss"]).to_pylist():
        curves.setdefault(row["batch_type"], []).append((row["step"], row["loss"]))
    return TrainLog(
        steps=tuple(train["step"].to_pylist()),
        losses=tuple(train["loss"].to_pylist()),
        batch_types=tuple(train["batch_type"].to_pylist()),
        validation={kind: tuple(points) for kind, points in curves.items()},
        pairs=_pair_languages(train),
    )


def read_timings(
    folder: Path, *, names: Collection[str], corpora: Collection[str] = ()
) -> tuple[Timing, ...]:
    """The timings below `folder` of jobs with these names; empty if the folder is missing.

    Several configurations may share a results folder. The name of a job is the run, benchmark,
    source, model or recipe that it works on, or several of them joined by `/`; it counts if all are
    among `names`. Downloads always count. The report never counts: its time is not known yet. The
    jobs of a stage over the shards of one of `corpora` are one entry: summed times, largest memory.
    """
    found: list[Timing] = []
    sharded: dict[tuple[str, str], list[Timing]] = {}
    for path in sorted(folder.rglob("*.parquet")):
        for row in read_table(path, TIMINGS).to_pylist():
            parts = row["job"].split("/")
            ours = row["stage"] == "download" or set(parts) <= set(names)
            if ours and row["stage"] != "report":
                found.append(Timing(**row))
            elif len(parts) > 1 and parts[-2] in corpora and set(parts[:-1]) <= set(names):
                key = row["stage"], "/".join(parts[:-1])
                sharded.setdefault(key, []).append(Timing(**row))
    return (*found, *(_summed(job, jobs) for (_, job), jobs in sharded.items()))


def _summed(job: str, jobs: Sequence[Timing]) -> Timing:
    return Timing(
        stage=jobs[0].stage,
        job=f"{job} ({len(jobs):,} jobs)",
        wall_seconds=sum(each.wall_seconds for each in jobs),
        cpu_seconds=sum(each.cpu_seconds for each in jobs),
        peak_memory_mb=max(each.peak_memory_mb for each in jobs),
        threads=max(each.threads for each in jobs),
    )


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    pairs = ((row["values"], row["counts"]) for row in pc.value_counts(column).to_pylist())
    return dict(sorted(pairs))


def _pair_languages(train: pa.Table) -> dict[tuple[str, str], int]:
    columns: dict[str, Any] = {
        name: pc.list_flatten(train[f"{name}_languages"]) for name in ("query", "passage")
    }
    pairs = pa.table(columns).group_by(["query", "passage"]).aggregate([([], "count_all")])
    rows = sorted(pairs.to_pylist(), key=lambda row: (row["query"], row["passage"]))
    return {(row["query"], row["passage"]): row["count_all"] for row in rows}
