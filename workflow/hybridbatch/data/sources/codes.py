"""Gives each language of a user's table its one code (see `common.languages`).

`zh-CN` becomes `zh-Hans` in the column `language` and in front of the ids. A table that has only
such codes stays as it is.
"""

import logging
from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from hybridbatch.common.languages import canonical, english_name

logger = logging.getLogger(__name__)


def with_one_code(table: pa.Table, *, ids: Sequence[str] = (), origin: str) -> pa.Table:
    """The table with one code for each language; a line in the log says what was replaced.

    Args:
        table: rows of pairs, queries, passages or qrels, of the types of their schema.
        ids: the columns of ids, which begin with a code and `:`.
        origin: the file that the log names.

    Returns:
        A table with the same columns and types. What is no code stays; other checks refuse it.
    """
    codes: dict[str, str] = {}
    columns = [*(["language"] if "language" in table.column_names else []), *ids]
    for column in columns:
        values = pl.Series(table[column])
        if column in ids:
            values = values.str.extract(r"^([^:]*):")
        others = _others(values)
        if not others:
            continue
        codes |= others
        replaced = pl.Series(table[column])
        if column in ids:
            rest = replaced.str.slice(values.str.len_chars())
            replaced = values.replace(others) + rest
            replaced = replaced.fill_null(pl.Series(table[column]))
        else:
            replaced = replaced.replace(others)
        field = table.schema.field(column)
        new = replaced.to_arrow().cast(field.type)
        table = table.set_column(table.schema.get_field_index(column), field, new)
    for given, code in sorted(codes.items()):
        logger.info("%s: language %s is read as %s (%s)", origin, given, code, english_name(code))
    return table


def _others(values: pl.Series) -> dict[str, str]:
    """The codes among the values that are not the one code of their language, with that code."""
    found = {str(value): canonical(str(value)) for value in values.unique().drop_nulls()}
    return {given: code for given, code in found.items() if code is not None and code != given}
