"""The user's own training pairs: Parquet in our schema, or JSON Lines or CSV with fewer columns.

A text file needs `item_id`, `language`, `question` and `passage`. Groups that are not given go by
the item, the split is train, and hard negatives (JSON Lines alone) are none.
"""

import csv
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from hybridbatch import schemas
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import check_table, read_table

REQUIRED = ("item_id", "language", "question", "passage")
_FORMATS = {".jsonl": "json", ".json": "json", ".csv": "csv", ".tsv": "csv"}


def read_own_pairs(path: Path, *, source: str) -> pa.Table:
    """The rows of one file as a table of `schemas.PAIRS`.

    Args:
        path: `.parquet`, or a folder of such; `.jsonl`, `.json` (one object a line), `.csv` or
            `.tsv` (with a header), in UTF-8.
        source: what `source` holds where the file has no such column.

    Raises:
        HybridBatchError: the file is missing, of another format, lacks a column, has one too many,
            or breaks the schema.
    """
    if path.is_dir() or path.suffix == ".parquet":
        table = read_table(path, schemas.PAIRS)
    elif path.suffix in _FORMATS:
        table = _completed(_read_text(path), path, source=source)
        check_table(table, schemas.PAIRS, origin=str(path))
    else:
        raise HybridBatchError(
            f"{path}: pairs are read from .parquet, {', '.join(_FORMATS)}; give it such an ending"
        )
    return table.select(list(schemas.PAIRS.columns)).cast(schemas.PAIRS.arrow)


def _read_text(path: Path) -> pa.Table:
    if not path.is_file():
        raise HybridBatchError(f"{path}: no such file; it should hold pairs")
    # Imported here: it takes a second, and few need it.
    from datasets import Dataset, Features, Value, disable_progress_bars
    from datasets.exceptions import DatasetGenerationError

    disable_progress_bars()
    options: dict[str, Any] = {}
    if _FORMATS[path.suffix] == "csv":
        separator = "\t" if path.suffix == ".tsv" else ","
        # An id such as 007 and an answer such as NA are texts.
        features = Features({name: Value("string") for name in _header(path, separator)})
        options = {"sep": separator, "features": features, "keep_default_na": False}
    read: Callable[..., Dataset] = getattr(Dataset, f"from_{_FORMATS[path.suffix]}")
    with tempfile.TemporaryDirectory() as cache:
        try:
            found = read(str(path), cache_dir=cache, keep_in_memory=True, **options)
        except (DatasetGenerationError, pa.ArrowInvalid, ValueError) as error:
            raise HybridBatchError(
                f"{path}: not readable as {path.suffix[1:]} ({_first_line(error)})"
            ) from error
        return found.data.table.combine_chunks()


def _header(path: Path, separator: str) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file, delimiter=separator), [])


def _completed(table: pa.Table, path: Path, *, source: str) -> pa.Table:
    """The columns of the schema, those that may be absent filled in."""
    lost = [name for name in REQUIRED if name not in table.column_names]
    extra = [name for name in table.column_names if name not in schemas.PAIRS.columns]
    if lost or extra:
        raise HybridBatchError(
            f"{path}: columns of pairs are {', '.join(schemas.PAIRS.columns)}; "
            f"missing: {', '.join(lost) or 'none'}, unexpected: {', '.join(extra) or 'none'}"
        )
    defaults = {
        "question_group": table["item_id"],
        "passage_group": table["item_id"],
        "source": pa.repeat(pa.scalar(source), table.num_rows),
        "split": pa.repeat(pa.scalar("train"), table.num_rows),
        "hard_negatives": pa.array([[]] * table.num_rows, schemas.PAIRS.arrow.types[-1]),
    }
    columns: Sequence[pa.ChunkedArray] = [
        table[name] if name in table.column_names else defaults[name]
        for name in schemas.PAIRS.columns
    ]
    return pa.table(dict(zip(schemas.PAIRS.columns, columns, strict=True)))


def _first_line(error: BaseException) -> str:
    return str(error.__cause__ or error).strip().splitlines()[0]
