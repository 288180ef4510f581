"""What is said of jobs: their warnings and errors in full, and each only once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hybridbatch.console.joblog import Said
from hybridbatch.console.tally import Job

_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m"}
# A job that is told to stop says this; the end of the run says it for all.
_STOPPED = "stopped by SIG"


@dataclass
class Voices:
    """Turns what jobs say into lines.

    Args:
        colours: whether the words "error" and "warning" are coloured.
    """

    colours: bool = False
    _told: set[tuple[str, str, str]] = field(default_factory=set)
    _texts: dict[str, str] = field(default_factory=dict)

    def heard(self, job: Job, said: Sequence[Said]) -> list[str]:
        """The lines for what a job's log says."""
        return [line for each in said for line in self._line(job, each)]

    def failed(self, job: Job, *, how: str, logs: Sequence[str]) -> list[str]:
        """The lines for a failed job: its own error, or how it ended if it could not say one.

        Args:
            job: the job, with the errors of its log.
            how: how its command ended; empty if that is not known.
            logs: the logs to look into, its own and perhaps a cluster's.
        """
        errors = [each for each in job.errors if not each.text.startswith(_STOPPED)]
        if not errors:
            text = "failed; its log has no error" + (f" ({how})" if how else "")
            errors = [Said("error", text)]
        return [*self.heard(job, errors), *(f"  log: {log}" for log in logs)]

    def plain(self, kind: str, text: str) -> str:
        """A line of no job, which begins with the word `error` or `warning`."""
        return f"{self._word(kind)}: {text}"

    def _line(self, job: Job, said: Said) -> list[str]:
        key = (job.name, said.kind, said.text)
        if key in self._told:
            return []
        self._told.add(key)
        first = self._texts.setdefault(said.text, job.name)
        text = said.text if first == job.name else f"the same as {first}"
        return [self.plain(said.kind, f"{job.name}: {text}")]

    def _word(self, kind: str) -> str:
        return f"{_COLOURS[kind]}{kind}\x1b[0m" if self.colours else kind
