"""Rows from JSON: an object a line, or one array of objects."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.jsontext import JsonError, parsed
from hybridbatch.data.readers.problems import Problems, short
from hybridbatch.data.readers.rows import Rows
from hybridbatch.data.readers.textlines import decoded, ending, numbered_lines, opened, whole_text

_ONE_A_LINE = "write one object per line"
_TEXTS_OF_A_ROW = 2  # a question and a passage


def read_json(path: Path, found: Problems) -> Rows:
    """The rows of a `.jsonl` or `.json` file, plain or gzip; blank lines are skipped.

    Lines that cannot be read are noted in `found` and left out.

    Raises:
        HybridBatchError: the file is missing or its compression damaged.
    """
    if ending(path) == ".json" and _begins_with(path, b"["):
        return _rows_of_array(path, found)
    if ending(path) == ".json" and (whole := _one_object(path)) is not None:
        return Rows(path, _columns([whole]), 1)
    numbers: list[int] = []
    rows: list[dict[str, Any]] = []
    for number, row in _objects(path, found):
        numbers.append(number)
        rows.append(row)
    return Rows(path, _columns(rows), len(rows), lines=numbers)


def json_batches(path: Path, found: Problems, *, rows: int) -> Iterator[Rows]:
    """The rows of a file with an object a line, in pieces of at most `rows`; as `read_json`."""
    objects = _objects(path, found)
    while piece := list(itertools.islice(objects, rows)):
        content = [row for _, row in piece]
        yield Rows(path, _columns(content), len(piece), lines=[number for number, _ in piece])


def _objects(path: Path, found: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        origin = f"{path}: line {number}"
        try:
            row = parsed(decoded(line, origin), remedy=_ONE_A_LINE)
        except JsonError as error:
            found.add(f"{origin}: {error}")
            continue
        except HybridBatchError as error:
            found.add_error(error)
            continue
        if not isinstance(row, dict):
            found.add(f"{origin} is not a JSON object; {_ONE_A_LINE}")
            continue
        yield number, row


def _rows_of_array(path: Path, found: Problems) -> Rows:
    try:
        values = parsed(whole_text(path), remedy="write one array of objects")
    except JsonError as error:
        raise HybridBatchError(f"{path}: {error}") from error
    for number, value in enumerate(values):
        if not isinstance(value, dict):
            found.add(f"{path}: row {number} is not a JSON object; give the array objects alone")
    rows = [value if isinstance(value, dict) else {} for value in values]
    return Rows(path, _columns(rows), len(rows))


def _one_object(path: Path) -> dict[str, Any] | None:
    """The object of a file that holds one, on any number of lines; None for an object a line.

    Raises:
        HybridBatchError: the object holds the rows in a list.
    """
    lines = (line for _, line in numbered_lines(path) if line.strip())
    first, second = next(lines, b""), next(lines, None)
    if second is not None and _is_json(first):
        return None
    try:
        whole = parsed(whole_text(path), remedy=_ONE_A_LINE)
    except JsonError:
        return None
    if not isinstance(whole, dict):
        return None
    held = [name for name, value in whole.items() if _is_rows(value)]
    if held and sum(isinstance(value, str) for value in whole.values()) < _TEXTS_OF_A_ROW:
        raise HybridBatchError(
            f"{path}: an object whose key {short(held[0])!r} holds the rows; write the list "
            f"alone, or one object a line"
        )
    return whole


def _is_json(line: bytes) -> bool:
    try:
        parsed(line.decode("utf-8"), remedy=_ONE_A_LINE)
    except (JsonError, UnicodeDecodeError):
        return False
    return True


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _begins_with(path: Path, mark: bytes) -> bool:
    with opened(path) as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(mark)
