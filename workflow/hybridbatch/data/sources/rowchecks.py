"""Find the first row of a table that breaks a rule, and name it in a one-line error."""

import polars as pl

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import is_code, refusal


def require(table: pl.DataFrame, rule: pl.Expr, problem: str, *, origin: str) -> None:
    """Check that `rule` holds in every row.

    Args:
        table: the rows, in the order of the file.
        rule: a boolean expression over its columns; null counts as broken.
        problem: the problem and the remedy, as a format string with the columns of the row.
        origin: the file that the message names.

    Raises:
        HybridBatchError: a row breaks the rule; the message names the file and the first such row,
            counted from 0.
    """
    broken = table.with_row_index("row").filter(~rule.fill_null(value=False)).head(1)
    for row in broken.iter_rows(named=True):
        raise HybridBatchError(f"{origin}: row {row['row']}: {problem.format(**row)}")


def require_rows(table: pl.DataFrame, *, origin: str) -> None:
    """Check that there is at least one row."""
    if table.is_empty():
        raise HybridBatchError(f"{origin}: no rows; it should hold at least one")


def require_text(table: pl.DataFrame, *columns: str, origin: str) -> None:
    """Check that no value of the columns is empty or white space only."""
    for column in columns:
        rule = pl.col(column).str.strip_chars() != ""
        require(table, rule, f"`{column}` is blank; give it a text or drop the row", origin=origin)


def require_language(table: pl.DataFrame, *, origin: str) -> None:
    """Check that `language` is the one code of a language, such as `en` or `zh-Hans`.

    `codes.with_one_code` has replaced the other codes of a language before.
    """
    codes = table["language"].unique()
    wrong = [code for code in codes.drop_nulls() if not is_code(code)]
    rule = ~pl.col("language").is_in(wrong)
    for code in _first(table, ~rule.fill_null(value=False)):
        problem = "`language`: " + refusal(code).replace("{", "{{").replace("}", "}}")
        require(table, rule, problem, origin=origin)


def _first(table: pl.DataFrame, broken: pl.Expr) -> list[str | None]:
    return table.filter(broken).head(1)["language"].to_list()


def check_ids(table: pl.DataFrame, column: str, *, origin: str) -> None:
    """Check that `column` is `{language}:{original id}` with the row's language, without spaces.

    Raises:
        HybridBatchError: an id is wrong; the message names `origin` and the first such row, counted
            from 0.
    """
    require_language(table, origin=origin)
    prefix = pl.col("language") + ":"
    rule = pl.col(column).str.starts_with(prefix) & (pl.col(column) != prefix)
    problem = f"`{column}` is {{{column}!r}}; write `{{language}}:` and the original id"
    require(table, rule, problem, origin=origin)
    problem = f"`{column}` {{{column}!r}} holds white space; TREC files do not allow it, remove it"
    require(table, ~pl.col(column).str.contains(r"\s"), problem, origin=origin)
