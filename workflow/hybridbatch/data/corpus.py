"""Stage `corpus`: cut one file of a large corpus into shards of passages.

A shard is a Parquet file of the schema PASSAGES with a configured number of passages of one
language. A separate job encodes and indexes each shard. The stage reads the file in a stream, so
its memory does not grow with the corpus.
"""

import argparse
import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.table_writer import TableWriter, table_writer
from hybridbatch.data.readers.ids import known_language
from hybridbatch.data.readers.passages import passage_batches
from hybridbatch.data.readers.problems import Origin, Problems
from hybridbatch.data.readers.reading import AS_IT_IS, Reading
from hybridbatch.data.sources.miracl import Row, read_documents
from hybridbatch.data.sources.rowchecks import check_ids
from hybridbatch.schemas.passages import PASSAGES

# Passages that are read, checked and written together.
_BATCH = 8192
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """Which file of a corpus is cut, and how.

    Attributes:
        part: the name of the file in the results.
        kind: miracl, or parquet for own data.
        shard_passages: the number of passages in a shard.
        language: of a file of MIRACL; null for own files, where their name or each row tells it.
        reading: how the user's own data are read.
        format: of own files, such as tables or beir.
    """

    part: str
    kind: str
    shard_passages: int
    language: str | None = None
    reading: Reading = AS_IT_IS
    format: str = "tables"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage's paths."""
    parser.add_argument("--input", type=Path, required=True, help="one file of the corpus")
    parser.add_argument("--output", type=Path, required=True, help="folder of the shards")


def run(args: argparse.Namespace) -> None:
    """Cut one file of a corpus."""
    options = options_from_json(Options, args.options)
    if options.kind == "miracl":
        rows = read_documents(args.input, options.language or "")
        tables = _tables(rows)
    else:
        tables = passage_batches(args.input, _reading(options), format=options.format, rows=_BATCH)
    counts = cut(
        tables, args.output, part=options.part, size=options.shard_passages, origin=args.input
    )
    logger.info("%s: %s passages, %d shards", args.input, f"{sum(counts.values()):,}", len(counts))


def checked_tables(options: Options, path: Path) -> Iterator[pa.Table]:
    """The passages of a user's file, in tables of the schema PASSAGES with checked ids.

    Raises:
        HybridBatchError: as `cut`, or the file cannot be read.
    """
    first = 0
    for table in passage_batches(path, _reading(options), format=options.format, rows=_BATCH):
        _check(table, origin=_rows_from(path, first))
        first += table.num_rows
        yield table


def cut(
    tables: Iterable[pa.Table], folder: Path, *, part: str, size: int, origin: Path
) -> dict[str, int]:
    """Write the shards `{part}.{language}.{number}.parquet`: the complete folder or nothing.

    Args:
        tables: rows of the schema PASSAGES; their ids are checked.
        folder: the folder of the shards; the rows keep their order.
        part: the name of the part.
        size: passages in a shard; the last shard of a language has the rest.
        origin: the file that errors name.

    Returns:
        The number of passages of each shard, by name.

    Raises:
        HybridBatchError: an id or a language is wrong, or there are no passages.
    """
    counts: dict[str, int] = {}
    first = 0
    with atomic_folder(folder) as temporary, ExitStack() as files:
        cutters: dict[str, _Cutter] = {}
        for table in tables:
            _check(table, origin=_rows_from(origin, first))
            first += table.num_rows
            for language, rows in _by_language(table):
                if language not in cutters:
                    cutters[language] = _Cutter(temporary, f"{part}.{language}", size, counts)
                    files.enter_context(cutters[language].files)
                cutters[language].write(rows)
    if not counts:
        raise HybridBatchError(f"{origin}: no passages; download or build it again")
    return counts


class _Cutter:
    """Writes the passages of one language, one shard after the other."""

    def __init__(self, folder: Path, stem: str, size: int, counts: dict[str, int]) -> None:
        self.files = ExitStack()
        self._folder, self._stem, self._size, self._counts = folder, stem, size, counts
        self._written = 0
        self._writer: TableWriter | None = None

    def write(self, rows: pa.Table) -> None:
        while rows.num_rows:
            number, filled = divmod(self._written, self._size)
            name = f"{self._stem}.{number:04d}"
            if self._writer is None or not filled:
                self.files.close()
                path = self._folder / f"{name}.parquet"
                self._writer = self.files.enter_context(
                    table_writer(path, PASSAGES, row_group=_BATCH)
                )
            taken = rows.slice(0, self._size - filled)
            self._writer.write(taken)
            self._counts[name] = filled + taken.num_rows
            self._written += taken.num_rows
            rows = rows.slice(taken.num_rows)


def _tables(rows: Iterator[Row]) -> Iterator[pa.Table]:
    """The rows as tables of at most `_BATCH` rows."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield pa.Table.from_pylist(batch, schema=PASSAGES.arrow)
            batch = []
    if batch:
        yield pa.Table.from_pylist(batch, schema=PASSAGES.arrow)


def _reading(options: Options) -> Reading:
    """How own passages are read; the name of a file or folder may tell the language."""
    if options.reading.language or not options.language:
        return options.reading
    return replace(options.reading, language=known_language(options.language))


def _rows_from(path: Path, first: int) -> Origin:
    return Origin(str(path), lambda row: f"row {first + row}")


def _check(table: pa.Table, *, origin: Origin) -> None:
    found = Problems()
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    check_ids(frame, "passage_id", origin=origin, found=found)
    found.raise_any()


def _by_language(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each language, in their order; a table nearly always has one language."""
    languages = table["language"].unique().to_pylist()
    for language in languages:
        if len(languages) == 1:
            yield language, table
        else:
            yield language, table.filter(pc.equal(table["language"], language))
