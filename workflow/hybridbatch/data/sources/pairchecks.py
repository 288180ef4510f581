"""Checks of a table of pairs that its schema cannot express, and the joining of its groups."""

import logging
from types import MappingProxyType

import polars as pl
import pyarrow as pa

from hybridbatch.common.tables import check_table
from hybridbatch.data.readers.problems import Origin, Problems
from hybridbatch.data.sources.groups import joined_groups
from hybridbatch.data.sources.rowchecks import (
    require,
    require_language,
    require_rows,
    require_text,
    require_unique,
)
from hybridbatch.schemas.pairs import PAIRS

SPLITS = ("train", "validation", "test")
# Group column -> the text column: rows with the same text get the same group.
_GROUPED = MappingProxyType({"question_group": "question", "passage_group": "passage"})
_OF_AN_ITEM = ("question_group", "passage_group", "split")
logger = logging.getLogger(__name__)


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


def with_joined_groups(table: pa.Table, *, label: str) -> pa.Table:
    """Join groups of pairs that share a question, or a passage, in a language.

    Without this, a batch with one pair per group may contain translated duplicates. Texts with the
    same `texts.normalised` are equal. `label` names the data in the log.
    """
    frame = pl.from_arrow(table.select([*_GROUPED, *_GROUPED.values(), "language"]))
    assert isinstance(frame, pl.DataFrame)
    for column, text in _GROUPED.items():
        joined, gone = joined_groups(frame[column], frame["language"], frame[text])
        if not gone:
            continue
        total = frame[column].n_unique()
        logger.info("%s: %d of %d %ss joined: same %s as another", label, gone, total, column, text)
        index = table.schema.get_field_index(column)
        values = joined.to_arrow().cast(pa.string())
        table = table.set_column(index, PAIRS.arrow.field(column), values)
    return table


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
