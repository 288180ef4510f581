"""Faults around a run: a full disk, results that cannot be written, two at once, a loss of NaN.

Each fault gets one bad run, whose last line must name file and remedy. Then the fault is removed,
and the same command must end with the bytes of an undisturbed run.
"""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from faults import project as tiny_project
from faults.processes import descendants, jobs, until
from faults.project import SCOPES, STAGES, TRAINING, Done, References

_LIMIT = 900.0  # seconds for a command


@dataclass(frozen=True)
class Trial:
    """The result of a fault: the lines of the bad run, and the problems of both runs."""

    fault: str
    lines: tuple[str, ...]
    problems: tuple[str, ...]


def why_no_mounts() -> str | None:
    """Why this machine cannot mount a small or read-only file system; None if it can."""
    if shutil.which("unshare") is None:
        return "no `unshare` (util-linux)"
    with tempfile.TemporaryDirectory() as folder:
        trial = subprocess.run(
            [*_namespace(), f"mount -t tmpfs -o size=64k tmpfs {shlex.quote(folder)}"],
            capture_output=True,
            text=True,
        )
    return None if trial.returncode == 0 else f"mounts are not allowed here: {trial.stderr.strip()}"


def full_disk(references: References, folder: Path, scope: str, *, stage: int, room: int) -> Trial:
    """Results on a disk with `room` bytes free after the results of the first `stage` stages."""
    project = tiny_project.copy(references.project(scope), folder)
    tiny_project.cut_back(project, scope, stage)
    size = sum(_blocks(path) for path in (project / "results").rglob("*")) + room
    small = f"mount -t tmpfs -o size={size} tmpfs results"
    before = f"cp -a results kept && {small} && cp -a kept/. results/"
    between = "mount -o remount,size=1g results"
    after = "cp -a results made"
    bad, good = _twice(project, before, between, after)
    shutil.rmtree(project / "results")
    (project / "made").rename(project / "results")
    shutil.rmtree(project / "kept")
    fault = f"full disk, {room} bytes free, {scope}, from stage {stage}"
    return _judged(fault, references, project, scope, bad, good, word="disk is full")


def read_only(references: References, folder: Path, scope: str, *, stage: int) -> Trial:
    """Results that cannot be written, while all stages from number `stage` on must run."""
    project = tiny_project.copy(references.project(scope), folder)
    tiny_project.cut_back(project, scope, stage)
    if is_root():
        before = "mount --bind results results && mount -o remount,bind,ro results"
        bad, good = _twice(project, before, "umount results", "true")
        word = "read-only"
    else:
        bad, good = _without_permission(project)
        word = "permission denied"
    fault = f"read-only results, {scope}, from stage {stage}"
    return _judged(fault, references, project, scope, bad, good, word=word)


def infinite_loss(
    references: References, folder: Path, *, training: dict[str, Any] | None = None
) -> Trial:
    """A learning rate at which training diverges, and then the right one."""
    project = tiny_project.copy(references.project("memory"), folder)
    changed = tiny_project.TRAINING | {"learning_rate": 1.0e30} | (training or {})
    tiny_project.configure(project, "memory", training=changed)
    bad = tiny_project.run(project, timeout=_LIMIT)
    tiny_project.configure(project, "memory")
    good = tiny_project.run(project, timeout=_LIMIT)
    fault = f"learning rate 1e30, {training or {}}"
    return _judged(fault, references, project, "memory", bad, good, word="learning_rate")


