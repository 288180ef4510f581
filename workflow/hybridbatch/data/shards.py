"""Stage `shards`: list the shards of a corpus, and check the corpus as a whole.

Two checks need all parts: ids are unique, and every judged passage is in the corpus.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.parquet import ParquetInput, frames
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.shards import SHARDS

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage's paths."""
    parser.add_argument(
        "--parts", type=Path, nargs="+", required=True, help="folders of the stage corpus"
    )
    parser.add_argument("--qrels", type=Path, required=True, help="the benchmark's judgements")
    parser.add_argument("--output", type=Path, required=True, help="the list of shards")


def run(args: argparse.Namespace) -> None:
    """List and check the shards of one benchmark."""
    files = [file for part in sorted(args.parts) for file in sorted(part.glob("[!.]*.parquet"))]
    rows = [_describe(file) for file in files]
    judged = pl.DataFrame(read_table(args.qrels, QRELS))
    for language in sorted({str(row["language"]) for row in rows}):
        shards = [file for file in files if language_of(file.stem) == language]
        check_unique(shards)
        count = sum(int(str(row["passages"])) for row in rows if row["language"] == language)
        logger.info("%s: %s passages in %d shards", language, f"{count:,}", len(shards))
    check_judged(files, judged, origin=args.qrels)
    write_table(table_from_rows(rows, SHARDS), args.output, SHARDS)


def language_of(shard: str) -> str:
    """The language of the shard `{part}.{language}.{number}`."""
    return shard.split(".")[1]


def check_unique(files: Sequence[Path]) -> None:
    """Check that no passage_id occurs twice in the shards of one language.

    Hashes are compared first, because they take only eight bytes per passage.

    Raises:
        HybridBatchError: an id occurs twice; the message names it.
    """
    hashes = pl.concat([piece["passage_id"].hash() for piece in frames(files, ["passage_id"])])
    if hashes.n_unique() == len(hashes):
        return
    suspects = hashes.filter(hashes.is_duplicated()).unique()
    is_suspect = pl.col("passage_id").hash().is_in(suspects.implode())
    doubtful = pl.concat([piece.filter(is_suspect) for piece in frames(files, ["passage_id"])])
    twice = doubtful.filter(pl.col("passage_id").is_duplicated())["passage_id"].sort()
    if len(twice):
        raise HybridBatchError(
            f"{files[0].parent.parent}: passage_id {twice[0]!r} occurs twice in the corpus; "
            f"remove one of the two passages"
        )


def check_judged(files: Sequence[Path], judged: pl.DataFrame, *, origin: Path) -> None:
    """Check that every judged passage is in a shard.

    Raises:
        HybridBatchError: a passage is missing; the message names the qrels and the first one.
    """
    wanted = judged.select(pl.col("passage_id").unique())
    found = pl.concat(
        [piece.join(wanted, on="passage_id", how="semi") for piece in frames(files, ["passage_id"])]
    )
    missing = wanted.join(found, on="passage_id", how="anti")["passage_id"].sort()
    if len(missing):
        raise HybridBatchError(
            f"{origin}: {len(missing):,} judged passages are not in the corpus, the first is "
            f"{missing[0]!r}; complete the corpus or drop the judgements"
        )


def _describe(file: Path) -> dict[str, object]:
    part, language, _ = file.stem.split(".")
    with ParquetInput(file) as opened:
        count = opened.rows
    return {"shard": file.stem, "part": part, "language": language, "passages": count}
