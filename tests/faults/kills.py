"""Kills a job, Snakemake or both at random moments, again and again until a run is done.

A case is a chain: the same command starts, is killed, starts again, and so on. The final results
are compared with those of an undisturbed run. A chain costs one run, and a start for each kill.
Seed and number determine a case. But the moment of a kill is a time, so a second run of the same
case may be hit elsewhere.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from faults import project as tiny_project
from faults.processes import Process, descendants, ended, jobs, running_process, until
from faults.project import Done, References

TARGETS = ("job", "snakemake", "group")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
STARTS = ("nothing", "boundary", "edit", "two edits")
MOMENTS = ("start", "job", "checkpoint")
_LENGTH = 2.0  # seconds: a job of the tiny project takes .5 to 5
_PLANNING = 5.0  # seconds from the command to its first job


@dataclass(frozen=True)
class Kill:
    """Which process to kill, with which signal, and when.

    moment: `start` counts from the command, `job` from the start of its job number `after`,
    `checkpoint` from the first checkpoint of a training. Then `delay` seconds pass. `patient`: the
    next command waits for the processes that a dead Snakemake left; else it starts at once.
    """

    target: str
    signal: signal.Signals
    moment: str
    after: int
    delay: float
    patient: bool


@dataclass(frozen=True)
class Case:
    """A chain of kills; a `boundary` case begins at `stage`, and `edits` are made."""

    number: int
    scope: str
    start: str
    stage: int
    edits: tuple[str, ...]
    kills: tuple[Kill, ...]

    def __str__(self) -> str:
        start = f"{self.start} {self.stage}" if self.start == "boundary" else self.start
        return f"{self.scope}, from {start}{' ' * bool(self.edits)}{'+'.join(self.edits)}"


@dataclass
class Strike:
    """The effect of a kill: the stages that ran, and what the next command found."""

    kill: Kill
    running: tuple[str, ...]
    hit: bool
    left: list[Process] = field(default_factory=list)
    unlocked: bool = False
    refused: bool = False
    resumed: bool = False


@dataclass
class Verdict:
    """How a case ended; without `problems`, with the same bytes."""

    case: Case
    strikes: list[Strike]
    problems: list[str]
    seconds: float


def draw(number: int, *, seed: int) -> Case:
    """The case with this number."""
    random_ = random.Random(f"{seed}/{number}")
    scope = "memory" if number % 3 else "sharded"
    start = STARTS[number % 4]
    edits = list(tiny_project.EDITS[scope])
    random_.shuffle(edits)
    length = {"nothing": 16, "boundary": 10, "edit": 10, "two edits": 10}[start]
    return Case(
        number=number,
        scope=scope,
        start=start,
        stage=random_.randrange(len(tiny_project.STAGES[scope]) - 1) if start == "boundary" else 0,
        edits=tuple(edits[: {"edit": 1, "two edits": 2}.get(start, 0)]),
        kills=tuple(_draw_kill(random_) for _ in range(length)),
    )


def _draw_kill(random_: random.Random) -> Kill:
    target = random_.choice(TARGETS)
    moment = random_.choices(MOMENTS, (1, 3, 1))[0]
    if target == "job" and moment == "start":
        moment = "job"
    return Kill(
        target=target,
        signal=random_.choice(SIGNALS),
        moment=moment,
        after=random_.randint(1, 3),
        delay=random_.random() * (_PLANNING if moment == "start" else _LENGTH),
        patient=random_.random() < 0.4,
    )


def try_case(case: Case, references: References, folder: Path, *, limit: float) -> Verdict:
    """Run a case in `folder`, for `limit` seconds; a failed case leaves the folder there."""
    chain = _Chain(case, references, folder, limit=limit)
    try:
        chain.run()
    except subprocess.TimeoutExpired as error:
        chain.problems.append(f"out of time: {' '.join(map(str, error.cmd))[-60:]}")
    finally:
        chain.stop_all()
    if not chain.problems:
        shutil.rmtree(folder, ignore_errors=True)
    return Verdict(case, chain.strikes, chain.problems, time.monotonic() - chain.begin)


class _Chain:
    """A case that runs."""

    def __init__(self, case: Case, references: References, folder: Path, *, limit: float) -> None:
        self.case, self.references, self.project = case, references, folder
        self.begin = time.monotonic()
        self.end = self.begin + limit
        self.log = folder.parent / f"{folder.name}.log"
        self.strikes: list[Strike] = []
        self.problems: list[str] = []
        self.started: list[Process] = []
        self.random = random.Random(f"job {case.number}")

    def run(self) -> None:
        case = self.case
        self._set_up()
        half = len(case.kills) // 2 if case.start == "two edits" else len(case.kills)
        self._chain(case.kills[:half])
        if case.start == "two edits":
            tiny_project.configure(self.project, case.scope, case.edits[1])
            self._chain(case.kills[half:])
        if not self.problems:
            self._finish()

    def _chain(self, kills: Sequence[Kill]) -> None:
        while kills and not self.problems:
            kills = kills[self._attempt(kills) :]

    def _set_up(self) -> None:
        case = self.case
        self.log.unlink(missing_ok=True)
        if case.start == "nothing":
            tiny_project.copy(self.references.untouched(case.scope), self.project)
            return
        tiny_project.copy(self.references.project(case.scope), self.project)
        if case.start == "boundary":
            tiny_project.cut_back(self.project, case.scope, case.stage)
        else:
            tiny_project.configure(self.project, case.scope, case.edits[0])

    def _attempt(self, kills: Sequence[Kill]) -> int:
        """Start the command and kill until it has ended; return the number of kills used."""
        before, used = len(self._said()), 0
        with self.log.open("ab") as log:
            process = self._start(log)
            self.started += running_process(process.pid)
            while process.poll() is None and used < len(kills):
                self.strikes.append(self._hit(process, kills[used]))
                used += 1
                # Snakemake may try a killed job again, and then continue.
                until(
                    lambda: process.poll() is not None, seconds=1.5 if self.strikes[-1].hit else 0
                )
            code = self._wait(process)
        said = Done(code, self._said()[before:])
        self._look_into(said)
        if code and not any(each.hit for each in self.strikes[-used:]) and not said.refused:
            self._problem(f"failed without a kill, code {code}: {said.text[-1500:]}")
        if code:
            self._clear_up()
        return used if code else len(kills)

    def _clear_up(self) -> None:
        """Do what a person does after a kill: wait for what still runs, or not, and unlock."""
        last = self.strikes[-1]
        last.left = [each for each in self.started if each.alive]
        if last.kill.patient and not ended(last.left, seconds=self._left()):
            self._problem(f"does not end: {last.left}")
        if any((self.project / ".snakemake" / "locks").glob("*")):
            self._unlock()

    def _start(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            tiny_project.words(),
            cwd=self.project,
            env=tiny_project.environment(self.project),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own: this process is not in it
        )

    def _hit(self, process: subprocess.Popen[bytes], kill: Kill) -> Strike:
        over: Callable[[], bool] = lambda: process.poll() is not None  # noqa: E731
        seen: set[Process] = set()

        def due() -> bool:
            running = jobs(process.pid)
            seen.update(running)
            if kill.moment == "checkpoint" and _has_checkpoint(self.project):
                return True
            # A chain without a training has no checkpoint to wait for.
            return len(seen) >= kill.after + (8 if kill.moment == "checkpoint" else 0)

        if kill.moment != "start":
            until(lambda: over() or due(), seconds=self._left())
        until(over, seconds=kill.delay)
        if kill.target == "job":
            until(lambda: over() or bool(jobs(process.pid)), seconds=self._left())
        running = jobs(process.pid)
        self.started += descendants(process.pid)
        if over() or (kill.target == "job" and not running):
            return Strike(kill, (), hit=False)
        if kill.target == "job":
            self.random.choice(running).send(kill.signal)
        elif kill.target == "snakemake":
            process.send_signal(kill.signal)
        else:
            os.killpg(process.pid, kill.signal)
        return Strike(kill, tuple(each.stage for each in running), hit=True)

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        """Snakemake's exit code. It may first run other jobs, or wait for those that run."""
        while True:
            self.started += descendants(process.pid)
            try:
                return process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                if self._left() <= 0:
                    raise

    def _finish(self) -> None:
        """Repeat the command until it succeeds, as a person does who reads its messages."""
        for _ in range(4):
            done = tiny_project.run(self.project, timeout=max(1, self._left()))
            self._note(done)
            self._look_into(done)
            if done.code == 0:
                self._compare()
                return
            if not done.refused:
                break
            ended(self.started, seconds=self._left())
        self._problem(f"does not end, code {done.code}: {done.text[-1500:]}")

    def _compare(self) -> None:
        edits = self.case.edits[-1:]
        if not ended(self.started, seconds=min(60, self._left())):
            self._problem(f"left running: {[each for each in self.started if each.alive]}")
        wanted = self.references.digests(self.case.scope, edits)
        if other := tiny_project.differences(self.project, wanted):
            self._problem(f"other bytes: {', '.join(other)}")
        if litter := tiny_project.leftovers(self.project):
            self._problem(f"left behind: {', '.join(litter)}")
        planned = tiny_project.run(self.project, "-n", tiny_project.REPORT)
        if tiny_project.NOTHING not in planned.text:
            self._problem(f"not done after success: {planned.text[-1500:]}")

    def _look_into(self, done: Done) -> None:
        """Note whether a job was refused or a training resumed; a crash is a problem."""
        if self.strikes:
            self.strikes[-1].refused |= done.refused
            self.strikes[-1].resumed |= "resuming after step" in done.text
        if "unexpected failure" in done.text:
            self._problem(f"crashed: {done.text[-3000:]}")

    def _unlock(self) -> None:
        last = self.strikes[-1]
        last.unlocked = True
        done = tiny_project.run(self.project, "--unlock", timeout=max(1, self._left()))
        self._note(done)
        if done.code:
            self._problem(f"cannot be unlocked: {done.text[-1500:]}")

    def _problem(self, text: str) -> None:
        self.problems.append(text)

    def _note(self, done: Done) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(done.text)

    def _said(self) -> str:
        if not self.log.exists():
            return ""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _left(self) -> float:
        return self.end - time.monotonic()

    def stop_all(self) -> None:
        """Kill each process that this case started and that still runs."""
        for each in self.started:
            each.send(signal.SIGKILL)


def _has_checkpoint(project: Path) -> bool:
    return any((project / "results").glob("training_state/*/step-*"))
