"""TensorBoard event files of a training, for those who want to watch it: optional, and no artifact.

The files hold the time of each event, so they are no output of any rule; nothing reads them back.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

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
    """Events as TensorBoard's files in a folder."""

    def __init__(self, folder: Path, *, first_step: int) -> None:
        # Imported here: the package is an option, and slow to import.
        from torch.utils.tensorboard import SummaryWriter

        # What an earlier training, or one that goes on from here, wrote from this step on is void.
        self._writer = SummaryWriter(  # type: ignore[no-untyped-call]
            str(folder), purge_step=first_step
        )

    def train(
        self, step: int, *, loss: float, learning_rate: float, pairs_per_second: float
    ) -> None:
        """Three curves."""
        for name, value in (
            ("train/loss", loss),
            ("train/learning_rate", learning_rate),
            ("train/pairs_per_second", pairs_per_second),
        ):
            self._writer.add_scalar(name, value, step)  # type: ignore[no-untyped-call]

    def validation(self, step: int, losses: Mapping[str, float]) -> None:
        """A curve for each kind of batch."""
        for kind, loss in losses.items():
            name = f"validation/{kind}"
            self._writer.add_scalar(name, loss, step)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Write what is still in memory."""
        self._writer.close()  # type: ignore[no-untyped-call]


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
def watched(folder: Path | None, *, first_step: int = 0) -> Iterator[Events]:
    """Events that go to `folder`, or nowhere.

    Args:
        folder: where the files go; None for no files.
        first_step: the step at which training begins, or goes on.
    """
    if folder is None:
        yield Silent()
        return
    writer = TensorBoard(folder, first_step=first_step)
    try:
        yield writer
    finally:
        writer.close()
