"""Stage `pool`: merge the languages' rankings into the first k of a sharded benchmark's pool.

A passage among the first k of the pool is among the first k of its language: the merge is exact.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from hybridbatch.common.artifacts import atomic_file
from hybridbatch.common.options import options_from_json
from hybridbatch.common.parquet import frames
from hybridbatch.common.table_writer import table_writer
from hybridbatch.common.tables import check_file
from hybridbatch.common.vocabulary import POOL
from hybridbatch.retrieval.searched import searched_queries
from hybridbatch.schemas.rankings import RANKINGS

# Queries that are merged at a time.
_QUERIES = 512
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a pool holds.

    Attributes:
        pool_languages: the languages that are merged.
    """

    pool_languages: tuple[str, ...]
    top_k: int
    threads: int | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage's paths."""
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument(
        "--rankings", type=Path, nargs="+", required=True, help="rankings of the languages"
    )
    parser.add_argument("--output", type=Path, required=True, help="ranking of the pool")


def run(args: argparse.Namespace) -> None:
    """Merge the rankings of one run."""
    options = options_from_json(Options, args.options)
    languages = options.pool_languages
    for file in args.rankings:
        check_file(file, RANKINGS)
    queries = searched_queries(args.benchmark, languages[0], pool=languages)
    with atomic_file(args.output) as temporary, table_writer(temporary, RANKINGS) as writer:
        for begin in range(0, len(queries), _QUERIES):
            part = queries.slice(begin, _QUERIES)
            writer.write(merge_rankings(args.rankings, part, k=options.top_k))
    logger.info("%s: %d queries", " ".join(languages), len(queries))


def merge_rankings(files: Sequence[Path], queries: pa.Array, *, k: int) -> pa.Table:
    """The first k of some queries over all files, as the schema RANKINGS, in the queries' order."""
    order = pl.DataFrame({"query_id": pl.from_arrow(queries)}).with_row_index("number")
    columns = ["query_id", "passage_id", "score"]
    merged = (
        pl.concat([piece.join(order, on="query_id") for piece in frames(files, columns)])
        # Adding zero turns -0.0 into 0.0, so that the two tie.
        .sort("number", pl.col("score") + 0.0, "passage_id", descending=[False, True, True])
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("number").alias("rank"))
        .filter(pl.col("rank") <= k)
        .with_columns(pl.lit(POOL).alias("passage_language"))
        .select(RANKINGS.columns)
    )
    return merged.to_arrow().cast(RANKINGS.arrow)
