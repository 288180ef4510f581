"""The rows of one file, in whatever format, with the place of each row in the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.problems import Origin


@dataclass(frozen=True)
class Rows:
    """The columns of a file as they are in it.

    Attributes:
        path: the file, or the folder of a saved dataset.
        columns: Arrow columns of any type, or lists of Python values (None where a row of JSON
            lacks the key); all of `count` values.
        count: the number of rows.
        lines: the number of each row's first line, from 1; None for formats without lines, whose
            rows count from 0.
        places: the place of each row, for formats of another structure.
        texts: whether every value is a text, as in CSV, so that numbers are written as texts.
    """

    path: Path
    columns: Mapping[str, Sequence[Any] | pa.ChunkedArray]
    count: int
    lines: Sequence[int] | None = None
    places: Sequence[str] = ()
    texts: bool = False

    @classmethod
    def of_table(cls, path: Path, table: pa.Table, *, first: int = 0) -> "Rows":
        """Rows of an Arrow table; `first` is the number of its first row in the file.

        Raises:
            HybridBatchError: a column occurs twice.
            pyarrow.ArrowInvalid: a text is not UTF-8, or offsets or indices lie outside.
        """
        names = table.column_names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise HybridBatchError(f"{path}: column {twice[0]!r} occurs twice; keep one of them")
        table.validate(full=True)
        columns = dict(zip(names, table.columns, strict=True))
        places = tuple(f"row {first + row}" for row in range(table.num_rows)) if first else ()
        return cls(path, columns, table.num_rows, places=places)

    @property
    def origin(self) -> Origin:
        """Names the file and its rows in messages."""
        lines = self.lines
        if self.places:
            return Origin(str(self.path), self.places.__getitem__)
        if lines is None:
            return Origin(str(self.path))
        return Origin(str(self.path), lambda row: f"line {lines[row]}")
