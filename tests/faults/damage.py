"""Flipped bits and cut files: runs jobs of a finished project on a damaged input.

The jobs and their commands come from Snakemake's records. Each job runs in its own process with the
libraries already imported, so that a case takes tenths of a second.
"""

import base64
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from faults.project import Done
from hybridbatch import cli
from hybridbatch.data.sources import catalog
from hybridbatch.stages import STAGES

KINDS = ("flip", "cut", "empty")
_PRELOADED = ("encode", "train", "retrieve", "report", "search", "metrics", "projection", "publish")
_LIMIT = 120.0  # seconds that a job may take


@dataclass(frozen=True)
class Job:
    """A job as Snakemake recorded it; paths are relative to the project."""

    rule: str
    command: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Damage:
    """A file to damage: `where`, from 0 to 1, is the bit to flip or the place of the cut."""

    job: Job
    file: str
    kind: str
    where: float

    def __str__(self) -> str:
        return f"{self.kind} at {self.where:.4f} of {self.file}, read by {self.job.rule}"


@dataclass(frozen=True)
class Outcome:
    """The result: `same bytes`, `line`, `other content` of a user's file, or a problem."""

    damage: Damage
    kind: str
    text: str = ""

    @property
    def broken(self) -> bool:
        """Whether the promise was broken."""
        return self.kind not in ("same bytes", "line", "other content")


def recorded_jobs(project: Path) -> list[Job]:
    """The jobs of a finished project, from Snakemake's own records."""
    found: dict[str, tuple[dict[str, list[str]], list[str]]] = {}
    for path in sorted((project / ".snakemake" / "metadata").rglob("*")):
        if path.is_file():
            record = json.loads(path.read_text(encoding="utf-8"))
            name = "".join(path.relative_to(project / ".snakemake" / "metadata").parts)
            output = base64.b64decode(name.replace("@", "")).decode()
            found.setdefault(record["shellcmd"] or "", (record, []))[1].append(output)
    return [
        Job(
            record["rule"],
            _words(command)[1:],
            tuple(record["input"]),
            tuple(sorted(outputs)),
        )
        for command, (record, outputs) in sorted(found.items(), key=lambda item: item[1][1])
        if command.startswith("python -m hybridbatch ")
    ]


def _words(command: str) -> tuple[str, ...]:
    """The words of a command after the shell's expansions, such as `$(dirname ...)`."""
    script = f"printf '%s\\0' {command}"
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, text=True, check=True)
    return tuple(done.stdout.split("\0")[:-1])


def files_of(project: Path, path: str) -> list[str]:
    """An input file, or the files of an input folder except Snakemake's own."""
    place = project / path
    if not place.is_dir():
        return [path]
    return sorted(
        str(each.relative_to(project))
        for each in place.rglob("*")
        if each.is_file() and not each.name.startswith(".snakemake")
    )


def draw(project: Path, *, seed: int) -> Iterator[Damage]:
    """Damages without end: every job with each of its input files, in random order."""
    random_ = random.Random(seed)
    places = [
        (job, file)
        for job in recorded_jobs(project)
        for path in job.inputs
        for file in files_of(project, path)
    ]
    while True:
        random_.shuffle(places)
        for job, file in places:
            yield Damage(job, file, random_.choices(KINDS, (6, 3, 1))[0], random_.random())


def try_damage(damage: Damage, project: Path, wanted: Mapping[str, str]) -> Outcome:
    """Run the job on the damaged file; afterwards restore the project."""
    with _kept(project, [damage.file, *damage.job.outputs]):
        spoil(project / damage.file, damage.kind, damage.where)
        done = run_job(project, damage.job.command)
        return _judged(damage, done, project, wanted)


def spoil(path: Path, kind: str, where: float) -> None:
    """Damage a file and leave its times as they are, as a failing disk does."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    if kind == "flip" and content:
        bit = int(where * len(content) * 8)
        content[bit // 8] ^= 1 << bit % 8
    elif kind == "cut":
        del content[int(where * len(content)) :]
    elif kind == "empty":
        content.clear()
    path.unlink()  # a hard link to the same file stays whole
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def run_job(project: Path, command: Sequence[str]) -> Done:
    """Run `python COMMAND` of a recorded job in the project's folder."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([STAGES[name].module for name in _PRELOADED])
    log = project / "job.log"
    process = context.Process(target=_stage, args=(str(project), list(command[2:]), str(log)))
    process.start()
    process.join(timeout=_LIMIT)
    if process.exitcode is None:
        process.kill()
        process.join()
        return Done(-1, f"still running after {_LIMIT:.0f} s")
    text = log.read_text(encoding="utf-8", errors="replace")
    log.unlink()
    return Done(process.exitcode, text)


def _stage(project: str, words: list[str], log: str) -> None:
    os.chdir(project)
    if Path("mirror").is_dir():  # as the workflow exports it to its jobs
        os.environ["HYBRIDBATCH_MIRROR"] = "mirror"
    # Use the pins of the project, whose downloads are generated. The code is this process's own.
    catalog._RAW_FILES = Path(project) / "workflow" / "hybridbatch" / "resources" / "raw_files.tsv"
    catalog.raw_files.cache_clear()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    code = cli.main(words)
    sys.stdout.flush()
    os._exit(code)


def _judged(damage: Damage, done: Done, project: Path, wanted: Mapping[str, str]) -> Outcome:
    if done.code == 0:
        if _same(damage.job, project, wanted):
            return Outcome(damage, "same bytes")
        if _unguarded(damage.file):
            return Outcome(damage, "other content")
        return Outcome(damage, "OTHER BYTES", done.text[-300:])
    if done.crashed or not done.errors:
        return Outcome(damage, "CRASH", done.text[-1500:])
    line = done.errors[-1]
    # The line names the file, or the folder that it belongs to.
    named = any(str(path) in line for path in (Path(damage.file), *Path(damage.file).parents[:2]))
    return Outcome(damage, "line" if named else "FILE NOT NAMED", line)


def _same(job: Job, project: Path, wanted: Mapping[str, str]) -> bool:
    import hashlib

    for output in job.outputs:
        for file in files_of(project, output):
            if file not in wanted:
                continue  # a timing, or the report's provenance
            content = (project / file).read_bytes()
            if file.endswith("report.html"):
                content = content.partition(b'<section id="provenance"')[0]
            if hashlib.sha256(content).hexdigest() != wanted[file]:
                return False
    return True


def _unguarded(file: str) -> bool:
    """Whether a user's file has no checksums: damage then looks like any other change."""
    return not re.match(r"results/", file) and not file.endswith(".parquet")


@contextmanager
def _kept(project: Path, paths: Sequence[str]) -> Iterator[None]:
    """Restore files and folders when the block ends."""
    store = project / ".kept"
    shutil.rmtree(store, ignore_errors=True)
    for path in paths:
        _copied(project / path, store / path)
    try:
        yield
    finally:
        for path in paths:
            place = project / path
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
            _copied(store / path, place)
        shutil.rmtree(store)


def _copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)
