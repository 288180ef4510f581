"""The measures of the configuration, from the ranks of the relevant passages.

A query's metrics depend only on these ranks, so a ranking of any length is scored from a few
numbers. Metrics that trec_eval also has equal its values for the full ranking (see `measures`). The
rankings of a sharded benchmark have only the first k passages; metrics that need more are left out.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hybridbatch.common.options import options_from_json
from hybridbatch.common.registry import Extension, load_all
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.common.vocabulary import (
    CROSS_LINGUAL,
    MACRO,
    MACRO_PUBLISHED,
    MONOLINGUAL,
    MULTILINGUAL,
    POOL,
)
from hybridbatch.evaluation.measures import Judged, Measure, named
from hybridbatch.retrieval.columns import Ints
from hybridbatch.retrieval.judgements import Benchmark, read_benchmark, read_judged
from hybridbatch.retrieval.ranking import Ranks
from hybridbatch.retrieval.recorded import RelevantRanks, Values, read_cut_ranks, read_ranks
from hybridbatch.schemas.per_query import PER_QUERY
from hybridbatch.schemas.summary import SUMMARY

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What is measured.

    Attributes:
        measures: their names (see `measures.named`).
        threads: to compute with; None for all processors.
        cut: the length of a sharded benchmark's rankings; null for full ones.
        pool_languages: the languages of a sharded benchmark's pool; empty without a pool.
        average_languages: the languages of a second macro average.
        extensions: the files that add measures.
    """

    measures: tuple[str, ...]
    threads: int | None
    cut: int | None = None
    pool_languages: tuple[str, ...] = ()
    average_languages: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """The two metric tables, of the schemas PER_QUERY and SUMMARY."""

    per_query: pa.Table
    summary: pa.Table


