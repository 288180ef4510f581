"""The log handler that Snakemake calls, from a thread of its own."""

import contextlib
import os
import sys
import threading
import time
from logging import Handler, LogRecord
from typing import Any, TextIO

from snakemake_interface_logger_plugins.base import LogHandlerBase

from hybridbatch.console import CONSOLE
from hybridbatch.console.outputs import Lines, Output, Screen
from hybridbatch.console.run import Run, Wanted

_SECONDS_BETWEEN = {True: 0.5, False: 2.0}  # two looks at the logs, on a terminal and elsewhere


class LogHandler(LogHandlerBase):
    """Shows jobs, the share of the time and errors; with `--verbose` all that Snakemake says."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        settings = self.common_settings
        quiet = {str(getattr(each, "name", each)).lower() for each in settings.quiet or ()}
        self._all: Handler | None = None
        self._run: Run | None = None
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None
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

    def emit(self, record: LogRecord) -> None:
        """Show an event or a message."""
        try:
            if self._all is not None:
                self._all.handle(record)
            elif self._run is not None:
                self._run.take(record.__dict__)
                if self._run.tally.running and self._ticker is None:
                    self._ticker = threading.Thread(target=self._tick, daemon=True)
                    self._ticker.start()
        except Exception:  # an error here would end the thread that passes on all later records
            self.handleError(record)

    def close(self) -> None:
        """Snakemake is done."""
        if not self._ended.is_set():
            self._ended.set()
            if self._ticker is not None:
                self._ticker.join()
            if self._all is None:
                os.environ.pop(CONSOLE, None)
            if self._run is not None:
                with contextlib.suppress(BrokenPipeError):  # nobody reads
                    self._run.end()
        super().close()

    def _tick(self) -> None:
        while not self._ended.wait(self._interval):
            with self.lock:  # type: ignore[union-attr]
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
