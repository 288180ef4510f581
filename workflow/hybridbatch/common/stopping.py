"""SIGINT and SIGTERM as exceptions, so that a stopped stage removes its unfinished files."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class Terminated(BaseException):
    """SIGTERM came. Not an `Exception`, so that no handler of failures catches it."""


@dataclass
class Stop:
    """The signal that stopped the process; None if none came.

    A library may turn the exception of a signal into one of its own, for example while it is
    imported. `number` still shows that the process was stopped and did not fail.
    """

    number: signal.Signals | None = None


@contextmanager
def terminable() -> Iterator[Stop]:
    """Raise `KeyboardInterrupt` in the block on SIGINT, and `Terminated` on SIGTERM.

    A second SIGTERM ends the process at once. Outside the main thread, where Python cannot set
    handlers, nothing changes.
    """
    stop = Stop()

    def handle(number: int, frame: FrameType | None) -> None:
        stop.number = signal.Signals(number)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {
        number: signal.signal(number, handle)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) != signal.SIG_IGN  # a shell ignores it for background jobs
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
