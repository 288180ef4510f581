"""The lines that show how far a run is, and the one that it ends with."""

from collections import Counter
from collections.abc import Sequence

from hybridbatch.console.tally import Job, Tally
from hybridbatch.console.wording import (
    clock,
    counted,
    duration,
    of_rules,
    percent,
    roughly,
    shortened,
    wrapped_words,
)

_MOST_JOBS = 12
_NAME, _BAR = 20, 20
_SHARDS = " and those of shards"


def drawn(tally: Tally, now: float, *, columns: int, rows: int) -> list[str]:
    """One line for each running job, or for each rule if there are many, and one for all jobs.

    Every line is narrower than `columns`, so that no terminal wraps it.
    """
    width = columns - 1
    jobs = sorted(tally.running.values(), key=lambda job: job.begun)
    if len(jobs) <= max(min(_MOST_JOBS, rows - 4), 1):
        lines = [job_line(job, now, width) for job in jobs]
    else:
        lines = _rule_lines(tally, jobs)[: max(rows - 4, 1)]
    lines.append(total_line(tally, now, width))
    return [shortened(line, width) for line in lines]


def job_line(job: Job, now: float, width: int) -> str:
    """`train embedded.cldr.hybrid.s1  0:42  23/50 steps (46 %)`, in at most `width` columns."""
    time = clock(now - job.begun)
    detail = job.log.amount if job.log else ""
    if detail and len(job.name) + len(time) + len(detail) + 4 > width:
        detail = detail.rpartition(" (")[2].rstrip(")")  # the share alone
    end = f"  {time}" + (f"  {detail}" if detail else "")
    name = shortened(job.name, max(width - len(end), _NAME))
    return f"{name}{end}"


def total_line(tally: Tally, now: float, width: int) -> str:
    """A bar, the share of the time that is over, what is left of it, and the jobs.

    A share of the jobs that are known would fall when the others are found out; it is left out.
    """
    share = tally.share(now)
    left = f"{roughly(tally.seconds_left(now))} left"
    jobs = f"{tally.done:,}/{tally.total:,} jobs"
    if tally.is_open:
        return f"more than {left}, {jobs}{_SHARDS}"
    text = f"{percent(share)} of the time, {left}, {jobs}"
    if len(text) + 10 > width:
        text = f"{percent(share)}, {left}, {jobs}"
    bar = min(_BAR, width - len(text) - 3)
    if bar < 4:
        return text
    filled = int(share * bar)
    return f"[{'#' * filled}{'.' * (bar - filled)}] {text}"


def finished_line(job: Job, seconds: float, tally: Tally, now: float) -> str:
    """What a file is told of a job that is done."""
    return f"done   {job.name}: {duration(seconds)}; {so_far(tally, now)}"


def many_line(rule: str, tally: Tally, now: float) -> str:
    """What a file is told now and then of a rule with many jobs."""
    jobs = f"{tally.took[rule].jobs:,} of {counted(tally.planned[rule], 'job')}"
    return f"done   {rule}: {jobs}; {so_far(tally, now)}"


def so_far(tally: Tally, now: float) -> str:
    """`46 % of the time, 4 min left, 12 of 35 jobs`."""
    jobs = f"{tally.done:,} of {counted(tally.total, 'job')}"
    if tally.done >= tally.total:
        return jobs
    left = roughly(tally.seconds_left(now))
    if tally.is_open:
        return f"more than {left} left, {jobs}{_SHARDS}"
    return f"{percent(tally.share(now))} of the time, {left} left, {jobs}"


def beginning(tally: Tally, now: float) -> str:
    """What a run begins with: how many jobs, how many are there, how long it may take."""
    more = _SHARDS if tally.is_open else ""
    line = f"{counted(tally.total, 'job')}{more} to run"
    if there := sum(tally.forecast.there.values()):
        line += f", {there:,} already there"
    how = "more than" if more else "about"
    return f"{line}; {how} {roughly(tally.seconds_left(now))}"


def ending(tally: Tally, *, seconds: float, stopped: bool, failed: bool, columns: int) -> list[str]:
    """What a run ends with: how it ended, what was made and what was there."""
    took = duration(seconds)
    if stopped:
        head = f"stopped after {took}; run the same command again to resume"
    elif failed or tally.failed:
        names = sorted(job.name for job in tally.failed.values())
        which = f": {', '.join(names[:3])}{' and others' if names[3:] else ''}" if names else ""
        head = f"failed after {took}: {counted(len(names), 'job')}{which}"
    else:
        head = f"finished in {took}"
    lines = [head]
    made = {rule: count for rule, count in tally.made().items() if rule != "all"}
    if made:
        lines.append(f"made: {counted(sum(made.values()), 'job')} ({of_rules(made)})")
    if there := tally.forecast.there:
        lines.append(f"already there: {counted(sum(there.values()), 'job')} ({of_rules(there)})")
    rest = Counter(tally.waiting())
    rest.update(job.rule for job in (*tally.failed.values(), *tally.running.values()))
    rest.pop("all", None)
    if rest:
        lines.append(f"left to do: {counted(rest.total(), 'job')} ({of_rules(rest)})")
    return [line for text in lines for line in _folded(text, columns)]


def _rule_lines(tally: Tally, jobs: Sequence[Job]) -> list[str]:
    running = Counter(job.rule for job in jobs)
    made = tally.made()
    return [
        f"{rule}: {count:,} running, {made.get(rule, 0):,} of {tally.planned.get(rule, 0):,} done"
        for rule, count in running.items()
    ]


def _folded(text: str, columns: int) -> list[str]:
    first, *others = wrapped_words(text, columns - 3)
    return [first, *(f"  {line}" for line in others)]
