"""The rows of the training log (`schemas.TRAIN_LOG`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hybridbatch.training.sampling import Batch


def train_row(
    step: int, loss: float, rate: float, batch: Batch, *, languages: Sequence[str]
) -> dict[str, Any]:
    """The row of a training step."""
    return {
        "step": step,
        "event": "train",
        "loss": loss,
        "learning_rate": rate,
        "batch_type": batch.kind,
        "query_languages": [languages[column] for column in batch.query_languages],
        "passage_languages": [languages[column] for column in batch.passage_languages],
    }


def validation_rows(step: int, losses: Mapping[str, float], rate: float) -> list[dict[str, Any]]:
    """The rows of a validation, one for each kind of batch."""
    return [
        {
            "step": step,
            "event": "validation",
            "loss": loss,
            "learning_rate": rate,
            "batch_type": kind,
            "query_languages": [],
            "passage_languages": [],
        }
        for kind, loss in losses.items()
    ]
