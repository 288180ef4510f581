"""Snakemake's logger `hybridbatch`; Snakemake finds it by the name of this package.

Snakemake imports each installed logger before it reads the profile and the Snakefile. The package
`hybridbatch` is not imported with it, but when the logger is used: a checkout may run with the
environment of another checkout, and must compute with its own package.
"""

from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase

__all__ = ["LogHandler"]


class LogHandler(LogHandlerBase):
    """Hands each record to the console of `hybridbatch`."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        from hybridbatch.console.handler import Console

        self._console = Console(self.common_settings)

    def emit(self, record: LogRecord) -> None:
        """Show an event or a message."""
        try:
            self._console.take(record)
        except Exception:  # an error here would end the thread that passes on all later records
            self.handleError(record)

    def close(self) -> None:
        """Snakemake is done."""
        self._console.end()
        super().close()
