"""Where the lines go: a terminal, whose last lines are redrawn, or a file or pipe.

On a terminal the cursor stays at the beginning of the lines that are redrawn. While they are shown,
the standard error of this process and of its jobs goes through a pipe, so that what a library or a
shell prints is shown in full above them.
"""

import codecs
import os
import select
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

_ERASE_BELOW = "\r\x1b[J"
_WIDEST, _FALLBACK = 160, (80, 24)


class Output(Protocol):
    """What is shown."""

    live: bool

    def write(self, text: str) -> None:
        """Show a text of one or more lines, which stays."""

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines instead of those that were drawn last."""

    def size(self) -> tuple[int, int]:
        """Columns and rows."""

    def close(self) -> None:
        """Show no drawn lines any more."""


class Lines:
    """A file or a pipe: lines are added, and nothing is drawn."""

    live = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write the text and end its last line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def draw(self, lines: Sequence[str]) -> None:
        """Nothing: a file cannot take back what it has."""

    def size(self) -> tuple[int, int]:
        """80 columns: the text is read somewhere else."""
        return _FALLBACK

    def close(self) -> None:
        """The stream stays open: it is not ours."""


class Screen:
    """A terminal.

    Args:
        terminal: the descriptor of the terminal.
        captured: the descriptor that jobs write to, usually 2; None to leave it alone.
    """

    live = True

    def __init__(self, terminal: int, *, captured: int | None = 2) -> None:
        self._terminal = os.dup(terminal)
        self._captured = captured
        self._drawn: Sequence[str] = ()
        self._pipe: _Pipe | None = None
        self._lock = threading.RLock()

    def write(self, text: str) -> None:
        """Show the text above the drawn lines."""
        with self._lock:
            self._put(f"{_ERASE_BELOW if self._drawn else ''}{_lines(text)}\r\n")
            self._show()

    def draw(self, lines: Sequence[str]) -> None:
        """Redraw the last lines of the terminal; they must not be wider or more than it."""
        with self._lock:
            if lines and self._pipe is None and self._captured is not None:
                self._pipe = _Pipe(self._captured, self.write)
            if self._drawn:
                self._put(_ERASE_BELOW)
            self._drawn = tuple(lines)
            self._show()

    def size(self) -> tuple[int, int]:
        """The terminal's columns and rows now."""
        try:
            columns, rows = os.get_terminal_size(self._terminal)
        except OSError:
            columns, rows = _FALLBACK
        return min(columns or _FALLBACK[0], _WIDEST), rows or _FALLBACK[1]

    def close(self) -> None:
        """Erase the drawn lines and give standard error back."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        self.draw(())
        self._captured = None

    def _show(self) -> None:
        if self._drawn:
            up = f"\x1b[{len(self._drawn) - 1}A" if len(self._drawn) > 1 else ""
            self._put("\r\n".join(self._drawn) + f"{up}\r")

    def _put(self, text: str) -> None:
        content = text.encode("utf-8", errors="replace")
        while content:
            content = content[os.write(self._terminal, content) :]


class _Pipe:
    """A descriptor whose whole lines go to a function, until it is closed."""

    def __init__(self, descriptor: int, take: Callable[[str], None]) -> None:
        self._descriptor, self._take = descriptor, take
        self._before = os.dup(descriptor)
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        os.dup2(write, descriptor)
        os.close(write)
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Restore the descriptor; what was written until now is passed on first.

        A job that still runs keeps its end of the pipe, so its end is not waited for.
        """
        os.dup2(self._before, self._descriptor)
        os.write(self._stopped, b".")
        self._thread.join()
        for each in (self._before, self._read, self._stop, self._stopped):
            os.close(each)

    def _pass_on(self) -> None:
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        rest, ended = "", False
        while not ended:
            ready, _, _ = select.select([self._read, self._stop], [], [])
            ended = self._stop in ready
            while content := self._available():
                *whole, rest = (rest + decode(content)).split("\n")
                for line in whole:
                    self._take(line.rstrip("\r"))
        if rest:
            self._take(rest)

    def _available(self) -> bytes:
        try:
            return os.read(self._read, 65536)
        except BlockingIOError:
            return b""


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
