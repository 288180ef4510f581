"""Stage `bias`: measure the language bias of a run in the pool of all languages."""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.evaluation import bias_tables
from hybridbatch.evaluation.bias_measures import Floats, Ints
from hybridbatch.evaluation.bias_tables import Pooled, Row
from hybridbatch.evaluation.questions import read_questions
from hybridbatch.retrieval.columns import id_languages, one_array
from hybridbatch.retrieval.judgements import Benchmark, read_benchmark
from hybridbatch.schemas.bias import (
    AGREEMENT,
    EXPOSURE,
    FAIRNESS,
    PREFERENCE,
    RANK_DISTANCE,
    RANK_DISTANCE_HISTOGRAM,
)
from hybridbatch.schemas.per_query import PER_QUERY
from hybridbatch.schemas.rankings import RANKINGS
from hybridbatch.schemas.schema import Schema

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """`cutoff` is the k of the top k; `persistence` is the p of rank-biased overlap."""

    cutoff: int
    persistence: float
    threads: int | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the paths that the stage reads and writes."""
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument("--rankings", type=Path, required=True, help="folder of the rankings")
    parser.add_argument("--output", type=Path, required=True, help="folder of the tables")


def run(args: argparse.Namespace) -> None:
    """Run the stage."""
    options = options_from_json(Options, args.options)
    set_threads(options.threads)
    if options.cutoff < 1 or not 0 < options.persistence < 1:
        raise HybridBatchError(
            f"bias: cutoff {options.cutoff} must be at least 1, and persistence "
            f"{options.persistence} between 0 and 1"
        )
    pooled = read_pooled(args.benchmark, args.rankings / "all.parquet", cutoff=options.cutoff)
    with atomic_folder(args.output) as folder:
        for schema, rows in measure(pooled, persistence=options.persistence):
            write_table(table_from_rows(rows, schema), folder / f"{schema.name}.parquet", schema)
    logger.info("%d queries in %d languages", len(pooled.query_ids), len(pooled.names))


def measure(pooled: Pooled, *, persistence: float) -> list[tuple[Schema, list[Row]]]:
    """Every table of the stage, with its schema."""
    return [
        (RANK_DISTANCE, bias_tables.rank_distance_rows(pooled)),
        (RANK_DISTANCE_HISTOGRAM, bias_tables.histogram_rows(pooled)),
        (EXPOSURE, bias_tables.exposure_rows(pooled)),
        (PREFERENCE, bias_tables.preference_rows(pooled)),
        (FAIRNESS, bias_tables.fairness_rows(pooled)),
        (AGREEMENT, bias_tables.agreement_rows(pooled, persistence=persistence)),
        (PER_QUERY, bias_tables.per_query_rows(pooled, persistence=persistence)),
    ]


def read_pooled(folder: Path, ranking: Path, *, cutoff: int) -> Pooled:
    """Read a benchmark and the ranking of its pool.

    Raises:
        HybridBatchError: a file is missing or breaks its schema; the ranking names an unknown
            query or passage, or does not list the first `cutoff` ranks of a query.
    """
    benchmark = read_benchmark(folder)
    questions = read_questions(folder / "queries.parquet")
    passage_languages = id_languages(benchmark.passage_ids)
    used = {*passage_languages.unique().to_pylist(), *questions.languages}
    names = tuple(sorted(used))
    languages = _codes(passage_languages, pa.array(names))
    queries, passages, ranks = _read_ranking(ranking, benchmark)
    relevant = benchmark.relevant
    rows = benchmark.pool.rows[relevant.columns]
    cutoff = min(cutoff, len(benchmark.passage_ids))
    return Pooled(
        names=names,
        query_ids=tuple(questions.ids.to_pylist()),
        query_languages=_codes(benchmark.query_languages, pa.array(names)),
        items=questions.items,
        passage_languages=languages,
        top=_top(queries, passages, ranks, benchmark, cutoff=cutoff, origin=ranking),
        queries=relevant.queries,
        languages=languages[rows],
        ranks=_look_up(
            queries * len(languages) + passages, ranks, relevant.queries * len(languages) + rows
        ),
        gains=relevant.gains,
    )


def _read_ranking(path: Path, benchmark: Benchmark) -> tuple[Ints, Ints, Ints]:
    """The query, passage and rank of every row; ids become row numbers of the benchmark's files."""
    table = read_table(path, RANKINGS, columns=("query_id", "passage_id", "rank"))
    found = []
    for column, known in (
        ("query_id", benchmark.query_ids),
        ("passage_id", benchmark.passage_ids),
    ):
        ids = one_array(table[column])
        codes = pc.index_in(ids, value_set=known)
        if codes.null_count:
            unknown = ids.filter(pc.is_null(codes))[0].as_py()
            raise HybridBatchError(
                f"{path}: {column} {unknown!r} is not in the benchmark; run the stage retrieve "
                "again"
            )
        found.append(codes.to_numpy().astype(np.int64))
    return found[0], found[1], table["rank"].to_numpy().astype(np.int64)


def _top(
    queries: Ints,
    passages: Ints,
    ranks: Ints,
    benchmark: Benchmark,
    *,
    cutoff: int,
    origin: Path,
) -> Ints:
    """The passages (q, cutoff) at the first ranks."""
    kept = (ranks >= 1) & (ranks <= cutoff)
    top = np.full((len(benchmark.query_ids), cutoff), -1, dtype=np.int64)
    top[queries[kept], ranks[kept] - 1] = passages[kept]
    missing = np.argwhere(top < 0)
    if missing.size:
        query, rank = missing[0].tolist()
        raise HybridBatchError(
            f"{origin}: query {benchmark.query_ids[query].as_py()!r} has no passage at rank "
            f"{rank + 1}; retrieve at least the first {cutoff} (retrieval.top_k, and with an "
            "approximate index retrieval.nprobe)"
        )
    return top


def _look_up(keys: Ints, values: Ints, wanted: Ints) -> Floats:
    """The value of each wanted key, inf for a missing key."""
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], wanted), max(len(keys) - 1, 0))
    if not len(keys):
        return np.full(len(wanted), np.inf)
    return np.where(keys[order][at] == wanted, values[order][at], np.inf).astype(np.float64)


def _codes(values: pa.Array, names: pa.Array) -> Ints:
    return np.asarray(pc.index_in(values, value_set=names).to_numpy(), dtype=np.int64)
