"""mAP, recall, nDCG and rank distance, from the ranks of the relevant passages.

A query's metrics depend on those ranks alone, so a ranking of any length is scored from a few
numbers. The values are trec_eval's `map`, `recall_k` and `ndcg_cut_10` of the full ranking. The
rankings of a sharded benchmark end at their first k: metrics that need more are left out.
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
from hybridbatch.retrieval.columns import Ints
from hybridbatch.retrieval.judgements import Benchmark, read_benchmark, read_judged
from hybridbatch.retrieval.ranking import Ranks
from hybridbatch.retrieval.recorded import RelevantRanks, Values, read_cut_ranks, read_ranks
from hybridbatch.schemas.per_query import PER_QUERY
from hybridbatch.schemas.summary import SUMMARY

METRICS = ("mAP", "R@1", "R@10", "R@100", "nDCG@10", "rank_distance")
_RECALL_CUTOFFS = (1, 10, 100)
_NDCG_CUTOFF = 10
_LOGGED = ("mAP", "nDCG@10", "rank_distance")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the stage `metrics` can be told.

    `cut` is the length of a sharded benchmark's rankings, None for full ones. `pool_languages` are
    those of its pool, none without one, `average_languages` those of a second macro average.
    """

    cut: int | None = None
    pool_languages: tuple[str, ...] = ()
    average_languages: tuple[str, ...] = ()
    threads: int | None = None


@dataclass(frozen=True)
class Evaluation:
    """The two metric tables, of the schemas PER_QUERY and SUMMARY."""

    per_query: pa.Table
    summary: pa.Table


@dataclass(frozen=True)
class _Scored:
    """Values (g, metrics), NaN where undefined, of g pairs of a query and a passage setting.

    `settings` counts the passage languages in ascending order; the pool comes last.
    """

    queries: Ints
    settings: Ints
    values: Values


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
    if options.cut is None:
        benchmark = read_benchmark(args.benchmark)
        ranks = read_ranks(rankings, benchmark)
    else:
        benchmark = read_judged(args.benchmark)
        ranks = read_cut_ranks(
            rankings, benchmark, cut=options.cut, pool_languages=options.pool_languages
        )
    evaluation = evaluate(benchmark, ranks, average_languages=options.average_languages)
    write_table(evaluation.per_query, args.output / "per_query.parquet", PER_QUERY)
    write_table(evaluation.summary, args.output / "summary.parquet", SUMMARY)
    for row in evaluation.summary.to_pylist():
        if row["query_language"] == MACRO and row["metric"] in _LOGGED:
            logger.info("%s %s %.4f", row["setting"], row["metric"], row["value"])


def query_metrics(groups: Ints, ranks: Values, gains: Ints) -> tuple[Ints, Values]:
    """All metrics of each group, a group being one query in one setting.

    With the relevant passages at ranks r_1 < r_2 < ... < r_n (inf if not ranked):
    mAP = 1/n sum_i i / r_i; R@k = #(r_i <= k) / n; nDCG@10 = DCG / DCG of the best order, DCG =
    sum of gain / log2(rank + 1) over ranks up to 10; rank_distance = r_n - r_1, NaN if r_n is inf.

    Args:
        groups: (n,) the group of each relevant passage.
        ranks: (n,) its rank, from 1.
        gains: (n,) its relevance, at least 1.

    Returns:
        The groups, ascending (g,), and their values (g, 6) in the order of METRICS.
    """
    order = np.lexsort((ranks, groups))
    ranks, gains_by_rank, sorted_groups = ranks[order], gains[order], groups[order]
    found, starts, sizes = np.unique(sorted_groups, return_index=True, return_counts=True)
    if not found.size:
        return found, np.zeros((0, len(METRICS)))
    position = 1 + np.arange(len(ranks)) - np.repeat(starts, sizes)
    best_gains = gains[np.lexsort((-gains, groups))]

    def mean(values: Values) -> Values:
        return np.add.reduceat(values, starts) / sizes

    def dcg(gains: Ints, ranks: Values) -> Values:
        cut = np.where(ranks <= _NDCG_CUTOFF, gains / np.log2(ranks + 1), 0.0)
        return np.add.reduceat(cut, starts)

    lowest, highest = ranks[starts + sizes - 1], ranks[starts]
    ranked = np.isfinite(lowest)
    distance = np.full(len(found), np.nan)
    distance[ranked] = lowest[ranked] - highest[ranked]
    recalls = [mean((ranks <= cutoff).astype(np.float64)) for cutoff in _RECALL_CUTOFFS]
    ndcg = dcg(gains_by_rank, ranks) / dcg(best_gains, position.astype(np.float64))
    return found, np.stack([mean(position / ranks), *recalls, ndcg, distance], axis=1)


