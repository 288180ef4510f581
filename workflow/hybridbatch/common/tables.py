"""Reads and writes Parquet files, each checked against its schema."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.artifacts import atomic_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.parquet import ParquetInput, parquet_writer
from hybridbatch.schemas.schema import (
    INT32S,
    STRING,
    STRINGS,
    VECTOR,
    Schema,
    arrow_type,
    element_of,
)


def table_from_rows(rows: Sequence[Mapping[str, Any]], schema: Schema) -> pa.Table:
    """An Arrow table of `schema` from dictionaries; a key that the schema lacks is an error."""
    unknown = sorted({key for row in rows for key in row} - set(schema.columns))
    if unknown:
        raise HybridBatchError(f"{schema.name}: the schema has no column {', '.join(unknown)}")
    return pa.Table.from_pylist(list(rows), schema=schema.arrow)


def write_table(table: pa.Table, path: Path, schema: Schema) -> None:
    """Check `table` against `schema` and write it, whole or not at all.

    Within `records.making` the file carries the record of what made it.

    Raises:
        HybridBatchError: a column is missing, superfluous, of another type or holds a null; a key
            occurs twice.
    """
    table = table.combine_chunks()
    check_table(table, schema, origin=str(path))
    with (
        atomic_file(path) as temporary,
        parquet_writer(temporary, table.schema) as writer,
    ):
        writer.write_table(table)


def read_table(
    path: Path, schema: Schema, *, columns: Sequence[str] | None = None, given: bool = False
) -> pa.Table:
    """Read a Parquet file, or a folder of shards and its subfolders in name order, and check it.

    Args:
        path: the file or folder.
        schema: the schema of its rows.
        columns: the columns to read; None for all.
        given: whether it is a user's file: errors then advise to restore it, not to make it again.

    Raises:
        HybridBatchError: the file is missing, is damaged or not Parquet, or breaks the schema.
    """
    files = parquet_files(path)
    if not files:
        raise HybridBatchError(f"{path}: the folder holds no .parquet file")
    return pa.concat_tables(
        [_read_file(file, schema, columns=columns, given=given) for file in files]
    )


def parquet_files(path: Path) -> list[Path]:
    """The file, or all files below a folder in name order, except hidden (unfinished) ones."""
    if not path.is_dir():
        return [path]
    found = path.rglob("*.parquet")
    return sorted(f for f in found if not any(p[0] == "." for p in f.relative_to(path).parts))


def check_table(table: pa.Table, schema: Schema, *, origin: str) -> None:
    """Check columns, types, nulls and the uniqueness of the key; `origin` is named in errors."""
    _check_columns(table.schema, schema, origin=origin)
    for name, _ in schema.fields:
        column = table.column(name)
        if name not in schema.nullable and column.null_count:
            row = pc.index(pc.is_null(column), value=True).as_py()
            raise HybridBatchError(f"{origin}: row {row}: `{name}` is null; give it a value")
    if schema.key:
        _check_key(table, schema, origin=origin)


def check_file(path: Path, schema: Schema) -> None:
    """Check that a file of `results/` is there, is Parquet and has the columns of `schema`.

    Raises:
        HybridBatchError: it is missing, is damaged or has other columns.
    """
    with _open_file(path, schema, given=False):
        pass


@contextmanager
def _open_file(file: Path, schema: Schema, *, given: bool) -> Iterator[ParquetInput]:
    if not file.is_file():
        raise HybridBatchError(f"{file}: no such file; it should hold {schema.name}")
    with ParquetInput(file, given=given) as opened:
        _check_columns(opened.schema, schema, origin=str(file))
        yield opened


def _read_file(
    file: Path, schema: Schema, *, columns: Sequence[str] | None, given: bool
) -> pa.Table:
    with _open_file(file, schema, given=given) as opened:
        return opened.read(columns)


def _check_columns(found: pa.Schema, schema: Schema, *, origin: str) -> None:
    missing = [name for name in schema.columns if name not in found.names]
    extra = [name for name in found.names if name not in schema.columns]
    if missing or extra:
        raise HybridBatchError(
            f"{origin}: columns of {schema.name} are {', '.join(schema.columns)}; "
            f"missing: {', '.join(missing) or 'none'}, unexpected: {', '.join(extra) or 'none'}"
        )
    for name, wanted in schema.fields:
        kind = found.field(name).type
        if not _same_type(kind, wanted):
            raise HybridBatchError(
                f"{origin}: column `{name}` of {schema.name} is {kind}, expected {wanted}"
            )


def _same_type(kind: pa.DataType, wanted: str) -> bool:
    if wanted == VECTOR:
        return bool(
            pa.types.is_fixed_size_list(kind) and kind.value_type in (pa.float32(), pa.float16())
        )
    if wanted in (STRINGS, INT32S):
        # Writers differ in the name of a list's inner field, which carries no meaning.
        is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        return is_list and _same_type(kind.value_type, element_of(wanted))
    if wanted == STRING:
        return kind in (pa.string(), pa.large_string())  # polars writes large_string
    return bool(kind == arrow_type(wanted))


def _check_key(table: pa.Table, schema: Schema, *, origin: str) -> None:
    counts = (
        table.select(list(schema.key)).group_by(list(schema.key)).aggregate([([], "count_all")])
    )
    if counts.num_rows == table.num_rows:
        return
    twice = counts.filter(pc.greater(counts["count_all"], 1)).slice(0, 1).to_pylist()[0]
    key = ", ".join(f"{name}={twice[name]!r}" for name in schema.key)
    raise HybridBatchError(
        f"{origin}: {key} occurs {twice['count_all']} times in {schema.name}; it must be unique"
    )
