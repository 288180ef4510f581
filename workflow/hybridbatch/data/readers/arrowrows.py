"""Rows from Parquet, Arrow, and folders that `datasets` saved; nothing is converted here."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from hybridbatch.common.artifacts import damaged
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.parquet import ParquetInput
from hybridbatch.data.readers.problems import short
from hybridbatch.data.readers.rows import Rows

T = TypeVar("T")
# What `datasets` raises for a folder whose JSON or Arrow files are damaged.
_OF_THE_LIBRARY = (
    ValueError,
    TypeError,
    OSError,
    LookupError,
    AttributeError,
    RecursionError,
    pa.ArrowException,
)


def read_parquet(path: Path) -> Rows:
    """The rows of a Parquet file.

    Raises:
        HybridBatchError: the file is missing, damaged or not Parquet.
    """
    if not path.is_file():
        raise HybridBatchError(f"{path}: no such file; correct the path")
    with ParquetInput(path, given=True) as file:
        return _rows(path, file.read())


def read_arrow(path: Path) -> Rows:
    """The rows of an Arrow file (Feather) or an Arrow stream.

    Raises:
        HybridBatchError: the file is missing, damaged or not Arrow.
    """
    if not path.is_file():
        raise HybridBatchError(f"{path}: no such file; correct the path")
    with path.open("rb") as file:
        magic = file.read(6)
    opener = pa.ipc.open_file if magic == b"ARROW1" else pa.ipc.open_stream

    def read() -> pa.Table:
        with pa.OSFile(str(path)) as source, opener(source) as reader:
            return reader.read_all()

    return _rows(path, _guarded(read, path))


def read_dataset(path: Path) -> Rows:
    """The rows of a folder that `datasets` wrote with `save_to_disk`.

    Raises:
        HybridBatchError: `datasets` is not installed, or the folder is damaged.
    """
    try:
        from datasets import load_from_disk  # slow, and an extra
    except ModuleNotFoundError as error:
        raise HybridBatchError(
            f"{path}: `datasets`, which reads this folder, is not installed; "
            'run `make setup EXTRAS=datasets` or `pip install "hybridbatch[datasets]"`'
        ) from error
    try:
        # Its rows in their order: a shuffled or filtered dataset has a table of indices.
        table = load_from_disk(str(path)).with_format("arrow")[:]
    except MemoryError:
        raise
    except _OF_THE_LIBRARY as error:
        reason = short(str(error).partition("\n")[0], 200) or type(error).__name__
        raise HybridBatchError(
            f"{path}: not readable as a dataset ({reason}); write it again with save_to_disk"
        ) from error
    return _rows(path, table)


def _rows(path: Path, table: pa.Table) -> Rows:
    return _guarded(lambda: Rows.of_table(path, table), path)


def _guarded(read: Callable[[], T], path: Path) -> T:
    try:
        return read()
    except MemoryError:
        raise  # pyarrow's MemoryError is an ArrowException too
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        raise damaged(path, reason, given=True) from error
