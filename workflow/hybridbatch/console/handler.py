"""What Snakemake's logger hands on is shown, from a thread of its own."""

import contextlib
import os
import sys
import threading
import time
from logging import Handler, LogRecord
from typing import Any, TextIO

from hybridbatch.console import CONSOLE
from hybridbatch.console.outputs import Lines, Output, Screen
from hybridbatch.console.run import Run, Wanted

_SECONDS_BETWEEN = {True: 0.5, False: 2.0}  # two looks at the logs, on a terminal and elsewhere


class Console:
    """Shows jobs, the share of the time and errors; with `--verbose` all that Snakemake says.

    Args:
        settings: Snakemake's options of output, such as `quiet`, `verbose` and `dryrun`.
    """

    def __init__(self, settings: Any) -> None:
        quiet = {str(getattr(each, "name", each)).lower() for each in settings.quiet or ()}
        self._all: Handler | None = None
        self._run: Run | None = None
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None
        self._lock = threading.RLock()
        stream = sys.stdout if settings.stdout else sys.stderr
        if settings.verbose or settings.debug_dag:
            self._all = _snakemakes_own(settings, stream)
        elif "all" not in quiet or settings.dryrun:
            output = _output(stream)
            wanted = Wanted(
                jobs=not quiet & {"rules", "all"},
                shares=not quiet & {"progress", "all"},
                reasons="reason" not in quiet,
                commands=settings.printshellcmds,
                dryrun=settings.dryrun,
            )
            colours = output.live and not settings.nocolor and not os.environ.get("NO_COLOR")
            self._run = Run(output, wanted, clock=time.monotonic, colours=colours)
            self._interval = _SECONDS_BETWEEN[output.live]
            # The stages write to their logs, from which their errors are shown.
            os.environ[CONSOLE] = "log"
        else:
            os.environ[CONSOLE] = "errors"

    def take(self, record: LogRecord) -> None:
        """Show an event or a message."""
        with self._lock:
            if self._all is not None:
                self._all.handle(record)
            elif self._run is not None:
                self._run.take(record.__dict__)
                if self._run.tally.running and self._ticker is None:
                    self._ticker = threading.Thread(target=self._tick, daemon=True)
                    self._ticker.start()

    def end(self) -> None:
        """Snakemake is done."""
        if self._ended.is_set():
            return
        self._ended.set()
        if self._ticker is not None:
            self._ticker.join()
        if self._all is None:
            os.environ.pop(CONSOLE, None)
        if self._run is not None:
            with contextlib.suppress(BrokenPipeError):  # nobody reads
                self._run.end()

    def _tick(self) -> None:
        while not self._ended.wait(self._interval):
            with self._lock:
                if self._run is not None:
                    try:
                        self._run.refresh()
                    except OSError:
                        return  # the terminal is gone


def _output(stream: TextIO) -> Output:
    try:
        descriptor = stream.fileno()
        live = os.isatty(descriptor) and os.environ.get("TERM", "dumb") != "dumb"
        live &= os.name == "posix"
    except (OSError, ValueError):
        live = False
    return Screen(descriptor, captured=2) if live else Lines(stream)


def _snakemakes_own(settings: Any, stream: TextIO) -> Handler:
    """What Snakemake would use without a plugin."""
    from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter

    handler: Handler = ColorizingTextHandler(nocolor=settings.nocolor, stream=stream)
    handler.addFilter(
        DefaultFilter(
            settings.quiet,
            settings.debug_dag,
            settings.verbose,
            settings.dryrun,
            settings.printshellcmds,
        )
    )
    handler.setFormatter(DefaultFormatter(settings.quiet, settings.show_failed_logs))
    return handler
