"""Passages alone, as the shards of a large corpus need them."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa

from hybridbatch.common.parquet import ParquetInput
from hybridbatch.data.readers.ids import prefixed
from hybridbatch.data.readers.jsonrows import json_batches
from hybridbatch.data.readers.problems import Problems
from hybridbatch.data.readers.reading import Reading
from hybridbatch.data.readers.rows import Rows
from hybridbatch.data.readers.tabular import Field, constant, read_rows, to_schema
from hybridbatch.data.readers.textlines import ending
from hybridbatch.data.readers.trecfiles import read_collection
from hybridbatch.data.sources.setchecks import note_passage_texts
from hybridbatch.schemas.passages import PASSAGES

_PASSAGE = ("_id", "id", "docid", "corpus-id", "pid")


def passage_batches(path: Path, reading: Reading, *, format: str, rows: int) -> Iterator[pa.Table]:
    """The passages of a file as tables of the schema PASSAGES of at most `rows` rows.

    Parquet and JSON Lines are read in a stream; files of other endings are read as a whole.

    Raises:
        HybridBatchError: the file is missing or damaged, or a row breaks a rule.
    """
    found = Problems()
    for number, batch in enumerate(_batches(path, found, rows, format)):
        yield _passages_of(batch, reading, format=format, found=found, told=number == 0)
    found.raise_any()


def _batches(path: Path, found: Problems, rows: int, format: str) -> Iterator[Rows]:
    if ending(path) == ".parquet":
        with ParquetInput(path, given=True) as file:
            first = 0
            for table in file.batches(rows=rows):
                yield Rows.of_table(path, table, first=first)
                first += table.num_rows
    elif ending(path) == ".jsonl":
        yield from json_batches(path, found, rows=rows)
    elif format == "trec":
        yield read_collection(path, found)
    else:
        yield read_rows(path, found)


def _passages_of(
    rows: Rows, reading: Reading, *, format: str, found: Problems, told: bool
) -> pa.Table:
    own, fields = reading.of_table("passages"), passage_fields(reading.language, format)
    loose = format != "tables"
    table = to_schema(rows, PASSAGES, fields, reading=own, found=found, loose=loose, told=told)
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
