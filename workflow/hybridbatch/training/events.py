"""Optional TensorBoard event files, to watch a training.

The files hold the time of each event and differ from run to run. They are therefore not an output
of any rule, and no stage reads them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from hybridbatch.common.errors import HybridBatchError


class Events(Protocol):
    """Receives the figures of a training."""

    def train(
        self, step: int, *, loss: float, learning_rate: float, pairs_per_second: float
    ) -> None:
        """Record a step; the speed is the mean since this process began to train."""

    def validation(self, step: int, losses: Mapping[str, float]) -> None:
        """Record a validation: the losses by kind of batch."""


class Silent:
    """Discards all events."""

    def train(
        self, step: int, *, loss: float, learning_rate: float, pairs_per_second: float
    ) -> None:
        """Do nothing."""

    def validation(self, step: int, losses: Mapping[str, float]) -> None:
        """Do nothing."""


class TensorBoard:
    """Writes events to TensorBoard's files in a folder.

    The first event here voids all earlier events in the folder from its step on: those of an
    earlier training, or those that a stopped training wrote after its last checkpoint.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None

    def train(
        self, step: int, *, loss: float, learning_rate: float, pairs_per_second: float
    ) -> None:
        """Add a point to each of three curves."""
        self._add("train/loss", loss, step)
        self._add("train/learning_rate", learning_rate, step)
        self._add("train/pairs_per_second", pairs_per_second, step)

    def validation(self, step: int, losses: Mapping[str, float]) -> None:
        """Add a point to the curve of each kind of batch."""
        for kind, loss in losses.items():
            self._add(f"validation/{kind}", loss, step)

    def close(self) -> None:
        """Write the events that are still in memory."""
        if self._writer is not None:
            self._writer.close()

    def _add(self, name: str, value: float, step: int) -> None:
        if self._writer is None:
            # Imported here because the package is optional and slow to import.
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(  # type: ignore[no-untyped-call]
                str(self._folder), purge_step=step
            )
        self._writer.add_scalar(name, value, step)


def check_available(folder: Path | None) -> None:
    """Check that event files can be written to `folder`, unless it is None.

    Raises:
        HybridBatchError: the package tensorboard is not installed.
    """
    if folder is not None and find_spec("tensorboard") is None:
        raise HybridBatchError(
            "training.tensorboard: the package tensorboard is not installed; install "
            "hybridbatch[tensorboard], or set it to false"
        )


@contextmanager
def watched(folder: Path | None) -> Iterator[Events]:
    """Events that are written to `folder`; None for no files."""
    if folder is None:
        yield Silent()
        return
    writer = TensorBoard(folder)
    try:
        yield writer
    finally:
        writer.close()
