"""Reads what the report shows of sharded benchmarks, whose metrics are cut at rank k."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hybridbatch.common.tables import read_table
from hybridbatch.reporting.inputs import Summary, read_summary
from hybridbatch.schemas.index_quality import INDEX_QUALITY
from hybridbatch.schemas.overlap import OVERLAP
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.shards import SHARDS


@dataclass(frozen=True)
class IndexQuality:
    """A row of the schema INDEX_QUALITY."""

    language: str
    factory: str
    k: int
    vectors: int
    bytes: int
    queries: int
    recall: float


@dataclass(frozen=True)
class Corpus:
    """A sharded benchmark: its sizes by language, and the figures of each run.

    shared_items: the number of items whose id is also a training item's. exact_matches: the number
    of items and texts that the training pairs share with it.
    """

    queries: Mapping[str, int]
    passages: Mapping[str, int]
    shards: int
    shared_items: int
    exact_matches: int
    summaries: Mapping[str, Summary]
    qualities: Mapping[str, tuple[IndexQuality, ...]]


def read_corpora(
    results: Path,
    *,
    recipe: str,
    corpora: Sequence[str],
    evaluations: Sequence[tuple[str, ...]],
) -> dict[str, Corpus]:
    """The sharded benchmarks of a configuration, by name, from the folder `results`.

    Raises:
        HybridBatchError: a file is missing or breaks its schema.
    """
    return {
        name: _read(results, name, recipe=recipe, runs=[r for r, b in evaluations if b == name])
        for name in corpora
    }


def read_qualities(
    results: Path, evaluations: Sequence[tuple[str, ...]]
) -> dict[tuple[str, str], tuple[IndexQuality, ...]]:
    """How exact the indexes of each (run, benchmark) are, if that was measured."""
    found = {}
    for run, benchmark in evaluations:
        path = results / "index_quality" / run / f"{benchmark}.parquet"
        if path.is_file():
            found[run, benchmark] = _qualities(path)
    return found


def _read(results: Path, name: str, *, recipe: str, runs: Sequence[str]) -> Corpus:
    folder = results / "benchmarks" / name
    queries = read_table(folder / "queries.parquet", QUERIES, columns=["language"])
    shards = read_table(folder / "shards.parquet", SHARDS).to_pylist()
    languages = queries["language"].to_pylist()
    overlap = results / "overlap" / recipe / f"{name}.parquet"
    shared = read_table(overlap, OVERLAP).to_pylist() if overlap.is_file() else []
    return Corpus(
        queries={code: languages.count(code) for code in sorted(set(languages))},
        passages={
            code: sum(row["passages"] for row in shards if row["language"] == code)
            for code in sorted({row["language"] for row in shards})
        },
        shards=len(shards),
        shared_items=len({row["item_id"] for row in shared if row["kind"] == "item"}),
        exact_matches=len(shared),
        summaries={
            run: read_summary(results / "metrics" / run / name / "summary.parquet") for run in runs
        },
        qualities={run: _qualities(results / "index_quality" / run / name) for run in runs},
    )


def _qualities(path: Path) -> tuple[IndexQuality, ...]:
    rows = read_table(path, INDEX_QUALITY).sort_by("language").to_pylist()
    return tuple(IndexQuality(**row) for row in rows)
