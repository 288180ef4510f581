"""Checks of a table of pairs that its schema cannot express."""

import polars as pl
import pyarrow as pa

from hybridbatch.common.tables import check_table
from hybridbatch.data.sources.rowchecks import require, require_language, require_rows, require_text
from hybridbatch.schemas.pairs import PAIRS

SPLITS = ("train", "validation", "test")
_OF_AN_ITEM = ("question_group", "passage_group", "split")


def check_pairs(table: pa.Table, *, origin: str) -> None:
    """Check pairs against the schema and against the rules that training requires.

    Texts, ids and groups are not blank; the language is a code; the split is one of `SPLITS`; an
    item has one question_group, one passage_group and one split; a hard negative is neither blank
    nor the passage of its own row.

    Raises:
        HybridBatchError: a rule is broken; the message names the file and the row or key.
    """
    check_table(table, PAIRS, origin=origin)
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    require_rows(frame, origin=origin)
    texts = ("item_id", "question_group", "passage_group", "question", "passage", "source")
    require_text(frame, *texts, origin=origin)
    require_language(frame, origin=origin)
    problem = f"`split` is {{split!r}}; use one of {', '.join(SPLITS)}"
    require(frame, pl.col("split").is_in(SPLITS), problem, origin=origin)
    _check_items(frame, origin=origin)
    _check_negatives(frame, origin=origin)


def _check_items(frame: pl.DataFrame, *, origin: str) -> None:
    for column in _OF_AN_ITEM:
        first = pl.col(column).first().over("item_id")
        rule = pl.col(column) == first
        problem = (
            f"item {{item_id!r}} has {column} {{{column}!r}} here, but another in an earlier row; "
            f"an item has one {column} in all languages"
        )
        require(frame, rule, problem, origin=origin)


def _check_negatives(frame: pl.DataFrame, *, origin: str) -> None:
    negatives = pl.col("hard_negatives")
    blank = pl.element().is_null() | (pl.element().str.strip_chars() == "")
    problem = "`hard_negatives` holds a blank text; remove it"
    require(frame, ~negatives.list.eval(blank).list.any(), problem, origin=origin)
    problem = "`hard_negatives` holds the passage of its own row; remove it"
    require(frame, ~negatives.list.contains(pl.col("passage")), problem, origin=origin)
