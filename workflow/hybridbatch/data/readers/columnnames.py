"""The names of columns that the key `columns` of a config, and `--columns`, may give.

The workflow imports this before any stage runs, so the module imports no large library.
"""

from collections.abc import Iterable

from hybridbatch.common.suggest import did_you_mean
from hybridbatch.schemas.pairs import PAIRS
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES


def known_columns() -> tuple[str, ...]:
    """The names that `columns` may have: those of pairs, and those of sets as `queries.text`."""
    tables = (QUERIES, PASSAGES, QRELS)
    return (*PAIRS.columns, *(f"{table.name}.{name}" for table in tables for name in table.columns))


def unknown_column(names: Iterable[str]) -> str | None:
    """Problem and remedy of the first name that `columns` may not have; None if all are known."""
    for name in names:
        if name not in (known := known_columns()):
            meant = did_you_mean(name, known) or f"; the names are {', '.join(known)}"
            return f"no column is called {name!r}{meant}"
    return None
