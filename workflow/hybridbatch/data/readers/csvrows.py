"""Rows from text with separators, in the grammar of RFC 4180 for `.csv`.

A library's reader would skip, fill up or join lines. Here an error names its line.
"""

import csv
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.problems import Problems
from hybridbatch.data.readers.rows import Rows
from hybridbatch.data.readers.textlines import decoded, ending, numbered_lines

SEPARATORS = {".csv": ",", ".tsv": "\t"}
# The largest size that every platform's C long takes; the library's default is 131,072 characters.
_FIELD = min(sys.maxsize, 2**31 - 1)
logger = logging.getLogger(__name__)


def read_separated(path: Path, found: Problems, *, header: Sequence[str] = ()) -> Rows:
    """The rows of a `.csv` or `.tsv` file, plain or gzip, below its header.

    In `.csv` quotation marks enclose a text, which may have several lines; in `.tsv` they are text.
    Blank lines are skipped. Rows with another number of columns than the header are noted in
    `found` and left out.

    Args:
        path: the file, in UTF-8.
        found: takes the problems.
        header: the names of the columns of a file without a header.

    Raises:
        HybridBatchError: the file is missing, is not UTF-8, has no header, or its header names a
            column twice.
    """
    names = list(header)
    lines: list[int] = []
    columns: list[list[str]] = [[] for _ in names]
    for line, values in _records(path, found):
        if not names:
            names = _checked_header(values, path)
            columns = [[] for _ in names]
        elif len(values) != len(names):
            found.add(
                f"{path}: line {line} has {len(values)} columns, the header {len(names)}; "
                f"look for a separator or quotation mark inside a text"
            )
        else:
            lines.append(line)
            for column, value in zip(columns, values, strict=True):
                column.append(value)
    if not names and not found:
        raise HybridBatchError(f"{path}: no header; its first line should name the columns")
    _warn_of_swallowed(path, columns, lines)
    return Rows(path, dict(zip(names, columns, strict=True)), len(lines), lines=lines, texts=True)


def _records(path: Path, found: Problems) -> Iterator[tuple[int, list[str]]]:
    """The records of a file, each with the number of its first line; blank lines are skipped.

    What cannot be parsed is noted and ends the file: where the next record begins is unknown.
    """
    kind = ending(path)
    # In `.tsv`, a quotation mark at the start of a text must not swallow the next rows.
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if kind == ".csv" else csv.QUOTE_NONE
    separator = SEPARATORS.get(kind, "\t")
    # Lines end at a line feed alone: a stray carriage return is then an error of the reader, and
    # not the end of a row.
    text = (decoded(line, f"{path}: line {number}") for number, line in numbered_lines(path))
    with _long_fields():
        reader = csv.reader(text, delimiter=separator, quoting=quoting, strict=True)
        while True:
            first = reader.line_num + 1
            try:
                values = next(reader, None)
            except csv.Error as error:
                if "new-line" in str(error):
                    found.add(
                        f"{path}: line {first} holds a carriage return that does not end it; save "
                        f"the file with the line ends of Unix or Windows, or remove it"
                    )
                    return
                found.add(
                    f"{path}: line {first} is not readable as {kind[1:]} ({error}); put "
                    f"quotation marks around the whole text and double those inside, or use .jsonl"
                )
                return
            if values is None:
                return
            if values:
                yield first, values


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lift the library's limit of a field, which holds for the whole process, in the block."""
    before = csv.field_size_limit(_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _checked_header(names: list[str], path: Path) -> list[str]:
    if len(set(names)) < len(names):
        raise HybridBatchError(f"{path}: the header names a column twice; keep one of them")
    if len(names) == 1 and ending(path) == ".csv" and (";" in names[0] or "\t" in names[0]):
        mark = "tabs" if "\t" in names[0] else "semicolons"
        raise HybridBatchError(
            f"{path}: the header is separated by {mark}; write commas"
            f"{', or call the file .tsv' if mark == 'tabs' else ''}"
        )
    return names


def _warn_of_swallowed(path: Path, columns: list[list[str]], lines: list[int]) -> None:
    """Tell of texts whose lines look like rows: a stray quotation mark may have joined them."""
    suspects = [
        number
        for row, number in enumerate(lines)
        if any(
            line.count(",") >= len(columns) - 1
            for column in columns
            if "\n" in column[row]
            for line in column[row].split("\n")[1:]
        )
    ]
    if suspects and len(columns) > 1:
        logger.info(
            "%s: %d texts with several lines hold a line that looks like a row, the first in line "
            "%d; if that is not meant, look for a stray quotation mark",
            path,
            len(suspects),
            suspects[0],
        )
