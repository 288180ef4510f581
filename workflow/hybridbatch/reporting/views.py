"""Reads what the report shows of single queries and of the embedding space."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hybridbatch.common.tables import read_table
from hybridbatch.schemas.examples import EXAMPLES
from hybridbatch.schemas.projection import PROJECTION, PROJECTION_SUMMARY


@dataclass(frozen=True)
class Hit:
    """A passage in a ranking of the pool."""

    rank: int
    passage_id: str
    language: str
    relevance: int
    score: float
    title: str
    text: str


@dataclass(frozen=True)
class Ranked:
    """The first ranks of one query under one run."""

    run: str
    average_precision: float
    relevant_ranks: tuple[int, ...]
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class ExampleQuery:
    """A query, why it was chosen, and what each run ranks first.

    `change` is its average precision under the run `candidate` minus that under `baseline`.
    """

    number: int
    rule: str
    query_id: str
    language: str
    text: str
    candidate: str | None
    baseline: str | None
    change: float | None
    runs: tuple[Ranked, ...]


@dataclass(frozen=True)
class Point:
    """A query or passage on a run's plane."""

    kind: str
    language: str
    x: float
    y: float


@dataclass(frozen=True)
class Spread:
    """How far the vectors of one kind, under one run, are ordered by language."""

    vectors: int
    languages: int
    x_share: float
    y_share: float
    language_share: float
    item_share: float
    accuracy: float
    chance: float


@dataclass(frozen=True)
class RunProjection:
    """The plane of one run, and its measures by kind."""

    points: tuple[Point, ...]
    spreads: Mapping[str, Spread]


# By run id, in the order of the file.
Projection = Mapping[str, RunProjection]


def read_examples(path: Path) -> tuple[ExampleQuery, ...]:
    """The example queries of one benchmark, in order."""
    rows = read_table(path, EXAMPLES).to_pylist()
    found = []
    for _, group in itertools.groupby(rows, key=lambda row: row["number"]):
        lists = [list(part) for _, part in itertools.groupby(group, key=lambda row: row["run"])]
        first = lists[0][0]
        found.append(
            ExampleQuery(
                **{
                    name: first[name]
                    for name in ("number", "rule", "query_id", "candidate", "baseline", "change")
                },
                language=first["query_language"],
                text=first["query"],
                runs=tuple(map(_ranked, lists)),
            )
        )
    return tuple(found)


def read_projection(folder: Path) -> Projection:
    """The projections of one benchmark, by run."""
    points: dict[str, list[Point]] = {}
    spreads: dict[str, dict[str, Spread]] = {}
    columns = ("run", "kind", "language", "x", "y")
    for row in read_table(folder / "points.parquet", PROJECTION, columns=columns).to_pylist():
        points.setdefault(row.pop("run"), []).append(Point(**row))
    for row in read_table(folder / "summary.parquet", PROJECTION_SUMMARY).to_pylist():
        run, kind = row.pop("run"), row.pop("kind")
        spreads.setdefault(run, {})[kind] = Spread(**row)
    return {run: RunProjection(tuple(points[run]), kinds) for run, kinds in spreads.items()}


def _ranked(rows: list[dict]) -> Ranked:  # type: ignore[type-arg]  # rows of a Parquet file
    return Ranked(
        run=rows[0]["run"],
        average_precision=rows[0]["average_precision"],
        relevant_ranks=tuple(rows[0]["relevant_ranks"]),
        hits=tuple(
            Hit(
                **{
                    name: row[name]
                    for name in ("rank", "passage_id", "relevance", "score", "title")
                },
                language=row["passage_language"],
                text=row["passage"],
            )
            for row in rows
        ),
    )
