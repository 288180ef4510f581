"""Runs a case of the law in a project, and says what did not hold.

The law: after one successful run, `snakemake -n` says that nothing is to be done, and each artifact
has the same bytes as if the project had run from nothing. `hybridbatch verify` must agree.
"""

import compileall
import hashlib
import json
import re
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults import project as tiny_project
from faults.project import NOTHING, REPORT, SCOPES, Done, References, copy, leftovers
from law.cases import Case, Step
from law.edits import EDITS, Edit
from law.forks import Death, Forks
from tiny_project import artifacts

Row = dict[str, Any]
_OWN = ("config", "workflow", "model", "benchmark", "mirror", "pairs.parquet", "second")
# Fewer steps than a chain of kills needs: each case costs two runs.
_TRAINING = tiny_project.TRAINING | {
    "steps": 12,
    "checkpoint_every": 4,
    "validation": {"fraction": 0.2, "every": 6, "batches": 2},
}
_BASE: Mapping[str, Mapping[str, Any]] = {
    "memory": {
        "train_languages": ["ar", "de", "en"],
        "training": _TRAINING | {"precision": "auto"},
        "statistics": {"resamples": 200},
        "mirror": None,
    },
    "sharded": {"statistics": {"resamples": 200}},
}


@dataclass
class Finished:
    """The results of projects run from nothing, kept in a folder by the project's content."""

    folder: Path
    forks: Forks
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _projects: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        references = References(self.folder)
        self._untouched = {scope: references.untouched(scope) for scope in SCOPES}
        for place in self._untouched.values():
            compileall.compile_dir(place / "workflow", quiet=2)  # once, instead of in each run

    def untouched(self, scope: str, edits: Sequence[str], place: Path) -> Path:
        """A project with these edits that has run nothing."""
        copy(self._untouched[scope], place)
        tiny_project.configure(place, scope, **_BASE[scope])
        apply(place, scope, edits)
        return place

    def project(self, scope: str) -> Path:
        """A finished project without edits."""
        with self._lock:
            if scope not in self._projects:
                self._projects[scope] = self._made(scope)
            return self._projects[scope]

    def _made(self, scope: str) -> Path:
        new = self.untouched(scope, (), self.folder / f"new-{scope}")
        place = self.folder / f"{scope}-{_content(new)}"
        if place.exists():
            shutil.rmtree(new)
        else:
            self._run(new)
            new.rename(place)
        return place

    def digests(self, scope: str, edits: Sequence[str]) -> Mapping[str, str]:
        """The digests of the artifacts of a project with these edits, run from nothing."""
        lasting = [name for name in edits if EDITS[scope][name].lasting]
        new = self.untouched(scope, lasting, self.folder / f"new-{threading.get_ident()}")
        file = self.folder / f"{scope}-{_content(new)}.json"
        if not file.exists():
            self._run(new)
            file.write_text(json.dumps(artifacts(new)), encoding="utf-8")
        shutil.rmtree(new)
        found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def _run(self, project: Path) -> None:
        done = self.forks.snakemake(project, "--", REPORT)
        if done.code:
            raise RuntimeError(f"{project}: the run from nothing failed: {done.text[-3000:]}")


