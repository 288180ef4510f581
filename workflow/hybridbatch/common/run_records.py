"""Reads run records, `results/runs/{run}.parquet`."""

from pathlib import Path

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.runs import Run
from hybridbatch.common.tables import read_table
from hybridbatch.schemas.runs import RUNS


def read_run(path: Path) -> Run:
    """The run that a run record describes.

    Raises:
        HybridBatchError: the file is missing, breaks its schema or does not have exactly one row.
    """
    rows = read_table(path, RUNS).to_pylist()
    if len(rows) != 1:
        raise HybridBatchError(f"{path}: holds {len(rows)} rows; a run record has one")
    row = rows[0]
    lists = {name: tuple(row[name]) for name in ("training_languages", "sources")}
    return Run(id=row.pop("run"), **{**row, **lists})
