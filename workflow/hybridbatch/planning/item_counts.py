"""How many items a training source has, where that is cheap to tell."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hybridbatch.data.readers.layouts import JSON
from hybridbatch.data.readers.reading import KEYS

# The items that built-in sources have to train on, in all of their languages.
BUILT_IN = MappingProxyType({"cldr": 2483, "mlqa-r": 1148, "ntrex-128": 964})
_SEPARATORS = MappingProxyType({".csv": ",", ".tsv": "\t"})
# Larger files are not read before the run; they have more items than any batch.
_MOST_BYTES = 2_000_000


def items_in(source: Mapping[str, Any]) -> int | None:
    """The most items of an entry of `sources`; None if it is not known before the run.

    Text files are counted by their different values of `item_id`. A file that cannot be read in
    this way has an unknown number; the stage `pairs` names its fault.
    """
    if "path" not in source:
        return BUILT_IN.get(source["name"])
    if any(key in source for key in KEYS):
        return None
    path = Path(source["path"]).expanduser()
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        if path.suffix in JSON:
            return len({_item_of(line) for line in _lines(path)}) or None
        if path.suffix in _SEPARATORS:
            return len(set(_csv_items(path))) or None
    except (OSError, ValueError, KeyError, csv.Error, RecursionError):
        return None
    return None


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig") as file:
        yield from (line for line in file if line.strip())


def _item_of(line: str) -> str:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("not an object")
    return str(row["item_id"])


def _csv_items(path: Path) -> Iterator[str]:
    tabs = path.suffix == ".tsv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(
            file,
            delimiter=_SEPARATORS[path.suffix],
            quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL,
        )
        yield from (row["item_id"] for row in rows)
