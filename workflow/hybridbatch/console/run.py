"""From Snakemake's events to lines: the jobs of a run, its errors, and its end."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridbatch.console import EVENT, lines, messages
from hybridbatch.console.dryrun import DryRun, nothing
from hybridbatch.console.errors import Voices
from hybridbatch.console.forecast import Forecast
from hybridbatch.console.outputs import Output
from hybridbatch.console.tally import Tally
from hybridbatch.console.wording import counted

# A file is not told of every job of a rule that has more.
_MANY = 40
_WARNING, _ERROR = 30, 40


@dataclass(frozen=True)
class Wanted:
    """What is shown: jobs, progress (`shares` of the time), `reasons` of a dry run, commands."""

    jobs: bool = True
    shares: bool = True
    reasons: bool = True
    commands: bool = False
    dryrun: bool = False


class Run:
    """A run of Snakemake.

    Args:
        output: where the lines go.
        wanted: which of them.
        clock: gives the time of an event, in seconds; the events have their own time.
        colours: whether errors and warnings are coloured.
    """

    def __init__(
        self, output: Output, wanted: Wanted, *, clock: Callable[[], float], colours: bool
    ) -> None:
        self.tally = Tally()
        self._output, self._wanted, self._clock = output, wanted, clock
        self._voices = Voices(colours=colours)
        self._dryrun = DryRun()
        self._begun: float | None = None
        self._command = ""
        self._stopped = self._failed = self._idle = False
        self._how = ""  # how the command ended of which Snakemake speaks next
        self._log = ""
        self._report: str | None = None
        self._events: Mapping[str, Callable[[Mapping[str, Any], float], None]] = {
            "workflow_started": self._start,
            "run_info": self._plan,
            "job_info": self._job,
            "shellcmd": self._shell,
            "job_finished": self._finished,
            "job_error": self._error_of_job,
            "progress": self._progress,
            "error": self._error,
            **dict.fromkeys(
                ("job_started", "resources_info", "group_info", "group_error", "rulegraph"),
                lambda values, now: None,
            ),
        }

    def take(self, record: Mapping[str, Any]) -> None:
        """An event, as the attributes of its log record."""
        now = self._clock()
        if EVENT in record:
            self._know(record[EVENT], now)
        elif (event := str(record.get("event") or "")) in self._events:
            self._events[event](record, now)
        else:
            self._message(str(record.get("msg") or ""), int(record.get("levelno", 20)))

    def refresh(self) -> None:
        """Read what the running jobs say, and draw how far they are."""
        now = self._clock()
        for job in tuple(self.tally.running.values()):
            self._write(self._voices.heard(job, job.read(now)))
        if self._output.live and self.tally.running and self._wanted.shares:
            columns, rows = self._output.size()
            drawn = lines.drawn(self.tally, now, columns=columns, rows=rows)
            self._output.draw(drawn if self._wanted.jobs else drawn[-1:])

    def end(self) -> None:
        """Snakemake is done: what was made, what was there, and where the report is."""
        self.refresh()
        self._output.close()
        columns, _ = self._output.size()
        if self._wanted.dryrun:
            self._write(self._dryrun.lines(columns, why=self._wanted.reasons))
        elif self._begun is not None and self.tally.total:
            self._end_of_jobs(self._clock() - self._begun, columns)
        elif self._idle and self._wanted.shares:
            self._write(self._where_the_report_is())

    def _end_of_jobs(self, seconds: float, columns: int) -> None:
        bad = self._stopped or self._failed or bool(self.tally.failed)
        ending = lines.ending(
            self.tally,
            seconds=seconds,
            stopped=self._stopped,
            failed=self._failed,
            columns=columns,
        )
        if self._wanted.shares:  # without them, Snakemake does not say which jobs are done
            self._write(ending)
            self._write(self._where_the_report_is() if not bad else [])
        elif bad:
            self._write(ending[:1])
        if bad and self._log:
            self._write([f"log of Snakemake: {_near(self._log)}"])

    def _start(self, record: Mapping[str, Any], now: float) -> None:
        self._begun = now
        self._command = str(record.get("cmd", ""))

    def _plan(self, record: Mapping[str, Any], now: float) -> None:
        if self._wanted.dryrun:
            self._dryrun.plan(record["stats"])
        else:
            self.tally.plan(record["stats"])

    def _know(self, forecast: Mapping[str, Any], now: float) -> None:
        self.tally.forecast = Forecast(**forecast)
        if self._wanted.shares:
            self._write([lines.beginning(self.tally, now)])

    def _job(self, record: Mapping[str, Any], now: float) -> None:
        rule, command = record["rule_name"], record.get("shellcmd")
        if self._wanted.dryrun:
            self._dryrun.add(
                rule,
                reason=str(record.get("reason") or ""),
                command=command,
                checkpoint=bool(record.get("is_checkpoint")),
            )
            return
        log = next(iter(record.get("log") or ()), "")
        job = self.tally.begin(
            record["jobid"],
            rule,
            record.get("wildcards") or {},
            log=log,
            command=command,
            now=now,
        )
        if rule == "report" or rule.endswith("_report"):
            self._report = next(iter(record.get("output") or ()), None)
        if self._told_of(rule) and record.get("output"):
            self._write([f"start  {job.name}"])
        self._draw()

    def _shell(self, record: Mapping[str, Any], now: float) -> None:
        if self._wanted.commands:
            self._write([str(record.get("shellcmd") or record.get("cmd") or "")])

    def _finished(self, record: Mapping[str, Any], now: float) -> None:
        finished = self.tally.finish(record["job_id"], now)
        if finished is None:
            return
        job, seconds = finished
        self._write(self._voices.heard(job, [*job.read(now, ended=True), *job.errors]))
        if self._told_of(job.rule) and job.rule != "all":
            self._write([lines.finished_line(job, seconds, self.tally, now)])
        elif not self._output.live and self._wanted.jobs and job.rule != "all":
            self._tell_of_many(job.rule, now)
        self._draw()

    def _tell_of_many(self, rule: str, now: float) -> None:
        done, planned = self.tally.took[rule].jobs, self.tally.planned[rule]
        if 10 * done // planned > 10 * (done - 1) // planned:
            self._write([lines.many_line(rule, self.tally, now)])

    def _told_of(self, rule: str) -> bool:
        many = self.tally.planned.get(rule, 0) > _MANY
        drawn = self._output.live and self._wanted.shares
        return self._wanted.jobs and not drawn and not many

    def _progress(self, record: Mapping[str, Any], now: float) -> None:
        if self.tally.grow(record["total"]) and self._wanted.shares and not self._output.live:
            self._write([f"now {counted(self.tally.total, 'job')} to run"])

    def _error_of_job(self, record: Mapping[str, Any], now: float) -> None:
        job = self.tally.fail(record["jobid"], now)
        how, self._how = self._how, ""
        if job is None or self._stopped:
            return
        self._write(self._voices.heard(job, job.read(now, ended=True)))
        logs = [str(log) for log in record.get("log") or ()]
        # What an executor adds, such as the number of the job in the cluster.
        aux = [f"{name} {value}" for name, value in (record.get("aux") or {}).items() if value]
        how = ", ".join([how, *aux] if how else aux)
        self._write(self._voices.failed(job, how=how, logs=logs))
        self._draw()

    def _error(self, record: Mapping[str, Any], now: float) -> None:
        text = str(record.get("msg") or "")
        if messages.is_of_failed_jobs(text):
            self._how = messages.exit_status(text)
        else:
            self._failed = True
            self._write([self._voices.plain("error", text)])

    def _message(self, text: str, level: int) -> None:
        self._stopped |= messages.is_stop(text)
        if text.startswith(messages.LOG):
            self._log = text.removeprefix(messages.LOG)
        if nothing(text):
            self._idle = True
        if not messages.is_shown(text):
            return
        kind = "error" if level >= _ERROR else "warning" if level >= _WARNING else ""
        if kind:
            self._write([self._voices.plain(kind, text)])
        elif self._wanted.jobs or self._wanted.shares:
            self._write([text])

    def _draw(self) -> None:
        if self._output.live:
            self.refresh()

    def _where_the_report_is(self) -> list[str]:
        path = self._report
        if path is None and "report.html" in self._command:
            path = next((word for word in self._command.split() if "report.html" in word), None)
        return [f"report: {path}"] if path and Path(path).is_file() else []

    def _write(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._output.write(text)


def _near(path: str) -> str:
    """A path as seen from the working folder, if it lies in it."""
    near = os.path.relpath(path)
    return path if near.startswith("..") else near
