"""The log of a job while it is written: warnings, errors, and how far the job is.

The stages write one line for each record, `DATE TIME LEVEL MESSAGE`, and the lines of a trace after
the record that it belongs to. A line of `common.progress` ends with the seconds that are left.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

_RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?P<level>[A-Z]+) (?P<text>.*)")
_PROGRESS = re.compile(
    r"(?P<label>.*): (?P<amount>[\d,]+/[\d,]+ \w+ \(\d+ %\)), .*?(?P<left>[\d,]+) s left"
)
_BAD = {"WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


@dataclass(frozen=True)
class Said:
    """A warning or an error of a job: `kind` is one of the two; `text` may have several lines."""

    kind: str
    text: str


@dataclass
class JobLog:
    """A log that is read piece by piece.

    Attributes:
        path: the file; it may not exist yet.
        amount: what the last line of progress said, such as `23/50 steps (46 %)`.
        left: the seconds that it said are left; None if there is no such line.
        read_at: when that line was read, by the clock of the caller.
    """

    path: Path
    amount: str = ""
    left: float | None = None
    read_at: float = 0.0
    _offset: int = 0
    _open: list[str] = field(default_factory=list)
    _kind: str = ""

    def read(self, now: float = 0.0, *, to_end: bool = False) -> list[Said]:
        """What was said since the last call.

        Args:
            now: the time.
            to_end: the job has ended, so that what is begun is complete. Before, an error is kept
                back until the next record, since lines of a trace may follow it.
        """
        found: list[Said] = []
        lines = self._new_lines(to_end=to_end)
        for line in lines:
            if match := _RECORD.fullmatch(line):
                found += self._closed()
                self._take(match["level"], match["text"], now)
            elif self._kind and line:
                self._open.append(line)
        if to_end or (not lines and self._kind == "warning"):
            found += self._closed()
        return found

    def _take(self, level: str, text: str, now: float) -> None:
        if level in _BAD:
            self._kind, self._open = _BAD[level], [text.removeprefix("error: ")]
        elif match := _PROGRESS.match(text):
            self.amount = match["amount"]
            self.left, self.read_at = float(match["left"].replace(",", "")), now

    def _closed(self) -> list[Said]:
        kind, lines = self._kind, self._open
        self._kind, self._open = "", []
        return [Said(kind, "\n".join(lines))] if kind else []

    def _new_lines(self, *, to_end: bool) -> list[str]:
        """The lines that were finished since the last call; at the end also an unfinished one."""
        try:
            with self.path.open("rb") as file:
                if file.seek(0, 2) < self._offset:
                    self._offset = 0  # another attempt writes it anew
                file.seek(self._offset)
                content = file.read()
        except OSError:
            return []
        if not to_end:
            content = content[: content.rfind(b"\n") + 1]
        self._offset += len(content)
        return content.decode("utf-8", errors="replace").splitlines()
