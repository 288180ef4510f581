"""The logger on a real pseudo-terminal: what its screen shows while jobs run, and at the end."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_logger_plugins.tests import MockOutputSettings, TestLogHandlerBase

from hybridbatch.console.plugin import loggers
from recorded_events import events
from snakemake_logger_plugin_hybridbatch import LogHandler

ROWS = 24
# Sends the events of a file to the logger; after the event of each job, a library prints to stderr.
SCRIPT = """
import logging, os, sys
from recorded_events import events
from snakemake_interface_logger_plugins.tests import MockOutputSettings
from snakemake_logger_plugin_hybridbatch import LogHandler

settings = MockOutputSettings()
settings.printshellcmds = False
handler = LogHandler(settings, None)
until = int(sys.argv[2])
for number, event in enumerate(events(sys.argv[1])[:until]):
    handler.handle(logging.makeLogRecord(event))
    if event.get("event") == "job_info" and event["rule_name"] == "train":
        os.system("printf 'a library: first\\\\nsecond, unfinished' >&2")
print("SHOWN", flush=True)
sys.stdin.readline()
handler.close()
print("to stderr again", file=sys.stderr)
"""


@pytest.fixture(autouse=True)
def console(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logger sets this variable; other tests must not find it."""
    monkeypatch.setenv("HYBRIDBATCH_CONSOLE", "")


class Screen:
    """A terminal that knows what the logger uses: lines, wrapping, and erasing below the cursor."""

    def __init__(self, columns: int) -> None:
        self.columns, self.rows, self.row, self.column = columns, [""], 0, 0

    def feed(self, text: str) -> None:
        for part in re.findall(r"\x1b\[\d*[AJm]|[^\x1b]", text):
            if part == "\r":
                self.column = 0
            elif part == "\n":
                self._down()
            elif part.endswith("A") and len(part) > 1:
                self.row -= int(part[2:-1])
            elif part == "\x1b[J":
                self.rows[self.row :] = [self.rows[self.row][: self.column]]
            elif len(part) == 1:
                self._put(part)

    def _put(self, mark: str) -> None:
        if self.column == self.columns:
            self.column = 0
            self._down()
        line = self.rows[self.row].ljust(self.column)
        self.rows[self.row] = line[: self.column] + mark + line[self.column + 1 :]
        self.column += 1

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")


def shown(folder: Path, name: str, *, columns: int, until: int) -> tuple[list[str], list[str]]:
    """The screen after `until` events, and after the end."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    tests, package = Path(__file__).parents[1], Path(__file__).parents[2] / "workflow"
    environment = os.environ | {"TERM": "xterm", "PYTHONPATH": f"{package}{os.pathsep}{tests}"}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, name, str(until)],
        **{"cwd": folder, "env": environment, "stdin": subprocess.PIPE, "text": True},
        stdout=subprocess.PIPE,
        stderr=other,
    )
    os.close(other)
    screen, raw = Screen(columns), []

    def read() -> None:
        try:
            while content := os.read(main, 65536):
                raw.append(content)
        except OSError:
            pass  # the other end is closed

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "SHOWN\n"
    reader.join(timeout=0.7)  # longer than between two drawings
    screen.feed(b"".join(raw).decode())
    first, fed = list(screen.rows), len(raw)
    process.stdin.write("\n")
    process.stdin.close()
    assert process.wait(timeout=30) == 0
    reader.join(timeout=10)
    os.close(main)
    process.stdout.close()
    screen.feed(b"".join(raw[fed:]).decode())
    return first, screen.rows


@pytest.mark.parametrize("columns", [80, 40])
def test_running_jobs_are_at_the_bottom_and_what_libraries_print_is_above(
    tmp_path: Path, columns: int
) -> None:
    recorded = events("whole")
    until = 1 + next(n for n, each in enumerate(recorded) if each.get("rule_name") == "train")
    during, after = shown(tmp_path, "whole", columns=columns, until=until)
    assert during[0] == "a library: first"
    assert re.fullmatch(r"encode model\.untrained/held-out +\d:\d\d", during[1])
    assert re.fullmatch(r"train model\.tiny\.hybrid\.s1 +\d:\d\d", during[2])
    assert re.search(r"\d %.* left, 4/20 jobs$", during[3]) and len(during) == 4
    assert after[:2] == ["a library: first", "second, unfinished"]
    assert after[2].startswith("finished in") and after[-2:] == ["to stderr again", ""]
    assert not [line for line in after if "of the time" in line]  # nothing drawn stays


def test_errors_stay_in_full_on_a_narrow_screen(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "train" / "model.tiny.hybrid.s1.log"
    log.parent.mkdir(parents=True)
    error = "pairs.parquet: " + "a long reason, " * 8
    log.write_text(f"2026-01-31 10:00:00,123 ERROR error: {error}\n")
    _, after = shown(tmp_path, "failed", columns=40, until=len(events("failed")))
    text = "".join(after)
    assert text.count(f": {error}".rstrip()) == 1 and "\x1b" not in text
    assert "  log: logs/train/model.tiny.hybrid.s1.log"[:40] in after


class TestPluginInterface(TestLogHandlerBase):
    """The tests that Snakemake's interface has for every logger."""

    __test__ = True

    def get_log_handler_cls(self) -> type[LogHandler]:
        return LogHandler

    def get_log_handler_settings(self) -> None:
        return None


def test_the_profile_makes_the_logger_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loggers() == ["hybridbatch"]
    assert LoggerPluginRegistry().is_installed("hybridbatch")
    monkeypatch.setenv("HYBRIDBATCH_CONSOLE", "snakemake")
    assert loggers() == []


@pytest.mark.parametrize(("quiet", "left"), [(None, "log"), (["all"], "errors")])
def test_jobs_leave_the_console_to_the_logger_until_it_is_closed(
    quiet: list[str] | None, left: str
) -> None:
    settings = MockOutputSettings()
    settings.quiet = quiet
    handler = LogHandler(settings, None)
    assert os.environ["HYBRIDBATCH_CONSOLE"] == left
    handler.close()
    assert "HYBRIDBATCH_CONSOLE" not in os.environ
