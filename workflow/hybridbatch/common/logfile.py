"""The log file. If it can no longer be written, the console stays free of tracebacks."""

import logging
import sys


class LogFile(logging.FileHandler):
    """A log file. If it can no longer be written, one line reports that and the stage continues.

    Attributes:
        lost: whether it could not be written.
    """

    lost = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, the name of logging
        """Called for a line that could not be written, in the block that caught its error."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self.lost:
            self.lost = True
            print(f"warning: {self.baseFilename}: no longer written: {error}", file=sys.stderr)