def metrics_within(cut: int | None) -> tuple[str, ...]:
    """The metrics that rankings of this length determine; None stands for full rankings."""
    if cut is None:
        return METRICS
    cutoffs = {"nDCG@10": _NDCG_CUTOFF, **{f"R@{k}": k for k in _RECALL_CUTOFFS}}
    return tuple(name for name in METRICS if cutoffs.get(name, cut + 1) <= cut)


def evaluate(
    benchmark: Benchmark,
    ranks: Ranks | RelevantRanks,
    *,
    average_languages: Sequence[str] = (),
) -> Evaluation:
    """Both metric tables of one run, for every pair of languages and every pool.

    A query counts in a setting only where it has a relevant passage there. Needs no files: `ranks`
    is what `ranking.full_ranks` counted, or what `read_ranks` read.
    """
    scored = _score(benchmark, ranks)
    names = sorted(benchmark.pool.languages)
    return Evaluation(
        per_query=_per_query_table(benchmark, scored, [*names, POOL]),
        summary=_summary_table(benchmark, scored, [*names, POOL], average_languages),
    )


def _score(benchmark: Benchmark, ranks: Ranks | RelevantRanks) -> _Scored:
    relevant, count = benchmark.relevant, len(benchmark.pool.languages)
    # Columns hold the languages in the order of their ids, which puts `zh:` after `zh-Hans:`.
    names = sorted(benchmark.pool.languages)
    places = np.array([names.index(name) for name in benchmark.pool.languages], dtype=np.int64)
    ascending = places[benchmark.pool.language_codes(relevant.columns)]
    cut, pooled = (ranks.cut, ranks.pooled) if isinstance(ranks, RelevantRanks) else (None, None)
    left_out = [METRICS.index(name) for name in METRICS if name not in metrics_within(cut)]
    parts = []
    for setting, rank, part in (
        (ascending, ranks.in_language, slice(None)),
        (count, ranks.in_pool, slice(None) if pooled is None else pooled),
    ):
        groups, values = query_metrics(
            (relevant.queries * (count + 1) + setting)[part],
            np.asarray(rank, dtype=np.float64)[part],
            relevant.gains[part],
        )
        values[:, left_out] = np.nan
        if setting is ascending:
            values[:, METRICS.index("rank_distance")] = np.nan  # it compares languages
        parts.append((groups, values))
    groups = np.concatenate([groups for groups, _ in parts])
    order = np.argsort(groups)
    queries, settings = np.divmod(groups[order], count + 1)
    return _Scored(queries, settings, np.concatenate([values for _, values in parts])[order])


def _per_query_table(benchmark: Benchmark, scored: _Scored, settings: list[str]) -> pa.Table:
    row, metric = np.nonzero(~np.isnan(scored.values))
    query = pa.array(scored.queries[row])
    columns = [
        benchmark.query_ids.take(query),
        benchmark.query_languages.take(query),
        pa.array(settings).take(pa.array(scored.settings[row])),
        pa.array(METRICS).take(pa.array(metric)),
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
    for column, metric in enumerate(METRICS):
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
    published = _macro_rows(some, label=MACRO_PUBLISHED) if some and complete else []
    rows += _macro_rows(rows, label=MACRO) + published
    rows.sort(key=_row_order)
    return table_from_rows(rows, SUMMARY)


def setting_of(query_language: str, passage_language: str) -> str:
    """The name of the setting: the pool is multilingual, whatever the query's language."""
    if passage_language == POOL:
        return MULTILINGUAL
    return MONOLINGUAL if query_language == passage_language else CROSS_LINGUAL


def _macro_rows(rows: list[dict[str, Any]], *, label: str) -> list[dict[str, Any]]:
    """Means over the settings of each kind that have a scored query."""
    macros = []
    for setting in (MONOLINGUAL, CROSS_LINGUAL, MULTILINGUAL):
        for metric in METRICS:
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


def _row_order(row: dict[str, Any]) -> tuple[object, ...]:
    kinds = (MONOLINGUAL, CROSS_LINGUAL, MULTILINGUAL)
    return (
        kinds.index(row["setting"]),
        row["query_language"] in (MACRO, MACRO_PUBLISHED),
        row["query_language"],
        row["passage_language"],
        METRICS.index(row["metric"]),
    )
