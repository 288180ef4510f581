"""What the config or the command line says of the user's own data.

The workflow imports this before any stage runs, so the module imports no large library.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

# How `format` may be set; without it, the files tell.
FORMATS = ("table", "tables", "beir", "mteb", "trec", "squad")
# The keys of an entry of `sources` and `benchmarks` that say how its `path` is read.
KEYS = ("format", "columns", "language", "split")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How data are read.

    Attributes:
        format: one of `FORMATS`; empty if the files tell.
        columns: (name here, name in the file) of columns that the file calls otherwise; if any is
            given, further columns of the file are left unread.
        language: of all rows of a file that does not state it.
        split: the judgements of a BEIR or mteb folder, or the split of a saved dataset; empty for
            `test` (of pairs `train`, if it is there), or the only one.
    """

    format: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    language: str = ""
    split: str = ""

    def of_table(self, table: str) -> "Reading":
        """The same for one table of a retrieval set, whose columns are named `queries.text`."""
        own = [
            (k.removeprefix(f"{table}."), v) for k, v in self.columns if k.startswith(f"{table}.")
        ]
        return replace(self, columns=tuple(own))

    @property
    def names(self) -> dict[str, str]:
        """The name in the file, by the name here."""
        return dict(self.columns)


AS_IT_IS = Reading()  # the files tell everything


def of_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the class `Reading` that an entry of the config sets, as JSON values."""
    found = {key: entry[key] for key in KEYS if key in entry}
    if "columns" in found:
        found["columns"] = [list(pair) for pair in sorted(found["columns"].items())]
    return found
