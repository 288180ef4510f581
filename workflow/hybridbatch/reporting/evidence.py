"""Reads the tables of the stages `statistics` and `bias`, if they exist.

A results folder without them also gives a report, which then lacks what they would show.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import pyarrow.compute as pc

from hybridbatch.common.tables import read_table
from hybridbatch.reporting.claims_evidence import Parallel, Row, Thresholds
from hybridbatch.schemas.bias import (
    AGREEMENT,
    EXPOSURE,
    FAIRNESS,
    PREFERENCE,
    RANK_DISTANCE,
    RANK_DISTANCE_HISTOGRAM,
)
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.schema import Schema
from hybridbatch.schemas.statistics import COMPARISONS, ESTIMATES, NONINFERIORITY

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class StatisticsOptions:
    """The report's options for statistics and claims.

    Attributes:
        group: the folder of the statistics, `{model}.{recipe}`.
        confidence: of the intervals; corrected p-values up to 1 - confidence are significant.
        margin: the non-inferiority margin, in the metric's unit.
        high_resource: the high-resource languages.
        source_exponent: training drew sources in proportion to their size to this power.
        persistence: of rank-biased overlap.
        thresholds: for the verdicts on the claims.
    """

    group: str
    confidence: float
    margin: float
    high_resource: tuple[str, ...]
    source_exponent: float
    persistence: float
    thresholds: Thresholds

    @property
    def level(self) -> float:
        """Corrected p-values up to it are significant."""
        return 1 - self.confidence + 1e-12  # 1 - .9 is .0999... in binary


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval; `sd` is over the seeds, if there are several."""

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    seeds: int


@dataclass(frozen=True)
class Difference:
    """A paired difference of two systems with its interval and p-values."""

    difference: float
    sd: float | None
    low: float | None
    high: float | None
    p: float
    p_holm: float
    seeds: int

    def reversed(self) -> "Difference":
        """The same with the systems exchanged."""
        low, high = (None if bound is None else -bound for bound in (self.high, self.low))
        return Difference(-self.difference, self.sd, low, high, self.p, self.p_holm, self.seeds)


@dataclass(frozen=True)
class GroupTest:
    """A row of the table `noninferiority`: hybrid (a) against another system (b)."""

    system_a: str
    system_b: str
    setting: str
    metric: str
    grouping: str
    group: str
    mean_a: float
    mean_b: float
    difference: float
    low: float | None
    high: float | None
    p_holm: float
    margin: float
    verdict: str
    seeds: int


# (system, setting, query language, passage language, metric); differences begin with two systems.
EstimateKey = tuple[str, str, str, str, str]
DifferenceKey = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Statistics:
    """The tables of one benchmark; `systems` are the ids in them.

    `rows` are the tables as they were read, by name, for the rules on claims.
    """

    systems: frozenset[str]
    estimates: Mapping[EstimateKey, Estimate]
    differences: Mapping[DifferenceKey, Difference]
    groups: tuple[GroupTest, ...]
    rows: Mapping[str, Sequence[Row]]

    def difference(
        self, first: str, second: str, setting: str, query: str, passage: str, metric: str
    ) -> Difference | None:
        """`first` minus `second`, whichever of them comes first in the table."""
        found = self.differences.get((first, second, setting, query, passage, metric))
        if found is not None:
            return found
        other = self.differences.get((second, first, setting, query, passage, metric))
        return None if other is None else other.reversed()


@dataclass(frozen=True)
class RankDistance:
    """The distribution of the rank distance over the queries of a language."""

    mean: float
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float


@dataclass(frozen=True)
class Exposure:
    """The share of a passage language in the first ranks, the relevant passages and the pool."""

    cutoff: int
    top_share: float
    relevant_share: float
    pool_share: float
    position: float | None


@dataclass(frozen=True)
class Fairness:
    """Friedman's test that languages are ranked without preference, and Kendall's W."""

    languages: int
    blocks: int
    statistic: float
    degrees: int
    p_holm: float
    concordance: float
    chance: float


