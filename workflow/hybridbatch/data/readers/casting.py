"""Casts without loss, from the columns of a file to the types of a schema.

What would lose something is noted as a problem, and a null stands in its place.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.data.readers.problems import MOST_SHOWN, Problems, short
from hybridbatch.data.readers.rows import Rows
from hybridbatch.schemas.schema import INT32, STRING, STRINGS, arrow_type

# Rows that are cast at a time: 32-bit offsets hold 2 GB of text.
_PIECE = 1 << 16
_INT32 = range(-(2**31), 2**31)
_NOT_READ = object()
_DIGITS = re.compile(r"\s*([+-]?[0-9]{1,18})(?:\.0+)?\s*")


def cast_column(
    rows: Rows, name: str, kind: str, *, numbers: bool, found: Problems
) -> pa.ChunkedArray:
    """A column of a file in the type of a schema; nulls stay, for the caller to judge.

    Args:
        rows: the file.
        name: the column's name in the file.
        kind: STRING, STRINGS or INT32 of `schemas.schema`. Taken for a text are all Arrow types of
            texts, and integers if `numbers`; for a number all integers, floats without a fraction,
            and in files of texts the digits of an integer; for lists all lists of texts, and a
            null for an empty one.
        numbers: whether integers are texts too, as for ids.
        found: takes the problems.
    """
    values = rows.columns[name]
    if isinstance(values, pa.ChunkedArray):
        return _of_arrow(rows, name, values, kind, numbers=numbers, found=found)
    if rows.texts and kind == STRINGS:
        found.add(
            f"{rows.path}: `{name}` is a list, and this format has none; use .jsonl or .parquet"
        )
        return pa.chunked_array([pa.nulls(rows.count, arrow_type(kind))])
    read = {STRING: _text, STRINGS: _texts, INT32: _integer}[kind]
    return _of_values(rows, name, values, kind, lambda value: read(value, rows, numbers), found)


# Python values: of JSON and CSV.


def _of_values(
    rows: Rows,
    name: str,
    values: Sequence[Any],
    kind: str,
    read: Callable[[Any], Any],
    found: Problems,
) -> pa.ChunkedArray:
    cast = [None if value is None else read(value) for value in values]
    broken = [row for row, value in enumerate(cast) if value is _NOT_READ]
    found.add_rows(
        (
            f"{rows.origin.at(row)}: `{name}` is {_shown(values[row])}; make it {_WANTED[kind]}"
            for row in broken
        ),
        count=len(broken),
    )
    for row in broken:
        cast[row] = None
    return pa.chunked_array([pa.array(cast, type=arrow_type(kind))])


def _text(value: Any, _: Rows, numbers: bool) -> Any:
    if isinstance(value, str):
        return value
    if numbers and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _NOT_READ


def _texts(value: Any, _: Rows, __: bool) -> Any:
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        return value
    return _NOT_READ


def _integer(value: Any, rows: Rows, _: bool) -> Any:
    if rows.texts and isinstance(value, str) and (digits := _DIGITS.fullmatch(value)):
        value = int(digits[1])
    if isinstance(value, bool):
        return _NOT_READ
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and value in _INT32 else _NOT_READ


_WANTED = {
    STRING: "a text, in quotation marks",
    STRINGS: "a list of texts",
    INT32: "a whole number below 2,147,483,648, such as 1",
}


def _shown(value: Any) -> str:
    return short(repr(value))


# Arrow columns: of Parquet, Arrow and saved datasets.


def _of_arrow(
    rows: Rows, name: str, column: pa.ChunkedArray, kind: str, *, numbers: bool, found: Problems
) -> pa.ChunkedArray:
    column = _decoded(column)
    type_ = column.type
    if pa.types.is_null(type_):
        return pa.chunked_array([pa.nulls(len(column), arrow_type(kind))])
    if kind == STRING and (_is_text(type_) or (numbers and pa.types.is_integer(type_))):
        return _in_pieces(column, pa.string())
    if kind == INT32 and (pa.types.is_integer(type_) or pa.types.is_floating(type_)):
        return _to_integers(rows, name, column, found)
    if kind == STRINGS and _is_list(type_):
        inner = type_.value_type
        if pa.types.is_dictionary(inner):
            inner = inner.value_type
        if _is_text(inner) or pa.types.is_null(inner):
            return _lists(rows, name, column, found)
    wanted = {STRING: "texts", INT32: "whole numbers", STRINGS: "lists of texts"}[kind]
    found.add(
        f"{rows.path}: column `{short(name)}` is {short(str(type_), 100)}; write it as {wanted}"
    )
    return pa.chunked_array([pa.nulls(len(column), arrow_type(kind))])


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column without dictionaries, extension types and run-end encoding."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array(
            [chunk.storage for chunk in column.chunks], column.type.storage_type
        )
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_run_end_encoded(column.type):
        column = pa.chunked_array(
            [pc.run_end_decode(chunk) for chunk in column.chunks], column.type.value_type
        )
    return column


def _is_text(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(type_)
        or pa.types.is_large_string(type_)
        or pa.types.is_string_view(type_)
    )


def _is_list(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(type_)
        or pa.types.is_large_list(type_)
        or pa.types.is_fixed_size_list(type_)
        or pa.types.is_list_view(type_)
        or pa.types.is_large_list_view(type_)
    )


def _in_pieces(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    pieces = [
        chunk.slice(start, _PIECE).cast(type_)
        for chunk in column.chunks
        for start in range(0, len(chunk), _PIECE)
    ]
    return pa.chunked_array(pieces, type_)


def _to_integers(
    rows: Rows, name: str, column: pa.ChunkedArray, found: Problems
) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int32())
    except pa.ArrowInvalid:
        values = column.to_pylist()
        return _of_values(
            rows, name, values, INT32, lambda value: _integer(value, rows, False), found
        )


def _lists(rows: Rows, name: str, column: pa.ChunkedArray, found: Problems) -> pa.ChunkedArray:
    """Lists of texts; a null among them is noted, a null list is an empty one."""
    lists: list[Any] = []
    for chunk in column.chunks:
        lists.extend(chunk.to_pylist())
    broken = [row for row, own in enumerate(lists) if own is not None and None in own]
    found.add_rows(
        (
            f"{rows.origin.at(row)}: `{name}` holds a null; remove it from the list"
            for row in broken[:MOST_SHOWN]
        ),
        count=len(broken),
    )
    for row in broken:
        lists[row] = None
    return pa.chunked_array([pa.array(lists, type=arrow_type(STRINGS))])
