"""The facts of a model card, read from the files of a finished training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table
from hybridbatch.schemas.pairs import PAIRS
from hybridbatch.schemas.runs import RUNS
from hybridbatch.schemas.train_log import TRAIN_LOG


@dataclass(frozen=True)
class TrainingSource:
    """The size of a training source in the training languages, without its test pairs."""

    name: str
    languages: tuple[str, ...]
    items: int
    pairs: int


@dataclass(frozen=True)
class Validation:
    """The validation losses of one step, by kind of batch, in the order of the log."""

    step: int
    losses: dict[str, float]


def read_record(path: Path, *, run: str) -> dict[str, Any]:
    """The row of a run record.

    Raises:
        HybridBatchError: the file is not the record of this one run.
    """
    rows: list[dict[str, Any]] = read_table(path, RUNS).to_pylist()
    if [row["run"] for row in rows] != [run]:
        raise HybridBatchError(f"{path}: is not the record of {run}; give that run's file")
    return rows[0]


def read_validations(path: Path) -> tuple[Validation, ...]:
    """The validations of a training log, in the order of their steps."""
    table = read_table(path, TRAIN_LOG)
    rows = table.filter(pc.equal(table["event"], "validation"))
    losses: dict[int, dict[str, float]] = {}
    for row in rows.select(["step", "batch_type", "loss"]).to_pylist():
        losses.setdefault(row["step"], {})[row["batch_type"]] = row["loss"]
    return tuple(Validation(step, losses[step]) for step in sorted(losses))


def training_source(path: Path, *, name: str, languages: Sequence[str]) -> TrainingSource:
    """Items and pairs of a file of pairs in these languages.

    Raises:
        HybridBatchError: the file is missing or malformed, or holds another source.
    """
    columns = ["item_id", "language", "source", "split"]
    table = read_table(path, PAIRS, columns=columns)
    others = set(table["source"].unique().to_pylist()) - {name}
    if others:
        raise HybridBatchError(
            f"{path}: holds source {min(others)!r}, expected {name!r}; give the files in the "
            "order of the sources"
        )
    wanted = pc.and_(
        pc.is_in(table["language"], pa.array(languages, pa.string())),
        pc.not_equal(table["split"], "test"),
    )
    table = table.filter(wanted)
    return TrainingSource(
        name=name,
        languages=tuple(sorted(table["language"].unique().to_pylist())),
        items=pc.count_distinct(table["item_id"]).as_py(),
        pairs=table.num_rows,
    )