def _content(project: Path) -> str:
    """A digest of all files of a project."""
    digest = hashlib.sha256()
    for path in sorted(each for each in project.rglob("*") if _is_source(each)):
        digest.update(f"{path.relative_to(project)} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _is_source(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc"


_RAW = "results/raw/"
_APPLYING = threading.Lock()  # an edit of the model uses torch's global random state


def apply(project: Path, scope: str, edits: Sequence[str]) -> None:
    """Make the edits, those of results last."""
    with _APPLYING:
        for edit in sorted((EDITS[scope][name] for name in edits), key=_order):
            edit.change(project)


def _order(edit: Edit) -> tuple[bool, str]:
    return not edit.lasting, edit.name


def restore(project: Path, base: Path) -> None:
    """Undo all edits: take configuration, code and files from outside from `base`."""
    for name in _OWN:
        place, source = project / name, base / name
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        if source.is_dir():
            shutil.copytree(source, place)
        elif source.exists():
            shutil.copy2(source, place)


def try_case(case: Case, finished: Finished, folder: Path) -> Row:
    """Run a case in `folder`; a case that breaks the law leaves the folder there."""
    begin = time.monotonic()
    trial = _Trial(case, finished, folder)
    try:
        trial.run()
    except RuntimeError as error:
        trial.problems.append(str(error))
    if not trial.problems:
        shutil.rmtree(folder)
    return {
        "what": case.what,
        "number": case.number,
        "scope": case.scope,
        "case": str(case),
        "edits": [list(step.edits) for step in case.steps],
        "kinds": sorted({EDITS[case.scope][name].kind for name in case.steps[0].edits}),
        "stops": [str(step.stop) for step in case.steps if step.stop],
        "hit": trial.hit,
        "planned": sorted(trial.planned),
        "problems": trial.problems,
        "seconds": round(time.monotonic() - begin, 1),
    }


class _Trial:
    """A case that runs."""

    def __init__(self, case: Case, finished: Finished, project: Path) -> None:
        self.case, self.finished, self.project = case, finished, project
        self.forks = finished.forks
        self.problems: list[str] = []
        self.planned: set[str] = set()
        self.hit = 0

    def run(self) -> None:
        base = self.finished.project(self.case.scope)
        copy(base, self.project)
        for number, step in enumerate(self.case.steps):
            if number:
                restore(self.project, base)
            apply(self.project, self.case.scope, step.edits)
            if self.case.what in ("single", "plan") and number == 0:
                self._plan(EDITS[self.case.scope][step.edits[0]])
            if self.case.what == "plan":
                return
            had = set(artifacts(self.project))
            if step.stop:
                self._stop(step.stop)
            if not step.leave:
                self._finish(step, had)
            if self.problems:
                return

    def _plan(self, edit: Edit) -> None:
        done = self.forks.snakemake(self.project, "-n", "--quiet", "progress", "--", REPORT)
        self.planned = rules(done)
        if done.code:
            self.problems.append(f"not planned: {done.text[-1500:]}")
        elif edit.expects is not None and self.planned != edit.expects:
            more, less = self.planned - edit.expects, edit.expects - self.planned
            self.problems.append(f"planned too much: {sorted(more)}; not planned: {sorted(less)}")

    def _stop(self, stop: Death | str) -> None:
        """Do the first run, which is stopped."""
        if isinstance(stop, str):
            words = ["--until", stop, "--", REPORT]
            done = self.forks.snakemake(self.project, *words)
            self.hit += 1
            if done.code:
                self.problems.append(f"--until {stop} failed: {done.text[-1500:]}")
            elif left := rules(self.forks.snakemake(self.project, "-n", *words)):
                self.problems.append(f"{sorted(left)} not done after --until {stop}")
            return
        done = self.forks.snakemake(self.project, "--", REPORT, death=stop)
        if done.code == 137:
            self.hit += 1
            unlocked = self.forks.snakemake(self.project, "--unlock")
            if unlocked.code:
                self.problems.append(f"cannot be unlocked: {unlocked.text[-1500:]}")
        elif done.code:
            self.problems.append(f"failed without a kill, code {done.code}: {done.text[-1500:]}")

    def _finish(self, step: Step, had: set[str]) -> None:
        done = self.forks.snakemake(self.project, "--", REPORT)
        if done.code:
            self.problems.append(f"exit code {done.code}: {done.text[-2500:]}")
            return
        # Snakemake removes old outputs before a job, which may then be killed.
        if self.case.what == "undo" or _removes(self.case.scope, step.edits):
            self._ask_for_the_removed()
        planned = self.forks.snakemake(self.project, "-n", "--", REPORT)
        if NOTHING not in planned.text:
            self.problems.append(f"not done after success: {planned.text[-1500:]}")
        verified = self.forks.hybridbatch(self.project, "verify")
        if verified.code:
            self.problems.append(f"verify: {verified.text[-1500:]}")
        found = artifacts(self.project)
        wanted = self.finished.digests(self.case.scope, step.edits)
        other = sorted(name for name in wanted if found.get(name) != wanted[name])
        if self.case.what == "undo":  # a download that was removed is not needed again
            other = [name for name in other if name in found or not name.startswith(_RAW)]
        if other:
            self.problems.append(f"other bytes: {', '.join(other)}")
        # Results of an earlier configuration stay until a person removes them.
        if more := found.keys() - wanted.keys() - had:
            self.problems.append(f"unexpected: {', '.join(sorted(more))}")
        if litter := leftovers(self.project):
            self.problems.append(f"left behind: {', '.join(litter)}")

    def _ask_for_the_removed(self) -> None:
        """Name removed files that no later result needs as targets, as `verify` says."""
        said = self.forks.hybridbatch(self.project, "verify").text
        found = re.findall(r"^(?:missing|damaged): ([^:]+):", said, re.MULTILINE)
        for path in found:
            place = self.project / path
            if place.is_dir():
                shutil.rmtree(place)  # a file in it is missing
        if found:
            done = self.forks.snakemake(self.project, "--", REPORT, *found)
            if done.code:
                self.problems.append(f"not made when asked for: {done.text[-1500:]}")


def _removes(scope: str, edits: Sequence[str]) -> bool:
    return any(EDITS[scope][name].kind == "remove" for name in edits)


def rules(done: Done) -> set[str]:
    """The rules that a dry run plans."""
    found = re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):", done.text, re.MULTILINE)
    return set(found) - {"all"}