@dataclass(frozen=True)
class _Scored:
    """Values (g, metrics), NaN where undefined, of g pairs of a query and a passage setting.

    `settings` numbers the passage languages in ascending order; the pool comes last.
    """

    queries: Ints
    settings: Ints
    values: Values
    metrics: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage's paths."""
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument(
        "--rankings",
        type=Path,
        nargs="+",
        required=True,
        help="folder of the rankings, or its files",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the two tables")


def run(args: argparse.Namespace) -> None:
    """Score the rankings of one run on one benchmark."""
    options = options_from_json(Options, args.options)
    set_threads(options.threads)
    first = args.rankings[0]
    rankings = first if first.is_dir() else first.parent
    load_all(options.extensions)
    if options.cut is None:
        benchmark = read_benchmark(args.benchmark)
        ranks = read_ranks(rankings, benchmark)
    else:
        benchmark = read_judged(args.benchmark)
        ranks = read_cut_ranks(
            rankings, benchmark, cut=options.cut, pool_languages=options.pool_languages
        )
    evaluation = evaluate(
        benchmark,
        ranks,
        measures=named(options.measures),
        average_languages=options.average_languages,
    )
    write_table(evaluation.per_query, args.output / "per_query.parquet", PER_QUERY)
    write_table(evaluation.summary, args.output / "summary.parquet", SUMMARY)
    for row in evaluation.summary.to_pylist():
        if row["query_language"] == MACRO:
            logger.info("%s %s %.4f", row["setting"], row["metric"], row["value"])


def query_metrics(
    groups: Ints, ranks: Values, gains: Ints, *, measures: Sequence[Measure]
) -> tuple[Ints, Values]:
    """The measures of each group, a group being one query in one setting.

    Args:
        groups: (n,) the group of each relevant passage.
        ranks: (n,) its rank, from 1; inf if it is not ranked.
        gains: (n,) its relevance, at least 1.
        measures: m of them.

    Returns:
        The groups, ascending (g,), and their values (g, m).
    """
    order = np.lexsort((ranks, groups))
    sorted_groups = groups[order]
    found, starts, sizes = np.unique(sorted_groups, return_index=True, return_counts=True)
    if not found.size:
        return found, np.zeros((0, len(measures)))
    judged = Judged(
        ranks=ranks[order],
        gains=gains[order],
        best_gains=gains[np.lexsort((-gains, groups))],
        positions=1 + np.arange(len(ranks)) - np.repeat(starts, sizes),
        starts=starts,
        sizes=sizes,
    )
    return found, np.stack([measure.values(judged) for measure in measures], axis=1)


def evaluate(
    benchmark: Benchmark,
    ranks: Ranks | RelevantRanks,
    *,
    measures: Sequence[Measure],
    average_languages: Sequence[str] = (),
) -> Evaluation:
    """Both metric tables of one run, for every pair of languages and every pool.

    A query counts in a setting only if it has a relevant passage there. `ranks` are from
    `count_ranks`, `read_ranks` or `read_cut_ranks`.
    """
    scored = _score(benchmark, ranks, measures)
    names = sorted(benchmark.pool.languages)
    return Evaluation(
        per_query=_per_query_table(benchmark, scored, [*names, POOL]),
        summary=_summary_table(benchmark, scored, [*names, POOL], average_languages),
    )


def _score(
    benchmark: Benchmark, ranks: Ranks | RelevantRanks, measures: Sequence[Measure]
) -> _Scored:
    relevant, count = benchmark.relevant, len(benchmark.pool.languages)
    # Columns hold the languages in the order of their ids, which puts `zh:` after `zh-Hans:`.
    names = sorted(benchmark.pool.languages)
    places = np.array([names.index(name) for name in benchmark.pool.languages], dtype=np.int64)
    ascending = places[benchmark.pool.language_codes(relevant.columns)]
    cut, pooled = (ranks.cut, ranks.pooled) if isinstance(ranks, RelevantRanks) else (None, None)
    left_out = [i for i, measure in enumerate(measures) if not measure.within(cut)]
    pool_only = [i for i, measure in enumerate(measures) if measure.family.pool_only]
    parts = []
    for setting, rank, part in (
        (ascending, ranks.in_language, slice(None)),
        (count, ranks.in_pool, slice(None) if pooled is None else pooled),
    ):
        groups, values = query_metrics(
            (relevant.queries * (count + 1) + setting)[part],
            np.asarray(rank, dtype=np.float64)[part],
            relevant.gains[part],
            measures=measures,
        )
        values[:, left_out] = np.nan
        if setting is ascending:
            values[:, pool_only] = np.nan
        parts.append((groups, values))
    groups = np.concatenate([groups for groups, _ in parts])
    order = np.argsort(groups)
    queries, settings = np.divmod(groups[order], count + 1)
    values = np.concatenate([values for _, values in parts])[order]
    return _Scored(queries, settings, values, tuple(measure.name for measure in measures))


def _per_query_table(benchmark: Benchmark, scored: _Scored, settings: list[str]) -> pa.Table:
    row, metric = np.nonzero(~np.isnan(scored.values))
    query = pa.array(scored.queries[row])
    columns = [
        benchmark.query_ids.take(query),
        benchmark.query_languages.take(query),
        pa.array(settings).take(pa.array(scored.settings[row])),
        pa.array(scored.metrics).take(pa.array(metric)),
        pa.array(scored.values[row, metric]),
    ]
    return pa.Table.from_arrays(columns, schema=PER_QUERY.arrow)


def _summary_table(
    benchmark: Benchmark, scored: _Scored, settings: list[str], average_languages: Sequence[str]
) -> pa.Table:
    encoded = benchmark.query_languages.dictionary_encode()
    languages = encoded.dictionary.to_pylist()
    cell = encoded.indices.to_numpy()[scored.queries] * len(settings) + scored.settings
    rows = []
    for column, metric in enumerate(scored.metrics):
        values = scored.values[:, column]
        defined = ~np.isnan(values)
        size = len(languages) * len(settings)
        counts = np.bincount(cell[defined], minlength=size)
        sums = np.bincount(cell[defined], weights=values[defined], minlength=size)
        for index in np.flatnonzero(counts).tolist():
            query_language = languages[index // len(settings)]
            passage_language = settings[index % len(settings)]
            rows.append(
                {
                    "setting": setting_of(query_language, passage_language),
                    "query_language": query_language,
                    "passage_language": passage_language,
                    "metric": metric,
                    "value": float(sums[index] / counts[index]),
                    "queries": int(counts[index]),
                }
            )
    some = [row for row in rows if row["query_language"] in average_languages]
    complete = {row["query_language"] for row in some} == set(average_languages)
    published = (
        _macro_rows(some, scored.metrics, label=MACRO_PUBLISHED) if some and complete else []
    )
    rows += _macro_rows(rows, scored.metrics, label=MACRO) + published
    rows.sort(key=lambda row: _row_order(row, scored.metrics))
    return table_from_rows(rows, SUMMARY)


def setting_of(query_language: str, passage_language: str) -> str:
    """The name of the setting: the pool is multilingual, for every query language."""
    if passage_language == POOL:
        return MULTILINGUAL
    return MONOLINGUAL if query_language == passage_language else CROSS_LINGUAL


def _macro_rows(
    rows: list[dict[str, Any]], metrics: Sequence[str], *, label: str
) -> list[dict[str, Any]]:
    """Means over the settings of each kind that have a scored query."""
    macros = []
    for setting in (MONOLINGUAL, CROSS_LINGUAL, MULTILINGUAL):
        for metric in metrics:
            part = [row for row in rows if row["setting"] == setting and row["metric"] == metric]
            if part:
                macros.append(
                    {
                        "setting": setting,
                        "query_language": label,
                        "passage_language": POOL if setting == MULTILINGUAL else label,
                        "metric": metric,
                        "value": float(np.mean([row["value"] for row in part])),
                        "queries": sum(row["queries"] for row in part),
                    }
                )
    return macros


def _row_order(row: dict[str, Any], metrics: Sequence[str]) -> tuple[object, ...]:
    kinds = (MONOLINGUAL, CROSS_LINGUAL, MULTILINGUAL)
    return (
        kinds.index(row["setting"]),
        row["query_language"] in (MACRO, MACRO_PUBLISHED),
        row["query_language"],
        row["passage_language"],
        metrics.index(row["metric"]),
    )