@dataclass(frozen=True)
class Bias:
    """The bias of one run on one benchmark, by query language or (query, passage) language.

    `histogram` holds (lowest, highest, queries) of each bin; `agreement` is by two languages.
    """

    rank_distance: Mapping[str, RankDistance]
    histogram: Mapping[str, tuple[tuple[int, int, int], ...]]
    exposure: Mapping[tuple[str, str], Exposure]
    preference: Mapping[tuple[str, str], float]
    fairness: Mapping[str, Fairness]
    agreement: Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class Measured:
    """Everything that these stages wrote. Keys are benchmarks; (run, benchmark) for the bias."""

    options: StatisticsOptions | None = None
    statistics: Mapping[str, Statistics] = field(default_factory=dict)
    bias: Mapping[tuple[str, str], Bias] = field(default_factory=dict)
    parallel: Mapping[str, Parallel] = field(default_factory=dict)


NOTHING = Measured()


def read_evidence(
    results: Path,
    options: StatisticsOptions | None,
    *,
    evaluations: Collection[Sequence[str]],
) -> Measured:
    """Read what the stages `statistics` and `bias` wrote for the evaluated (run, benchmark).

    Without `options` nothing is read. A missing folder means that its stage did not run.

    Raises:
        HybridBatchError: a folder lacks a file, or a file breaks its schema.
    """
    if options is None:
        return NOTHING
    names = list(dict.fromkeys(benchmark for _, benchmark in evaluations))
    folders = {name: results / "statistics" / options.group / name for name in names}
    biases = {(run, name): results / "bias" / run / name for run, name in evaluations}
    return Measured(
        options=options,
        statistics={
            name: read_statistics(folder) for name, folder in folders.items() if folder.is_dir()
        },
        bias={key: read_bias(folder) for key, folder in biases.items() if folder.is_dir()},
        parallel={name: read_parallel(results / "benchmarks" / name) for name in names},
    )


def read_statistics(folder: Path) -> Statistics:
    """The three tables of one benchmark."""
    rows = {
        schema.name: _rows(folder, schema) for schema in (ESTIMATES, COMPARISONS, NONINFERIORITY)
    }
    place = ("setting", "query_language", "passage_language", "metric")
    return Statistics(
        systems=frozenset(row["system"] for row in rows["estimates"]),
        estimates=_by_key(rows["estimates"], ("system", *place), Estimate),
        differences=_by_key(rows["comparisons"], ("system_a", "system_b", *place), Difference),
        groups=tuple(_record(GroupTest, row) for row in rows["noninferiority"]),
        rows=rows,
    )


def read_bias(folder: Path) -> Bias:
    """The tables of one run on one benchmark."""
    languages = ("query_language", "passage_language")
    histogram: dict[str, list[tuple[int, int, int]]] = {}
    for row in _rows(folder, RANK_DISTANCE_HISTOGRAM):
        histogram.setdefault(row["query_language"], []).append(
            (row["low"], row["high"], row["queries"])
        )
    return Bias(
        rank_distance=_by_language(_rows(folder, RANK_DISTANCE), RankDistance),
        histogram={language: tuple(sorted(bins)) for language, bins in histogram.items()},
        exposure=_by_key(_rows(folder, EXPOSURE), languages, Exposure),
        preference={
            (row["query_language"], row["passage_language"]): row["preference"]
            for row in _rows(folder, PREFERENCE)
        },
        fairness=_by_language(_rows(folder, FAIRNESS), Fairness),
        agreement={
            (row["language_a"], row["language_b"]): row["overlap"]
            for row in _rows(folder, AGREEMENT)
        },
    )


def read_parallel(folder: Path) -> Parallel:
    """How parallel a benchmark is: its languages, its items by the number of their languages."""
    table = read_table(folder / "queries.parquet", QUERIES, columns=["item_id", "language"])
    languages = pc.count_distinct(table["language"]).as_py()
    versions = table.group_by("item_id").aggregate([("language", "count_distinct")])
    asked = versions["language_count_distinct"].to_pylist()
    return Parallel(languages, Counter(asked))


def _rows(folder: Path, schema: Schema) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(folder / f"{schema.name}.parquet", schema).to_pylist()
    return rows


def _record(kind: type[T], row: Row) -> T:
    return kind(**{each.name: row[each.name] for each in fields(kind)})  # type: ignore[arg-type]


def _by_key(rows: Sequence[Row], key: Sequence[str], kind: type[T]) -> dict[Any, T]:
    return {tuple(row[name] for name in key): _record(kind, row) for row in rows}


def _by_language(rows: Sequence[Row], kind: type[T]) -> dict[str, T]:
    return {row["query_language"]: _record(kind, row) for row in rows}
