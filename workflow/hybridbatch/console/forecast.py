"""How long the jobs of a run take: recorded by earlier runs, else a rough guess.

Snakemake's record of an artifact has the times and the command of the job that made it. A job that
was made before with another number of steps takes in proportion. The guesses are those of the
embedded default on two processors; they only have to say which stages are long.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

# Seconds of a job, the start of its interpreter included.
ROUGH = {
    "download": 5,
    "benchmarks": 5,
    "topics": 5,
    "corpus": 60,
    "shards": 10,
    "pairs": 5,
    "overlap": 4,
    "model": 8,
    "mine": 60,
    "publish": 4,
    "encode": 30,
    "encode_queries": 15,
    "encode_shard": 600,
    "index": 4,
    "index_shard": 20,
    "retrieve": 6,
    "search": 20,
    "pool": 10,
    "metrics": 6,
    "metrics_cut": 6,
    "bias": 6,
    "statistics": 10,
    "examples": 5,
    "projection": 5,
    "report": 12,
}
_OTHER = 10.0
_TRAIN_START = 10.0
_SECONDS_OF_PAIR = 0.045  # of a training step, for each pair of its batch
_MOST_SCALED = 4  # beyond this, start and end of a training weigh too much for a proportion
_LOOKED_AT = 20  # jobs of a rule whose records are read: thousands of shards take equally long


@dataclass(frozen=True)
class Forecast:
    """What is known before the first job runs.

    Args:
        seconds: the expected seconds of a job of each rule.
        own: the same for single jobs, by the path of the log.
        there: how many jobs of each rule have nothing to do.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    own: Mapping[str, float] = field(default_factory=dict)
    there: Mapping[str, int] = field(default_factory=dict)

    def job(self, rule: str, *, log: str = "", command: str | None = None) -> float:
        """The expected seconds of a job."""
        if log in self.own:
            return self.own[log]
        return self.seconds.get(rule) or rough_seconds(rule, command)


def rough_seconds(rule: str, command: str | None) -> float:
    """A guess at the seconds of a job, from its rule and the options in its command."""
    name = next((known for known in _known(rule) if known in ROUGH or known == "train"), "")
    if name == "train":
        return _TRAIN_START + _SECONDS_OF_PAIR * (_work(command) or 100 * 32)
    return ROUGH.get(name, _OTHER)


def recorded_seconds(
    rule: str, begin: float | None, end: float | None, *, then: str | None, now: str | None
) -> float | None:
    """The seconds that a job took, of a training in proportion to its steps; None if not known.

    Args:
        rule: the name of its rule.
        begin, end: when the job began and ended, in seconds since the epoch.
        then, now: the command that was recorded, and the one that is to run.
    """
    if begin is None or end is None or end <= begin:
        return None
    if "train" not in _known(rule):
        return end - begin
    before, after = _work(then), _work(now)
    if not before or not after:
        return None
    ratio = after / before
    return (end - begin) * ratio if 1 / _MOST_SCALED <= ratio <= _MOST_SCALED else None


def forecast_of(dag: Any, persistence: Any) -> dict[str, Any]:
    """The forecast for Snakemake's jobs, as the keyword arguments of `Forecast`.

    Args:
        dag: Snakemake's `workflow.dag`.
        persistence: Snakemake's `workflow.persistence`, which reads the records.
    """
    found: dict[str, list[float]] = {}
    own: dict[str, float] = {}
    there: dict[str, int] = {}
    by_rule: dict[str, list[Any]] = {}
    for job in dag.jobs:
        if not job.output:
            continue  # a target, which makes nothing
        if dag.needrun(job):
            by_rule.setdefault(job.rule.name, []).append(job)
        else:
            there[job.rule.name] = there.get(job.rule.name, 0) + 1
    for rule, jobs in by_rule.items():
        for job in islice(jobs, _LOOKED_AT):
            seconds = _seconds(rule, job, persistence)
            found.setdefault(rule, []).append(seconds)
            own |= {str(log): seconds for log in islice(job.log, 1)}
    means = {rule: sum(values) / len(values) for rule, values in found.items()}
    return asdict(Forecast(means, own, there))


def _seconds(rule: str, job: Any, persistence: Any) -> float:
    command = _command(job)
    for path in job.output:
        record = persistence.metadata(path)
        if record is None:
            continue
        seconds = recorded_seconds(
            rule, record.starttime, record.endtime, then=record.shellcmd, now=command
        )
        if seconds is not None:
            return seconds
    return rough_seconds(rule, command)


def _command(job: Any) -> str | None:
    try:
        return str(job.shellcmd)
    except Exception:  # a guess needs no command, and Snakemake raises many kinds
        return None


def _known(rule: str) -> Iterator[str]:
    """A rule's name, and for rules of a module with a prefix the parts of it."""
    yield rule
    parts = rule.split("_")
    for begin in range(1, len(parts)):
        yield "_".join(parts[begin:])


def _work(command: str | None) -> int | None:
    """The pairs of all steps of a training, from the options in its command."""
    numbers = [_number(name, command or "") for name in ("steps", "batch_size")]
    return numbers[0] * numbers[1] if all(numbers) else None


def _number(name: str, command: str) -> int:
    match = re.search(rf'"{name}": (\d+)', command)
    return int(match[1]) if match else 0
