"""Find the rows of a table that break a rule, and name each in one line.

A null in a column that a rule uses stands for a value that was already reported.
"""

import polars as pl

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import is_code, refusal
from hybridbatch.data.readers.problems import MOST_SHOWN, Origin, Problems, short


def require(
    table: pl.DataFrame, rule: pl.Expr, problem: str, *, origin: Origin, found: Problems
) -> None:
    """Note every row in which `rule` does not hold.

    Args:
        table: the rows, in the order of the file.
        rule: a boolean expression over its columns.
        problem: the problem and the remedy, as a format string with the columns of the row.
        origin: the file that the message names, and the places of its rows.
        found: takes the problems.
    """
    broken = table.with_row_index("row").filter(~rule.fill_null(value=True))
    texts = (
        f"{origin.at(row['row'])}: {problem.format(**{k: _short(v) for k, v in row.items()})}"
        for row in broken.head(MOST_SHOWN).iter_rows(named=True)
    )
    found.add_rows(texts, count=broken.height)


def require_rows(table: pl.DataFrame, *, origin: str) -> None:
    """Check that there is at least one row."""
    if table.is_empty():
        raise HybridBatchError(f"{origin}: no rows; it should hold at least one")


def require_text(table: pl.DataFrame, *columns: str, origin: Origin, found: Problems) -> None:
    """Note the values of the columns that are empty or white space only."""
    for column in columns:
        rule = pl.col(column).str.strip_chars() != ""
        problem = f"`{column}` is blank; give it a text or drop the row"
        require(table, rule, problem, origin=origin, found=found)


def require_language(table: pl.DataFrame, *, origin: Origin, found: Problems) -> None:
    """Note each `language` that is not the one code of a language, such as `en` or `zh-Hans`.

    `codes.with_one_code` has replaced the other codes of a language before.
    """
    codes = table["language"].unique(maintain_order=True).drop_nulls()
    wrong = [code for code in codes if not is_code(code)]
    # A reason costs a search for the code that was meant; those that are not shown need none.
    for code in wrong[:MOST_SHOWN]:
        problem = "`language`: " + refusal(code).replace("{", "{{").replace("}", "}}")
        require(table, pl.col("language") != code, problem, origin=origin, found=found)
    rest = table["language"].is_in(wrong[MOST_SHOWN:]).sum()
    found.add_rows((), count=int(rest))


def require_unique(table: pl.DataFrame, *key: str, origin: Origin, found: Problems) -> None:
    """Note the rows whose key an earlier row has."""
    known = table.with_row_index("row").drop_nulls(list(key))
    again = known.filter(~pl.struct(key).is_first_distinct())
    first = dict.fromkeys(key, "")
    texts = []
    for row in again.head(MOST_SHOWN).iter_rows(named=True):
        first = {name: row[name] for name in key}
        same = pl.all_horizontal(pl.col(name) == value for name, value in first.items())
        number = known.filter(same).height
        where = int(known.filter(same)["row"][0])
        named = ", ".join(f"{name}={_short(value)!r}" for name, value in first.items())
        texts.append(
            f"{origin.at(row['row'])}: {named} occurs {number} times, first in "
            f"{origin.place_of(where)}; it must be unique"
        )
    found.add_rows(texts, count=again.height)


def check_ids(table: pl.DataFrame, column: str, *, origin: Origin, found: Problems) -> None:
    """Note each id that is not `{language}:{original id}` of its row's language, without spaces."""
    require_language(table, origin=origin, found=found)
    prefix = pl.col("language") + ":"
    rule = pl.col(column).str.starts_with(prefix) & (pl.col(column) != prefix)
    problem = f"`{column}` is {{{column}!r}}; write `{{language}}:` and the original id"
    require(table, rule, problem, origin=origin, found=found)
    problem = f"`{column}` {{{column}!r}} holds white space; TREC files do not allow it, remove it"
    rule = ~pl.col(column).str.contains(r"\s")
    require(table, rule, problem, origin=origin, found=found)


def _short(value: object) -> object:
    return short(value) if isinstance(value, str) else value
