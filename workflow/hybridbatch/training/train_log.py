"""The training log (the schema TRAIN_LOG) while it grows.

A row names two languages for each pair of its batch. They are stored as numbers of one byte, also
in checkpoints, and become strings when training ends.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hybridbatch.schemas.train_log import TRAIN_LOG
from hybridbatch.training.sampling import CROSS_LINGUAL, MIXED, MONOLINGUAL, Batch
from hybridbatch.training.validation import ALL

_EVENTS = ("train", "validation")
_KINDS = (MONOLINGUAL, CROSS_LINGUAL, MIXED, ALL)
# The columns of each row; `pairs` counts the row's entries in each of the flat columns below.
_OF_ROWS = {"step": "i", "event": "B", "loss": "d", "learning_rate": "d", "kind": "B", "pairs": "i"}
_OF_PAIRS = ("query_languages", "passage_languages")


class TrainLog:
    """Rows that are appended one by one."""

    def __init__(self, languages: Sequence[str]) -> None:
        """Begin without rows; a batch gives each language as its position in `languages`."""
        self._languages = tuple(languages)
        narrow = "B" if len(self._languages) <= 1 << 8 else "H"
        codes = {**_OF_ROWS, **dict.fromkeys(_OF_PAIRS, narrow)}
        self._columns: dict[str, array[Any]] = {name: array(code) for name, code in codes.items()}

    def train(self, step: int, loss: float, rate: float, batch: Batch) -> None:
        """Append the row of a training step."""
        self._append(step, "train", loss, rate, batch.kind, pairs=len(batch))
        for name, positions in zip(
            _OF_PAIRS, (batch.query_languages, batch.passage_languages), strict=True
        ):
            column = self._columns[name]
            column.frombytes(positions.astype(column.typecode).tobytes())

    def validation(self, step: int, losses: Mapping[str, float]) -> None:
        """Append the rows of a validation, one for each kind of batch.

        They have the learning rate of the row before them, or 0 without such a row.
        """
        rates = self._columns["learning_rate"]
        rate = rates[-1] if rates else 0.0
        for kind, loss in losses.items():
            self._append(step, "validation", loss, rate, kind, pairs=0)

    def state(self) -> dict[str, NDArray[Any]]:
        """All rows as arrays of numbers, by name."""
        return {name: np.array(column) for name, column in self._columns.items()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Resume from a value of `state`."""
        for name, column in self._columns.items():
            del column[:]
            column.frombytes(state[name].astype(column.typecode).tobytes())

    def table(self) -> pa.Table:
        """The rows as a table of the schema TRAIN_LOG."""
        state = self.state()
        offsets = np.concatenate([[0], np.cumsum(state["pairs"])]).astype(np.int32)
        lists = {
            name: pa.ListArray.from_arrays(offsets, _named(state[name], self._languages))
            for name in _OF_PAIRS
        }
        columns = {
            "step": state["step"],
            "event": _named(state["event"], _EVENTS),
            "loss": state["loss"],
            "learning_rate": state["learning_rate"],
            "batch_type": _named(state["kind"], _KINDS),
            **lists,
        }
        return pa.table(columns, schema=TRAIN_LOG.arrow)

    def _append(
        self, step: int, event: str, loss: float, rate: float, kind: str, *, pairs: int
    ) -> None:
        values = (step, _EVENTS.index(event), loss, rate, _KINDS.index(kind), pairs)
        for name, value in zip(_OF_ROWS, values, strict=True):
            self._columns[name].append(value)


def _named(positions: NDArray[Any], names: Sequence[str]) -> pa.StringArray:
    return pa.array(names, pa.string()).take(pa.array(positions))
