"""One table of a schema from files of any format: columns found by name, cast, and completed."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.arrowrows import read_arrow, read_dataset, read_parquet
from hybridbatch.data.readers.casting import cast_column
from hybridbatch.data.readers.csvrows import SEPARATORS, read_separated
from hybridbatch.data.readers.jsonrows import read_json
from hybridbatch.data.readers.layouts import ARROW, JSON, PARQUET, is_dataset
from hybridbatch.data.readers.problems import MOST_SHOWN, Problems, listed, short
from hybridbatch.data.readers.reading import Reading
from hybridbatch.data.readers.rows import Rows
from hybridbatch.data.readers.textlines import ending
from hybridbatch.data.readers.unread import instead
from hybridbatch.data.sources.codes import with_one_code
from hybridbatch.schemas.schema import STRING, STRINGS, Schema

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Field:
    """How a column of a schema is found in a file.

    Attributes:
        name: in the schema.
        aliases: the names that known formats have for it, in the order of preference.
        number: whether an integer is as good as a text, as for ids.
        default: the column for files without it, from the columns before it and the number of rows;
            its value also stands for a null. None if the column is required.
    """

    name: str
    aliases: tuple[str, ...] = ()
    number: bool = False
    default: Callable[[Mapping[str, pa.ChunkedArray], int], pa.Array | pa.ChunkedArray] | None = (
        None
    )


def constant(value: str) -> Callable[[Mapping[str, pa.ChunkedArray], int], pa.Array]:
    """The default of a column: `value` in every row."""
    return lambda _, count: pa.repeat(pa.scalar(value), count)


def same_as(name: str) -> Callable[[Mapping[str, pa.ChunkedArray], int], pa.ChunkedArray]:
    """The default of a column: the value of another column."""
    return lambda columns, _: columns[name]


def read_rows(path: Path, found: Problems, *, header: Sequence[str] = ()) -> Rows:
    """The rows of a file, or of a saved dataset's folder, by the ending of its name.

    Raises:
        HybridBatchError: it is missing, damaged, or of no known format.
    """
    kind = ending(path)
    if is_dataset(path):
        return read_dataset(path)
    if kind in SEPARATORS:
        return read_separated(path, found, header=header)
    if kind in JSON:
        return read_json(path, found)
    if kind in PARQUET:
        return read_parquet(path)
    if kind in ARROW:
        return read_arrow(path)
    endings = ", ".join((*PARQUET, *ARROW, *JSON, *SEPARATORS))
    other = instead(path) or f"data are read from {endings}; give it such an ending"
    raise HybridBatchError(f"{path}: {other}")


# The ids that may begin with a language.
_WITH_LANGUAGE = ("query_id", "passage_id")


def to_schema(
    rows: Rows,
    schema: Schema,
    fields: Sequence[Field],
    *,
    reading: Reading,
    found: Problems,
    loose: bool = False,
    told: bool = True,
) -> pa.Table:
    """The rows as a table with the columns of a schema; a null stands for what is noted.

    Args:
        rows: the file.
        schema: names and types of the columns.
        fields: one for each column, in an order in which defaults find what they copy.
        reading: the names of columns in the file.
        found: takes the problems.
        loose: leave columns of other names unread, as formats with further columns of their own
            allow; they are also left unread if `reading` names any column.
        told: whether the log says which columns are read under another name, or left unread.
    """
    if not rows.count:
        return schema.arrow.empty_table()
    chosen = _chosen(rows, fields, reading=reading, loose=loose)
    if told:
        _log_names(rows, chosen)
    kinds = dict(schema.fields)
    columns: dict[str, pa.ChunkedArray] = {}
    for field in fields:
        kind, own = kinds[field.name], chosen.get(field.name)
        if own is None:
            assert field.default is not None
            columns[field.name] = _chunked(field.default(columns, rows.count))
            continue
        column = cast_column(rows, own, kind, numbers=field.number, found=found)
        if rows.texts and kind == STRING and field.default is not None:
            # Files of texts have no null; an empty optional value stands for it.
            column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
        if field.default is None:
            _note_nulls(rows, own, column, found)
        elif column.null_count:
            column = _filled(column, _chunked(field.default(columns, rows.count)), kind)
        columns[field.name] = column
    table = pa.table([columns[name] for name in schema.columns], names=list(schema.columns))
    ids = [name for name in _WITH_LANGUAGE if name in schema.columns]
    return with_one_code(table, ids=ids, origin=str(rows.path))


def _chosen(
    rows: Rows, fields: Sequence[Field], *, reading: Reading, loose: bool
) -> dict[str, str]:
    """The file's column of each field that it has.

    Raises:
        HybridBatchError: required columns are missing, or the file has unknown ones.
    """
    given, names = reading.names, [field.name for field in fields]
    chosen = {}
    for field in fields:
        if field.name in given:
            wanted: tuple[str, ...] = (given[field.name],)
        else:
            wanted = (field.name, *field.aliases)
        own = next((name for name in wanted if name in rows.columns), None)
        if own is not None:
            chosen[field.name] = own
        elif field.name in given:
            raise HybridBatchError(
                f"{rows.path}: no column {given[field.name]!r} for `{field.name}`; "
                f"its columns are {listed(rows.columns)}"
            )
    lost = [field.name for field in fields if field.default is None and field.name not in chosen]
    extra = [name for name in rows.columns if name not in chosen.values()]
    unread = loose or bool(given)
    if lost or (extra and not unread):
        shown = "none" if unread else listed(extra)
        other = ", or set `language`" if "language" in lost else ""
        raise HybridBatchError(
            f"{rows.path}: columns are {', '.join(names)}; missing: {listed(lost)}, "
            f"unexpected: {shown}; name the file's own columns in `columns`{other}"
            f"{_found_instead(rows, extra) if lost and unread else ''}"
        )
    return chosen


def _log_names(rows: Rows, chosen: Mapping[str, str]) -> None:
    if extra := [name for name in rows.columns if name not in chosen.values()]:
        logger.info("%s: columns left unread: %s", rows.path, listed(extra))
    renamed = [f"{name} from {short(own, 40)}" for name, own in chosen.items() if own != name]
    if renamed:
        logger.info("%s: %s", rows.path, ", ".join(renamed))


def _found_instead(rows: Rows, extra: Sequence[str]) -> str:
    return f" (it has {listed(extra)})" if extra else ""


def _note_nulls(rows: Rows, name: str, column: pa.ChunkedArray, found: Problems) -> None:
    """Note the nulls that the file has; nulls of the cast were noted there."""
    if not column.null_count:
        return
    values = rows.columns[name]
    if isinstance(values, pa.ChunkedArray):
        if pa.types.is_null(values.type):
            broken = list(range(rows.count))
        else:
            broken = [row for row, null in enumerate(values.is_null().to_pylist()) if null]
    else:
        broken = [row for row, value in enumerate(values) if value is None]
    found.add_rows(
        (f"{rows.origin.at(r)}: `{name}` is null; give it a value" for r in broken[:MOST_SHOWN]),
        count=len(broken),
    )


def _filled(column: pa.ChunkedArray, default: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    if kind != STRINGS:
        return pc.coalesce(column, default)
    lists = [own if own is not None else [] for own in column.to_pylist()]
    return pa.chunked_array([pa.array(lists, type=column.type)])


def _chunked(column: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
