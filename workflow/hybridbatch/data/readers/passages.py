"""Passages alone, as the shards of a large corpus need them."""

import polars as pl
import pyarrow as pa

from hybridbatch.data.readers.ids import prefixed
from hybridbatch.data.readers.problems import Problems
from hybridbatch.data.readers.reading import Reading
from hybridbatch.data.readers.rows import Rows
from hybridbatch.data.readers.tabular import Field, constant, to_schema
from hybridbatch.data.sources.setchecks import note_passage_texts
from hybridbatch.schemas.passages import PASSAGES

_PASSAGE = ("_id", "id", "docid", "corpus-id", "pid")


def passages_of(rows: Rows, reading: Reading) -> pa.Table:
    """Rows as a table of the schema PASSAGES, ids with their language, texts checked.

    Raises:
        HybridBatchError: a row breaks a rule; all of it at once.
    """
    found = Problems()
    own, fields = reading.of_table("passages"), passage_fields(reading.language, "tables")
    table = to_schema(rows, PASSAGES, fields, reading=own, found=found)
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    frame, _ = prefixed(frame, "passage_id")
    note_passage_texts(frame, origin=rows.origin, found=found)
    found.raise_any()
    return frame.to_arrow().cast(PASSAGES.arrow)


def passage_fields(language: str, format: str) -> tuple[Field, ...]:
    """How the columns of passages are found in a file of a `format` and maybe of one language."""
    strict = format == "tables"
    return (
        Field("language", default=constant(language) if language else None),
        Field("passage_id", () if strict else _PASSAGE, number=True),
        Field("title", default=constant("")),
        Field("text", () if strict else ("contents", "passage", "body")),
    )
