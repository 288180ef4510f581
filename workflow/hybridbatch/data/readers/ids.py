"""Ids of queries and passages: the language of the row stands before them."""

import polars as pl

from hybridbatch.common.languages import canonical, english_name
from hybridbatch.data.readers.layouts import LANGUAGE

# What stands before the first colon of an id, if it has the form of a language.
_BEFORE = f"^({LANGUAGE.pattern}):"


def known_language(word: str) -> str:
    """The code of the language that a word names; empty if CLDR names none, as for `dev.json`."""
    code = canonical(word)
    return code if code and english_name(code) is not None else ""


def prefixed(table: pl.DataFrame, column: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The table with the language before each id that lacks it, and what each id became.

    An id that begins with another language stays, for the check of ids to refuse.

    Returns:
        The table, and a table of the ids of the file (`given`) and the new ones (`id`).
    """
    prefix = pl.col("language") + ":"
    before = table[column].str.extract(_BEFORE, 1)
    languages = [word for word in before.drop_nulls().unique() if known_language(word)]
    stays = pl.col(column).str.starts_with(prefix) | before.is_in(languages).fill_null(value=False)
    whole = pl.when(stays).then(pl.col(column)).otherwise(prefix + pl.col(column))
    changed = table.with_columns(whole.alias(column))
    ids = pl.DataFrame({"given": table[column], "id": changed[column]}).drop_nulls().unique()
    return changed, ids