def two_at_once(references: References, folder: Path, scope: str, *, stage: int) -> Trial:
    """A second Snakemake in the same folder: it is refused, and the first one succeeds."""
    project = tiny_project.copy(references.project(scope), folder)
    tiny_project.cut_back(project, scope, stage)
    first = subprocess.Popen(
        tiny_project.words(),
        cwd=project,
        env=tiny_project.environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        until(lambda: bool(jobs(first.pid)) or first.poll() is not None, seconds=60)
        first.send_signal(signal.SIGSTOP)  # else it might end before the second one
        bad = tiny_project.run(project, timeout=_LIMIT)
        first.send_signal(signal.SIGCONT)
        text, _ = first.communicate(timeout=_LIMIT)
    finally:
        if first.poll() is None:
            for each in descendants(first.pid):
                each.send(signal.SIGKILL)
            first.kill()
    fault = f"two at once, {scope}, from stage {stage}"
    problems = [] if bad.locked else [f"the second was not refused: {bad.text[-800:]}"]
    good = Done(first.returncode, text)
    return _judged(fault, references, project, scope, bad, good, word=None, problems=problems)


def _without_permission(project: Path) -> tuple[Done, Done]:
    """Run the command on folders without permission to write, and again with it."""
    folders = [project / "results", *(p for p in (project / "results").rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    bad = tiny_project.run(project, timeout=_LIMIT)
    for folder in folders:
        folder.chmod(0o755)
    return bad, tiny_project.run(project, timeout=_LIMIT)


def _twice(project: Path, before: str, between: str, after: str) -> tuple[Done, Done]:
    """Run the command under a mount, and again without it, in its own mount namespace."""
    command = shlex.join(tiny_project.words())
    script = (
        f"{before} || exit 99\n{command} > first.log 2>&1; echo $? > first.code\n"
        f"{between} || exit 98\n{command} > second.log 2>&1; echo $? > second.code\n{after}"
    )
    done = subprocess.run(
        [*_namespace(), script],
        cwd=project,
        env=tiny_project.environment(project),
        capture_output=True,
        text=True,
        timeout=2 * _LIMIT,
    )
    assert done.returncode == 0, f"mounts failed: {done.returncode} {done.stderr}"
    first, second = (
        Done(int((project / f"{name}.code").read_text()), (project / f"{name}.log").read_text())
        for name in ("first", "second")
    )
    return first, second


def _judged(
    fault: str,
    references: References,
    project: Path,
    scope: str,
    bad: Done,
    good: Done,
    *,
    word: str | None,
    problems: list[str] | None = None,
) -> Trial:
    found = list(problems or ())
    if bad.code == 0:
        found.append("the bad run succeeded")
    elif bad.crashed and word is not None:
        found.append(f"a trace: {bad.text[-2500:]}")
    if word is not None and not any(word in line for line in bad.errors):
        found.append(f"no line with {word!r}: {bad.errors or bad.text[-1500:]}")
    if good.code:
        found.append(f"the good run failed, code {good.code}: {good.text[-1500:]}")
    elif other := tiny_project.differences(project, references.digests(scope)):
        found.append(f"other bytes: {', '.join(other)}")
    if litter := tiny_project.leftovers(project):
        found.append(f"left behind: {', '.join(litter)}")
    return Trial(fault, tuple(bad.errors), tuple(found))


def is_root() -> bool:
    """Whether this process is root, so that permissions do not stop it."""
    return os.geteuid() == 0


def _namespace() -> list[str]:
    own = [] if is_root() else ["--map-root-user"]
    return ["unshare", "--mount", *own, "bash", "-c"]


def _blocks(path: Path) -> int:
    """Bytes that a file or folder takes in a tmpfs: whole pages."""
    return 0 if path.is_dir() else -(-path.stat().st_size // 4096) * 4096


def trials(references: References) -> list[Callable[[Path], Trial]]:
    """Every fault of this module, at early and late stages; each takes its folder."""
    no_validation = {"steps": 1, "warmup_steps": 0, "validation": {"fraction": 0.0}}
    last_step = no_validation | {"validation": TRAINING["validation"]}
    found: list[Callable[[Path], Trial]] = [
        *(
            partial(infinite_loss, references, training=each)
            for each in ({}, no_validation, last_step)
        ),
        *(
            partial(two_at_once, references, scope=scope, stage=stage)
            for scope in SCOPES
            for stage in (0, 3, len(STAGES[scope]) - 2)
        ),
    ]
    if why_no_mounts() is None or not is_root():
        found += [
            partial(read_only, references, scope=scope, stage=stage)
            for scope in SCOPES
            for stage in (0, 5)
        ]
    if why_no_mounts() is None:
        rooms = ((0, 40_000), (0, 150_000), (1, 100_000), (3, 60_000), (5, 20_000))
        found += [
            partial(full_disk, references, scope=scope, stage=stage, room=room)
            for scope in SCOPES
            for stage, room in (*rooms, (len(STAGES[scope]) - 1, 30_000))
        ]
    return found
