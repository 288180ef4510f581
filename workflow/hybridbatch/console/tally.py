"""The jobs of a run: planned, running and done, the share of the time, and the time left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hybridbatch.console.forecast import Forecast
from hybridbatch.console.joblog import JobLog, Said
from hybridbatch.console.wording import job_name

# A training has one long loop, whose log says what is left; other stages have several.
_ONE_LOOP = ("train",)
# The checkpoint, which finds out how many jobs follow it: those of the shards.
_CHECKPOINT = "shards"
# How far one estimate may be off, so that a single odd job does not move all the others.
_LEAST, _MOST = 0.1, 10.0
# Seconds as expected, which jobs of other rules have to outweigh before an estimate follows them.
_PRIOR = 20.0


@dataclass
class Job:
    """A job that runs or ran.

    Attributes:
        rule: the name of its rule.
        name: rule and wildcards, such as `train embedded.cldr.hybrid.s1`.
        begun: when it began, in seconds.
        expected: the seconds that it was expected to take, before any job of this run was done.
        log: its log; None if the rule has none.
        errors: what its log says of errors; they are shown when the job has ended.
    """

    rule: str
    name: str
    begun: float
    expected: float
    log: JobLog | None = None
    errors: list[Said] = field(default_factory=list)

    def read(self, now: float, *, ended: bool = False) -> list[Said]:
        """The warnings that are new in its log; the errors are kept."""
        said = self.log.read(now, to_end=ended) if self.log else []
        self.errors += [each for each in said if each.kind == "error"]
        return [each for each in said if each.kind == "warning"]


@dataclass
class Took:
    """The jobs of a rule that are done: their number, seconds, and expected seconds."""

    jobs: int = 0
    seconds: float = 0.0
    expected: float = 0.0

    def __add__(self, other: "Took") -> "Took":
        return Took(
            self.jobs + other.jobs, self.seconds + other.seconds, self.expected + other.expected
        )


@dataclass
class Tally:
    """What is done and what is left. Times are seconds of one clock.

    Attributes:
        total: the jobs of the run as Snakemake counts them; a checkpoint may add some.
        planned: the jobs of each rule.
        running, failed: jobs by the number that Snakemake gave them.
        took: what is done, by rule in the order in which the first jobs were done.
        forecast: how long they take.
        is_open: whether a checkpoint will add jobs, whose number is not known yet.
    """

    total: int = 0
    planned: dict[str, int] = field(default_factory=dict)
    running: dict[int, Job] = field(default_factory=dict)
    failed: dict[int, Job] = field(default_factory=dict)
    took: dict[str, Took] = field(default_factory=dict)
    forecast: Forecast = field(default_factory=Forecast)
    is_open: bool = False
    _busy: float = 0.0
    _worked: float = 0.0
    _counted: float | None = None
    _shown: float = 0.0

    def plan(self, stats: Mapping[str, int]) -> None:
        """The jobs that will run, as Snakemake counts them by rule before it starts."""
        self.planned = {rule: count for rule, count in stats.items() if rule != "total"}
        self.total = max(stats.get("total", 0), sum(self.planned.values()))
        self.is_open = _CHECKPOINT in self.planned

    def begin(
        self,
        number: int,
        rule: str,
        wildcards: Mapping[str, str],
        *,
        log: str,
        command: str | None,
        now: float,
    ) -> Job:
        """A job starts, or starts again after a failure."""
        self._count(now)
        self.failed.pop(number, None)
        expected = self.forecast.job(rule, log=log, command=command)
        reader = JobLog(Path(log)) if log else None
        job = Job(rule, job_name(rule, wildcards), now, expected, reader)
        self.running[number] = job
        started = sum(each.rule == rule for each in self.running.values())
        started += self.took[rule].jobs if rule in self.took else 0
        if started > self.planned.get(rule, 0):  # found out by a checkpoint
            self.planned[rule] = started
        return job

    def finish(self, number: int, now: float) -> tuple[Job, float] | None:
        """A job is done: the job and its seconds; None for a job that was not seen to start."""
        self._count(now)
        job = self.running.pop(number, None)
        if job is None:
            return None
        seconds = max(now - job.begun, 0.0)
        self.took[job.rule] = self.took.get(job.rule, Took()) + Took(1, seconds, job.expected)
        return job, seconds

    def fail(self, number: int, now: float) -> Job | None:
        """A job failed."""
        self._count(now)
        job = self.running.pop(number, None)
        if job is not None:
            self.failed[number] = job
        return job

    def grow(self, total: int) -> bool:
        """Snakemake's count of all jobs, after a job is done; whether it has grown."""
        grown = total > self.total > 0
        self.total = max(total, self.total)
        left = {*self.waiting(), *(job.rule for job in self.running.values())}
        self.is_open = _CHECKPOINT in left
        if grown:
            self._shown = 0.0  # with more to do, a smaller share is done
        return grown

    def share(self, now: float) -> float:
        """The share of the time of all jobs that is over, between 0 and 1; it does not fall."""
        done = sum(took.seconds for took in self.took.values())
        done += sum(now - job.begun for job in self.running.values())
        left = self._left_of_jobs(now)
        if left <= 0:
            return 1.0
        self._shown = max(self._shown, min(done / (done + left), 0.999))
        return self._shown

    def seconds_left(self, now: float) -> float:
        """The time until all is done, if as many jobs run side by side as until now."""
        self._count(now)
        beside = max(self._busy / self._worked, 1.0) if self._worked > 0 else 1.0
        longest = max((self._left_of(job, now) for job in self.running.values()), default=0.0)
        return max(self._left_of_jobs(now) / beside, longest)

    def waiting(self) -> dict[str, int]:
        """The jobs of each rule that have not started; of a failed one none is waiting."""
        counts = dict(self.planned)
        for rule, count in self.made().items():
            counts[rule] = counts.get(rule, 0) - count
        for job in (*self.running.values(), *self.failed.values()):
            counts[job.rule] = counts.get(job.rule, 0) - 1
        return {rule: count for rule, count in counts.items() if count > 0}

    def made(self) -> dict[str, int]:
        """How many jobs of each rule are done, in the order in which the first were."""
        return {rule: took.jobs for rule, took in self.took.items()}

    @property
    def done(self) -> int:
        """How many jobs are done."""
        return sum(took.jobs for took in self.took.values())

    def _left_of_jobs(self, now: float) -> float:
        waiting = self.waiting()
        left = sum(self._left_of(job, now) for job in self.running.values())
        left += sum(count * self._expected(rule) for rule, count in waiting.items())
        known = sum(waiting.values()) + len(self.running) + self.done + len(self.failed)
        return left + max(self.total - known, 0) * self._unknown()

    def _left_of(self, job: Job, now: float) -> float:
        over = now - job.begun
        expected = job.expected * self._ratio(job.rule)
        # Half of what has passed, once a job takes longer than expected: nobody knows.
        left = expected - over if over < expected else over / 2
        if job.log is None or job.log.left is None:
            return left
        said = max(job.log.left - (now - job.log.read_at), 0.0)
        return said if job.rule in _ONE_LOOP else max(left, said)

    def _expected(self, rule: str) -> float:
        """The seconds of a job that has not started: of this run's own jobs if there are any."""
        if took := self.took.get(rule):
            return took.seconds / took.jobs
        return self.forecast.job(rule) * self._ratio(rule)

    def _ratio(self, rule: str) -> float:
        """How much longer jobs take than expected: those of the rule, else all."""
        took = self.took.get(rule) or sum(self.took.values(), Took(0, _PRIOR, _PRIOR))
        if not took.expected:
            return 1.0
        return min(max(took.seconds / took.expected, _LEAST), _MOST)

    def _unknown(self) -> float:
        """The seconds of a job that a checkpoint added, of which only the number is known."""
        shards = [rule for rule in ("encode_shard", "search") if rule in self.forecast.seconds]
        rules = shards or list(self.took) or list(self.planned)
        return sum(map(self._expected, rules)) / len(rules) if rules else 0.0

    def _count(self, now: float) -> None:
        """Add up the seconds of all jobs, and those in which any job ran."""
        if self._counted is not None and self.running:
            passed = max(now - self._counted, 0.0)
            self._worked += passed
            self._busy += passed * len(self.running)
        self._counted = now
