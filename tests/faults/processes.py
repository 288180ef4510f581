"""Finds the processes that a command started, waits for them, and sends them signals."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process by its number and its start time, since numbers are reused."""

    pid: int
    began: int
    words: tuple[str, ...]

    @property
    def stage(self) -> str:
        """The stage that it runs; empty for another program."""
        if "hybridbatch" in self.words:
            return self.words[self.words.index("hybridbatch") + 1]
        return ""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        found = _status(self.pid)
        return found is not None and found[1] == self.began and found[2] != "Z"

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens if it has ended."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def running_process(pid: int) -> list[Process]:
    """The process with this number; none if it has ended."""
    status = _status(pid)
    return [] if status is None or status[2] == "Z" else [Process(pid, status[1], _words(pid))]


def descendants(parent: int) -> list[Process]:
    """The running processes that `parent` started, and those that they started."""
    children: dict[int, list[tuple[int, int]]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (status := _status(int(entry.name))) is not None:
            above, began, state = status
            if state != "Z":
                children.setdefault(above, []).append((int(entry.name), began))
    found, waiting = [], [parent]
    while waiting:
        for pid, began in children.get(waiting.pop(), ()):
            waiting.append(pid)
            found.append(Process(pid, began, _words(pid)))
    return found


def jobs(parent: int) -> list[Process]:
    """The stages that run below `parent`, in the order of their start."""
    found = (each for each in descendants(parent) if each.stage)
    return sorted(found, key=lambda each: (each.began, each.pid))


def ended(processes: Iterable[Process], *, seconds: float) -> bool:
    """Wait until all have ended; False if one has not after `seconds`."""
    waited = list(processes)
    return until(lambda: not any(each.alive for each in waited), seconds=seconds)


def until(condition: Callable[[], bool], *, seconds: float, pause: float = 0.02) -> bool:
    """Wait until `condition` holds; False if it does not after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def _status(pid: int) -> tuple[int, int, str] | None:
    """Parent, start time and state of a process; None if it does not exist."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name of the program, in parentheses, may hold anything.
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), int(fields[19]), fields[0]


def _words(pid: int) -> tuple[str, ...]:
    try:
        text = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(text.split("\0"))
