"""The user's own training pairs: Parquet with the schema PAIRS, or other formats.

JSON Lines, CSV and a dataset that `datasets` saved need only `item_id`, `language`, `question` and
`passage`. By default, the groups are the item_id, the split is train, and there are no hard
negatives (CSV cannot have any). Text files are parsed here, because an error must name its line; a
library's reader would skip, fill up or join lines.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import check_table, read_table
from hybridbatch.data.sources.pairfiles import ENDINGS, JSON, SEPARATORS, is_dataset
from hybridbatch.schemas.pairs import PAIRS

REQUIRED = ("item_id", "language", "question", "passage")
_LISTS = "hard_negatives"

Row = Mapping[str, Any]


def read_own_pairs(path: Path, *, source: str) -> pa.Table:
    """The rows of one file as a table of the schema PAIRS.

    Args:
        path: a `.parquet` file or a folder of such files; a folder that `datasets` wrote with
            `save_to_disk`; or a file in UTF-8: `.jsonl` or `.json` (one object per line), `.csv` or
            `.tsv` (with a header; in `.tsv`, quotation marks have no special meaning).
        source: the value of column `source` if the file has no such column.

    Raises:
        HybridBatchError: the file is missing, has another format, lacks a column, has an unknown
            column, or breaks the schema.
    """
    if is_dataset(path):
        table = _table(_dataset_rows(path), path, source=source)
        check_table(table, PAIRS, origin=str(path))
    elif path.is_dir() or path.suffix == ".parquet":
        table = read_table(path, PAIRS, given=True)
    elif path.suffix in ENDINGS:
        table = _read_text(path, source=source)
        check_table(table, PAIRS, origin=str(path))
    else:
        raise HybridBatchError(
            f"{path}: pairs are read from {', '.join(ENDINGS)}; give it such an ending"
        )
    return table.select(list(PAIRS.columns)).cast(PAIRS.arrow)


def _read_text(path: Path, *, source: str) -> pa.Table:
    if not path.is_file():
        raise HybridBatchError(f"{path}: no such file; it should hold pairs")
    numbered = _json_rows(path) if path.suffix in JSON else _csv_rows(path)
    try:
        return _table(((f"line {line}", row) for line, row in numbered), path, source=source)
    except UnicodeDecodeError as error:
        raise HybridBatchError(f"{path}: the text is not UTF-8; save the file as UTF-8") from error


def _table(rows: Iterable[tuple[str, Row]], path: Path, *, source: str) -> pa.Table:
    """The rows as a table of the schema PAIRS; errors name the place that comes with each row."""
    columns: dict[str, list[Any]] = {name: [] for name in PAIRS.columns}
    for place, row in rows:
        for name, value in _completed(row, f"{path}: {place}", source=source).items():
            columns[name].append(value)
    if not columns["item_id"]:
        raise HybridBatchError(f"{path}: no rows; it should hold at least one")
    try:
        return pa.table(columns, schema=PAIRS.arrow)
    except UnicodeEncodeError as error:
        raise HybridBatchError(
            f"{path}: a text holds half a character ({error.reason}); write the file in UTF-8, "
            f"without escapes such as \\ud83d"
        ) from error


def _dataset_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """The rows of a dataset on disk, with their numbers from 0, as in `datasets`."""
    try:
        from datasets import load_from_disk  # slow, and planning imports this module
    except ModuleNotFoundError as error:
        raise HybridBatchError(
            f"{path}: `datasets`, which reads this folder, is not installed; "
            'run `make setup EXTRAS=datasets` or `pip install "hybridbatch[datasets]"`'
        ) from error
    try:
        dataset = load_from_disk(str(path))
    except (ValueError, OSError, KeyError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise HybridBatchError(
            f"{path}: not readable as a dataset ({reason}); write it again with save_to_disk"
        ) from error
    for number, row in enumerate(dataset):
        yield f"row {number}", row


def _json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """The objects of a file, each with its line number from 1; blank lines are skipped."""
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise HybridBatchError(
                    f"{path}: line {number} is not readable as JSON (column {error.colno}: "
                    f"{error.msg}); write one object per line"
                ) from error
            if not isinstance(row, dict):
                raise HybridBatchError(
                    f"{path}: line {number} is not a JSON object; write one object per line"
                )
            yield number, row


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """The rows of a file below its header, each with the number of its first line, from 1."""
    separator = SEPARATORS[path.suffix]
    # In `.tsv`, a quotation mark at the start of a text must not swallow the next rows.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if path.suffix == ".tsv" else csv.QUOTE_MINIMAL
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator, quoting=quoting, strict=True)
        header: list[str] = []
        languages: set[str] = set()
        while True:
            first = reader.line_num + 1
            try:
                values = next(reader, None)
            except csv.Error as error:
                raise HybridBatchError(
                    f"{path}: line {first} is not readable as {path.suffix[1:]} ({error}); put "
                    f"quotation marks around the whole text and double those inside, or use .jsonl"
                ) from error
            if values is None:
                break
            if not values:
                continue
            if not header:
                header = _header(values, path)
                continue
            if len(values) != len(header):
                raise HybridBatchError(
                    f"{path}: line {first} has {len(values)} columns, the header {len(header)}; "
                    f"look for a separator or quotation mark inside a text"
                )
            row = dict(zip(header, values, strict=True))
            languages.add(row["language"])
            _check_swallowed(values, header, languages, origin=f"{path}: line {first}")
            yield first, row
    if not header:
        raise HybridBatchError(
            f"{path}: no header; its first line should name columns, such as {', '.join(REQUIRED)}"
        )


def _header(names: list[str], path: Path) -> list[str]:
    _check_columns(names, str(path))
    if _LISTS in names:
        raise HybridBatchError(
            f"{path}: `{_LISTS}` is a list, and {path.suffix} has no lists; use .jsonl or .parquet"
        )
    if len(set(names)) < len(names):
        raise HybridBatchError(f"{path}: the header names a column twice; keep one of them")
    return names


def _check_swallowed(
    values: list[str], header: list[str], languages: set[str], *, origin: str
) -> None:
    """Check that no text contains a line like a row, with a known language in the right column."""
    place = header.index("language")
    for line in (line for value in values if "\n" in value for line in value.split("\n")[1:]):
        parts = line.split(",")
        if len(parts) > place and parts[place].strip('"\r') in languages:
            raise HybridBatchError(
                f"{origin}: a quotation mark opens a text that contains the next rows; put "
                f"quotation marks around the whole text and double those inside"
            )


def _completed(row: Row, origin: str, *, source: str) -> Row:
    """A row with all columns of the schema; missing optional columns have their defaults."""
    _check_columns(row, origin)
    found = {name: value for name, value in row.items() if value is not None}
    for name in REQUIRED:
        if name not in found:
            raise HybridBatchError(f"{origin}: `{name}` is null; give it a value")
    item = found["item_id"]
    defaults = {
        "question_group": item,
        "passage_group": item,
        "source": source,
        "split": "train",
        _LISTS: [],
    }
    for name, value in found.items():
        texts = value if name == _LISTS else [value]
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            wanted = "a list of texts" if name == _LISTS else "a text, in quotation marks"
            raise HybridBatchError(f"{origin}: `{name}` is {value!r}; make it {wanted}")
    return defaults | found


def _check_columns(names: list[str] | Row, origin: str) -> None:
    lost = [name for name in REQUIRED if name not in names]
    extra = [name for name in names if name not in PAIRS.columns]
    if lost or extra:
        raise HybridBatchError(
            f"{origin}: columns of pairs are {', '.join(PAIRS.columns)}; "
            f"missing: {', '.join(lost) or 'none'}, unexpected: {', '.join(extra) or 'none'}"
        )
