"""Stage `overlap`: find what a recipe's training pairs share with a benchmark.

A shared item is contamination and stops the evaluation unless the config allows it. If only a text
is shared (a stock phrase, or a fact in the same words in both data sets), it is counted and
reported.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.parquet import frames
from hybridbatch.common.tables import parquet_files, read_table, write_table
from hybridbatch.data.sources.texts import normalised_column
from hybridbatch.schemas.overlap import OVERLAP
from hybridbatch.schemas.pairs import PAIRS
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES

# Validation pairs decide which step is kept, so they count as training pairs.
_TRAINED_SPLITS = ("train", "validation")
_COLUMNS = ("item_id", "language", "question", "passage", "source", "split", "hard_negatives")
HARD_NEGATIVE = "hard_negative"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What is compared.

    Attributes:
        recipe: the recipe of the training pairs.
        benchmark: the benchmark's name.
        languages: the training languages; null for all.
        sharded: whether the passages of the benchmark are in shards.
    """

    recipe: str
    benchmark: str
    languages: tuple[str, ...] | None = None
    sharded: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hybridbatch overlap`."""
    parser.add_argument("--pairs", type=Path, nargs="+", required=True, help="the recipe's sources")
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument("--output", type=Path, required=True, help="Parquet file of shared rows")
    # Not in the stage's options: it decides whether the workflow stops, not what is written.
    parser.add_argument(
        "--allow-contaminated", action="store_true", help="accept shared items, and only count them"
    )


def run(args: argparse.Namespace) -> None:
    """Compare the recipe with the benchmark of the options."""
    options = options_from_json(Options, args.options)
    pairs = pa.concat_tables(
        [read_table(path, PAIRS, columns=_COLUMNS) for path in args.pairs],
        promote_options="permissive",
    )
    queries = read_table(args.benchmark / "queries.parquet", QUERIES, columns=("item_id", "text"))
    passages = (
        judged_passages(args.benchmark)
        if options.sharded
        else read_table(args.benchmark / "passages.parquet", PASSAGES, columns=("text",))
    )
    shared = find_overlap(pairs, queries, passages, languages=options.languages)
    report(shared, queries, options, allow_contaminated=args.allow_contaminated)
    write_table(shared, args.output, OVERLAP)


def judged_passages(benchmark: Path) -> pa.Table:
    """The texts of the judged passages of a sharded benchmark: only these affect its metrics."""
    judged = pl.DataFrame(read_table(benchmark / "qrels.parquet", QRELS))
    files = parquet_files(benchmark / "passages")
    found = [
        piece.join(judged, on="passage_id", how="semi").select("text")
        for piece in frames(files, ["passage_id", "text"])
    ]
    return pl.concat(found).to_arrow()


def find_overlap(
    pairs: pa.Table,
    queries: pa.Table,
    passages: pa.Table,
    *,
    languages: Sequence[str] | None = None,
) -> pa.Table:
    """What training pairs share with a benchmark (the schema OVERLAP), sorted.

    Kind `item`: a query has the pair's item_id; `text` is the pair's question. Kinds `question` and
    `passage`: a query or a passage of the benchmark, in any language, has that text of the pair;
    texts are compared by `texts.normalised`. Kind `hard_negative`: like `passage`, with a row for
    each hard negative.

    Args:
        pairs: rows of the schema PAIRS; only splits train and validation count.
        queries: at least columns item_id and text of the schema QUERIES.
        passages: at least column text of the schema PASSAGES.
        languages: only pairs in these languages count; None for all.
    """
    frame = pl.from_arrow(pairs.select(list(_COLUMNS)))
    assert isinstance(frame, pl.DataFrame)
    trained = frame.filter(pl.col("split").is_in(_TRAINED_SPLITS))
    if languages is not None:
        trained = trained.filter(pl.col("language").is_in(list(languages)))
    found = [_shared(trained, "item", "question", trained["item_id"], _column(queries, "item_id"))]
    negatives = trained.explode("hard_negatives").filter(pl.col("hard_negatives").is_not_null())
    asked, searched = (normalised_column(_column(table, "text")) for table in (queries, passages))
    for kind, column, rows, known in (
        ("question", "question", trained, asked),
        ("passage", "passage", trained, searched),
        (HARD_NEGATIVE, "hard_negatives", negatives, searched),
    ):
        found.append(_shared(rows, kind, column, normalised_column(rows[column]), known))
    rows = pl.concat(found).sort(OVERLAP.columns)
    return rows.to_arrow().cast(OVERLAP.arrow)


def report(
    shared: pa.Table, queries: pa.Table, options: Options, *, allow_contaminated: bool
) -> None:
    """Log what is shared.

    Raises:
        HybridBatchError: items are shared, and the config does not allow it.
    """
    frame = pl.from_arrow(shared)
    assert isinstance(frame, pl.DataFrame)
    items = frame.filter(pl.col("kind") == "item")["item_id"].n_unique()
    kinds = ("question", "passage", HARD_NEGATIVE)
    questions, passages, negatives = (frame.filter(pl.col("kind") == k).height for k in kinds)
    total = len(queries["item_id"].unique())
    logger.info(
        "recipe %s and %s share %d of %d items; %d training questions, %d training passages and "
        "%d of their hard negatives also occur in the benchmark",
        options.recipe, options.benchmark, items, total, questions, passages, negatives,
    )  # fmt: skip
    if items and not allow_contaminated:
        sources = frame.filter(pl.col("kind") == "item")["source"].unique().sort().to_list()
        raise HybridBatchError(
            f"recipe {options.recipe} trains on {items:,} of the {total:,} items of benchmark "
            f"{options.benchmark} (source {', '.join(sources)}), of which "
            f"{_with_question(frame, queries):,} also share a question; drop the source or the "
            f"benchmark from the config, or set `allow_contaminated: true`, or, if the ids are "
            f"equal by chance, give the items other ids"
        )


def _with_question(shared: pl.DataFrame, queries: pa.Table) -> int:
    """The number of shared items with a training question that is also a query of this item."""
    items = shared.filter(pl.col("kind") == "item")
    found = items.with_columns(normalised_column(items["text"]))
    asked = pl.DataFrame(
        {
            "item_id": _column(queries, "item_id"),
            "text": normalised_column(_column(queries, "text")),
        }
    )
    return found.join(asked, on=["item_id", "text"], how="semi")["item_id"].n_unique()


def _shared(
    trained: pl.DataFrame, kind: str, text: str, keys: pl.Series, known: pl.Series
) -> pl.DataFrame:
    """The rows whose key is in `known`, with the columns of OVERLAP; column `text` has the text."""
    return trained.filter(keys.is_in(known.implode())).select(
        pl.lit(kind).alias("kind"), "source", "item_id", "language", pl.col(text).alias("text")
    )


def _column(table: pa.Table, name: str) -> pl.Series:
    column = pl.from_arrow(table[name])
    assert isinstance(column, pl.Series)
    return column
