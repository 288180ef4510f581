"""The table of a dry run: jobs per rule and why they would run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hybridbatch.console.forecast import rough_seconds
from hybridbatch.console.messages import reasons
from hybridbatch.console.wording import counted, roughly, table, wrapped_words


@dataclass
class DryRun:
    """What Snakemake says of a run that it only plans.

    Attributes:
        planned: jobs of each rule, as Snakemake counts them.
    """

    planned: dict[str, int] = field(default_factory=dict)
    _why: dict[str, dict[str, None]] = field(default_factory=dict)
    _checkpoints: bool = False
    _seconds: float = 0.0

    def plan(self, stats: Mapping[str, int]) -> None:
        """The jobs that would run."""
        self.planned = {rule: count for rule, count in stats.items() if rule != "total"}

    def add(self, rule: str, *, reason: str, command: str | None, checkpoint: bool) -> None:
        """A job that would run."""
        self._why.setdefault(rule, {}).update(dict.fromkeys(reasons(reason)))
        self._checkpoints |= checkpoint
        self._seconds += rough_seconds(rule, command)

    def lines(self, columns: int, *, why: bool) -> Sequence[str]:
        """The table and what it means; nothing if no job would run."""
        if not self.planned:
            return []
        rows = [("rule", "jobs", "why" if why and self._why else "")]
        for rule, count in self.planned.items():
            words = "; ".join(self._why.get(rule, ())) if why else ""
            rows.append((rule, f"{count:,}", words[:1].lower() + words[1:]))
        total = sum(self.planned.values())
        about = f"about {roughly(self._seconds)} at a guess" if self._seconds else ""
        rows.append(("total", f"{total:,}", about))
        note = "Nothing was run, because of the option -n."
        if self._checkpoints:
            note += " Some of these jobs find out which others are needed, so there will be more."
        note += " Add --verbose for files and reasons of every job."
        return [*table(rows, columns), *wrapped_words(note, columns)]


def nothing(text: str) -> bool:
    """Whether Snakemake says that there is nothing to do."""
    return text.startswith("Nothing to be done")


def total_line(planned: Mapping[str, int], there: int) -> str:
    """What a run begins with: `35 jobs to run, 12 need not run again`."""
    line = f"{counted(sum(planned.values()), 'job')} to run"
    return f"{line}, {there:,} already there" if there else line
