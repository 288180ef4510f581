"""Opens all Parquet files of the project, so that damage is an error and not wrong numbers.

Two checks cover a file. Every page carries a CRC-32, which Parquet provides for and pyarrow
verifies. The footer has none, and one flipped bit in it can shift a column; `seal` therefore puts
a SHA-256 of the footer into 40 bytes before it. Parquet's readers find the footer from the end of
the file and never look there. A file without one of these checksums is read without that check.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from hybridbatch.common.artifacts import damaged
from hybridbatch.common.records import parquet_metadata

if TYPE_CHECKING:
    import polars as pl

# Rows that are in memory at a time when a file is read in pieces.
BATCH = 1 << 16
_SEAL = b"HBFOOT1\n"
_DIGEST = 32
_MAGIC = b"PAR1"
T = TypeVar("T")


@contextmanager
def parquet_writer(
    path: Path, schema: pa.Schema, *, compression: str = "zstd", use_dictionary: bool = True
) -> Iterator[pq.ParquetWriter]:
    """Yield a writer of a new file with page checksums; the footer is sealed at the end.

    Within `records.making` the footer holds the record of what made the file.
    """
    schema = schema.with_metadata(parquet_metadata())
    options = {"compression": compression, "use_dictionary": use_dictionary}
    with pq.ParquetWriter(path, schema, write_page_checksum=True, **options) as writer:
        yield writer
    seal(path)


def seal(path: Path) -> None:
    """Put the digest of the footer before it; the file must be complete, without a digest."""
    with path.open("r+b") as file:
        start, footer = _footer(file)
        file.seek(start)
        file.write(_SEAL + hashlib.sha256(footer).digest() + footer)


class ParquetInput:
    """An open Parquet file; everything that is read from it is checked.

    Args:
        path: the file.
        given: whether it is a user's own file; one of `results/` can be made again.

    Raises:
        HybridBatchError: the file is damaged, now or when it is read.
    """

    def __init__(self, path: Path, *, given: bool = False) -> None:
        self._path, self._given = path, given
        self._file: pq.ParquetFile = self._guarded(self._opened)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema."""
        return self._guarded(lambda: self._file.schema_arrow)

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """The key-value metadata of the footer."""
        return dict(self._file.metadata.metadata or {})

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self._file.metadata.num_rows)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of some columns, in the order in which they are named; None for all columns."""
        names = None if columns is None else list(columns)
        table = self._guarded(lambda: self._file.read(names))
        table = table.replace_schema_metadata(None)  # the record describes the file, not the rows
        return table if names is None else table.select(names)

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int = BATCH
    ) -> Iterator[pa.Table]:
        """The rows in pieces of at most `rows`, so that memory does not grow with the file."""
        names = None if columns is None else list(columns)
        pieces = self._guarded(lambda: self._file.iter_batches(rows, columns=names))
        # Only the reading is guarded: errors of the caller between two pieces are not damage.
        while (batch := self._guarded(lambda: next(pieces, None))) is not None:
            table = pa.Table.from_batches([batch]).replace_schema_metadata(None)
            yield table if names is None else table.select(names)

    def __enter__(self) -> ParquetInput:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _opened(self) -> pq.ParquetFile:
        with self._path.open("rb") as file:
            start, footer = _footer(file)
            file.seek(max(0, start - len(_SEAL) - _DIGEST))
            found = file.read(len(_SEAL) + _DIGEST)
        if found.startswith(_SEAL) and found[len(_SEAL) :] != hashlib.sha256(footer).digest():
            raise pa.ArrowInvalid("the footer is not the one that was written")
        return pq.ParquetFile(self._path, page_checksum_verification=True)

    def _guarded(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except MemoryError:
            raise  # pyarrow's MemoryError is an ArrowException too
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of the system: no permission, too many open files
            raise damaged(self._path, _reason(error), given=self._given) from error


def frames(
    files: Iterable[Path], columns: Sequence[str], *, rows: int = BATCH
) -> Iterator[pl.DataFrame]:
    """Some columns of files in pieces of at most `rows` rows, at least one piece for each file.

    Use this instead of the Parquet reader of polars, which does not verify checksums.
    """
    import polars as pl  # many stages read tables without it, and it takes a quarter of a second

    for path in files:
        with ParquetInput(path) as file:
            empty = True
            for table in file.batches(columns, rows=rows):
                empty = False
                yield pl.DataFrame(table)
            if empty:
                yield pl.DataFrame(file.read(columns))


def check_pages(path: Path) -> None:
    """Read a whole file and compare each page and the footer with their checksums.

    Raises:
        HybridBatchError: the file is damaged.
    """
    with ParquetInput(path) as file:
        for _ in file.batches():
            pass


def _footer(file: BinaryIO) -> tuple[int, bytes]:
    """Where the footer begins, and its bytes to the end of the file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    tail = file.read()
    length = int.from_bytes(tail[:4], "little") + 8
    if not tail.endswith(_MAGIC) or length + len(_MAGIC) > size:
        raise pa.ArrowInvalid(f"not a whole Parquet file ({size:,} bytes)")
    file.seek(size - length)
    return size - length, file.read()


def _reason(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
