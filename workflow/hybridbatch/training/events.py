"""TensorBoard event files of a training, for those who want to watch it: optional, and no artifact.

The files hold the time of each event, so they are no output of any rule; nothing reads them back.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from hybridbatch.common.errors import HybridBatchError


class Events(Protocol):
    """Where a training tells its figures."""

    def train(
        self, step: int, *, loss: float, learning_rate: float, pairs_per_second: float
    ) -> None:
        """A step was made; the speed is the mean since the beginning."""

    def validation(self, step: int, losses: Mapping[str, float]) -> None:
        """A validation was made; losses by kind of batch."""


class Silent:
    """Events that nobody watches."""

    def train(
        self, step: int, *, loss: float, learning_rate: float, pairs_per_second: float
    ) -> None:
        """Nothing."""

    def validation(self, step: int, losses: Mapping[str, float]) -> None:
        """Nothing."""


class TensorBoard:
    """Events as TensorBoard's files in a folder.

    What an earlier training wrote there from the first step on that is told here is void: all of
    it, or what a training that was stopped wrote after the checkpoint at which this one goes on.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None

    def train(
        self, step: int, *, loss: float, learning_rate: float, pairs_per_second: float
    ) -> None:
        """Three curves."""
        self._add("train/loss", loss, step)
        self._add("train/learning_rate", learning_rate, step)
        self._add("train/pairs_per_second", pairs_per_second, step)

    def validation(self, step: int, losses: Mapping[str, float]) -> None:
        """A curve for each kind of batch."""
        for kind, loss in losses.items():
            self._add(f"validation/{kind}", loss, step)

    def close(self) -> None:
        """Write what is still in memory."""
        if self._writer is not None:
            self._writer.close()

    def _add(self, name: str, value: float, step: int) -> None:
        if self._writer is None:
            # Imported here: the package is an option, and slow to import.
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(  # type: ignore[no-untyped-call]
                str(self._folder), purge_step=step
            )
        self._writer.add_scalar(name, value, step)


def check_available(folder: Path | None) -> None:
    """Refuse to begin where event files are asked for and cannot be written.

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
    """Events that go to `folder`; None for no files."""
    if folder is None:
        yield Silent()
        return
    writer = TensorBoard(folder)
    try:
        yield writer
    finally:
        writer.close()
