"""Checks of a table of pairs that its schema cannot express."""

import polars as pl
import pyarrow as pa

from hybridbatch.common.tables import check_table
from hybridbatch.data.readers.problems import Origin, Problems
from hybridbatch.data.sources.rowchecks import (
    require,
    require_language,
    require_rows,
    require_text,
    require_unique,
)
from hybridbatch.schemas.pairs import PAIRS

SPLITS = ("train", "validation", "test")
_OF_AN_ITEM = ("question_group", "passage_group", "split")


def check_pairs(table: pa.Table, *, origin: str) -> None:
    """Check pairs against the schema and against the rules that training requires.

    Texts, ids and groups are not blank; the language is a code; the split is one of `SPLITS`; an
    item has one question_group, one passage_group and one split; a hard negative is neither blank
    nor the passage of its own row.

    Raises:
        HybridBatchError: rules are broken; the message names the file and the row or key.
    """
    found = Problems()
    note_pairs(table, origin=Origin(origin), found=found)
    found.raise_any()
    check_table(table, PAIRS, origin=origin)


def note_pairs(table: pa.Table, *, origin: Origin, found: Problems) -> None:
    """Note what `check_pairs` refuses; the table has the schema's columns, maybe with nulls."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    require_rows(frame, origin=origin.name)
    texts = ("item_id", "question_group", "passage_group", "question", "passage", "source")
    require_text(frame, *texts, origin=origin, found=found)
    require_language(frame, origin=origin, found=found)
    problem = f"`split` is {{split!r}}; use one of {', '.join(SPLITS)}"
    require(frame, pl.col("split").is_in(SPLITS), problem, origin=origin, found=found)
    require_unique(frame, "item_id", "language", origin=origin, found=found)
    _note_items(frame, origin=origin, found=found)
    _note_negatives(frame, origin=origin, found=found)


def _note_items(frame: pl.DataFrame, *, origin: Origin, found: Problems) -> None:
    for column in _OF_AN_ITEM:
        first = pl.col(column).first().over("item_id")
        rule = pl.col("item_id").is_null() | (pl.col(column) == first)
        problem = (
            f"item {{item_id!r}} has {column} {{{column}!r}} here, but another in an earlier row; "
            f"an item has one {column} in all languages"
        )
        require(frame, rule, problem, origin=origin, found=found)


def _note_negatives(frame: pl.DataFrame, *, origin: Origin, found: Problems) -> None:
    negatives = pl.col("hard_negatives")
    blank = pl.element().is_null() | (pl.element().str.strip_chars() == "")
    rule = ~negatives.list.eval(blank).list.any()
    problem = "`hard_negatives` holds a blank text; remove it"
    require(frame, rule, problem, origin=origin, found=found)
    rule = ~negatives.list.contains(pl.col("passage"))
    problem = "`hard_negatives` holds the passage of its own row; remove it"
    require(frame, rule, problem, origin=origin, found=found)
