"""Writes a Parquet file table by table, so that memory does not grow with it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa

from hybridbatch.common.parquet import parquet_writer
from hybridbatch.common.tables import check_table
from hybridbatch.schemas.schema import Schema

# Rows that are collected before they are written as one row group.
ROW_GROUP = 1 << 17


class TableWriter:
    """Appends tables of one schema to one Parquet file, each checked."""

    def __init__(self, path: Path, schema: Schema, *, row_group: int = ROW_GROUP) -> None:
        self._path, self._schema, self._row_group = path, schema, row_group
        self._waiting: list[pa.Table] = []
        self._stack = ExitStack()
        self._file = self._stack.enter_context(parquet_writer(path, schema.arrow))

    def write(self, table: pa.Table) -> None:
        """Append `table`; it reaches the disk with the next full row group.

        Raises:
            HybridBatchError: the table breaks the schema.
        """
        check_table(table, self._schema, origin=str(self._path))
        self._waiting.append(table)
        if sum(waiting.num_rows for waiting in self._waiting) >= self._row_group:
            self._flush()

    def close(self) -> None:
        """Write the remaining rows and close the file."""
        self._flush()
        self._stack.close()

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(pa.concat_tables(self._waiting), row_group_size=self._row_group)
            self._waiting.clear()


@contextmanager
def table_writer(
    path: Path, schema: Schema, *, row_group: int = ROW_GROUP
) -> Iterator[TableWriter]:
    """Yield a `TableWriter`, and close its file; meant for files in an `atomic_folder`."""
    writer = TableWriter(path, schema, row_group=row_group)
    try:
        yield writer
    finally:
        writer.close()
