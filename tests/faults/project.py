"""Makes, runs and copies tiny projects for faults, and compares them with undisturbed ones."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from miracl_fixture import pin, write_mirror
from tiny import write_benchmark, write_config, write_model, write_pairs
from tiny_project import ROOT, artifacts

REPORT = "results/report.html"
NOTHING = "Nothing to be done"
# Long enough to write checkpoints and to resume from them, and still only seconds.
TRAINING = {
    "batch_size": 4,
    "steps": 120,
    "warmup_steps": 1,
    "max_tokens": 32,
    "hard_negatives": 1,
    "checkpoint_every": 8,
    "validation": {"fraction": 0.2, "every": 30, "batches": 2},
}
_LANGUAGES = {"sw": 14, "yo": 9}
_IN_MEMORY: Mapping[str, Any] = {"training": TRAINING}
_SHARDED: Mapping[str, Any] = {
    "benchmarks": [{"name": "miracl", "languages": [*_LANGUAGES], "pool_languages": [*_LANGUAGES]}],
    "samplings": [],
    "mirror": "mirror",
    "encoding": {"max_tokens": 32, "precision": "fp32", "shard_passages": 10, "dtype": "float16"},
    "retrieval": {"top_k": 10},
}
# The keys of a scope's configuration that an edit changes, by the edit's name.
EDITS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "memory": {
        "top_k": {"retrieval": {"top_k": 4}},
        "rate": {"training": TRAINING | {"learning_rate": 1e-4}},
        "cutoff": {"bias": {"cutoff": 3}},
    },
    "sharded": {
        "top_k": {"retrieval": {"top_k": 6}},
        "dtype": {"encoding": {**_SHARDED["encoding"], "dtype": "float32"}},
    },
}
SCOPES = tuple(EDITS)
# What each stage writes to results/, in the order of the data flow.
STAGES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "memory": (
        ("benchmarks", "pairs"),
        ("models", "runs"),
        ("overlap",),
        ("training",),
        ("checkpoints",),
        ("embeddings",),
        ("indexes",),
        ("rankings", "index_quality"),
        ("metrics",),
        ("bias",),
        ("statistics", "examples", "projection"),
        ("report.html",),
    ),
    "sharded": (
        ("raw",),
        ("benchmarks",),
        ("models", "runs"),
        ("embeddings",),
        ("indexes",),
        ("rankings", "index_quality"),
        ("metrics",),
        ("statistics",),
        ("report.html",),
    ),
}


def make(folder: Path, scope: str) -> Path:
    """A checkout with tiny data in it, before its first run."""
    for name in ("workflow", "envs", "config", "profiles"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder)
    write_model(folder / "model")
    if scope == "memory":
        write_pairs(folder / "pairs.parquet", range(24))
        write_benchmark(folder / "benchmark", range(100, 106))
    else:
        write_pairs(folder / "pairs.parquet", range(4))
        mirror = write_mirror(folder / "mirror", _LANGUAGES)
        pin(folder / "workflow" / "hybridbatch" / "resources" / "raw_files.tsv", mirror)
    configure(folder, scope)
    return folder


def configure(project: Path, scope: str, *edits: str, **changes: Any) -> None:
    """Write the project's configuration with the named edits and then `changes`."""
    options = dict(_IN_MEMORY if scope == "memory" else _SHARDED)
    for edit in edits:
        options |= EDITS[scope][edit]
    write_config(project / "config" / "config.yaml", **(options | changes))


def copy(source: Path, target: Path) -> Path:
    """A copy that keeps the times of the files, like `cp -a`."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    return target


def cut_back(project: Path, scope: str, stage: int) -> None:
    """Remove the results of the stages from number `stage` on."""
    for names in STAGES[scope][stage:]:
        for name in names:
            path = project / "results" / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def environment(project: Path) -> dict[str, str]:
    """Environment variables with which the project's own package is imported."""
    found = os.environ | {"PYTHONPATH": str(project / "workflow")}
    found["HYBRIDBATCH_CONSOLE"] = "snakemake"  # these tests read what Snakemake and the jobs print
    found.pop("HYBRIDBATCH_MIRROR", None)  # it would override a mirror of the project's
    return found


def words(*arguments: str, cores: int = 2) -> list[str]:
    """The command that a user types: Snakemake for the report."""
    return [sys.executable, "-m", "snakemake", "--cores", str(cores), *(arguments or (REPORT,))]


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code and its output."""

    code: int
    text: str

    @property
    def errors(self) -> list[str]:
        """Our own error lines, without the stage in front of them."""
        found = [line.partition("error: ")[2] for line in self.text.splitlines()
                 if "] error: " in line or line.startswith("hybridbatch: error: ")]  # fmt: skip
        return list(dict.fromkeys(found))

    @property
    def locked(self) -> bool:
        """Whether Snakemake refused, because another one holds the folder or was killed in it."""
        return "cannot be locked" in self.text or "LockException" in self.text

    @property
    def refused(self) -> bool:
        """Whether a job was refused because one of a killed workflow still runs."""
        return any("in use by process" in line for line in self.errors)

    @property
    def crashed(self) -> bool:
        """Whether the output holds a traceback, the project's or Snakemake's."""
        return "unexpected failure" in self.text or "Traceback (most recent" in self.text


def run(project: Path, *arguments: str, timeout: float = 900) -> Done:
    """Run Snakemake to its end.

    Raises:
        subprocess.TimeoutExpired: it takes longer than `timeout` seconds.
    """
    done = subprocess.run(
        words(*arguments),
        cwd=project,
        env=environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    return Done(done.returncode, done.stdout)


def differences(project: Path, wanted: Mapping[str, str]) -> list[str]:
    """Artifacts that are missing, unexpected, or have other bytes."""
    found = artifacts(project)
    return sorted(
        name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)
    )


def leftovers(project: Path) -> list[str]:
    """Unfinished files, locks and training state that nothing will ever use."""
    results = project / "results"
    found = [path for path in results.rglob(".*") if path.name.endswith((".part", ".lock"))]
    found += results.glob("training_state/*")
    return sorted(str(path.relative_to(project)) for path in found)


@dataclass
class References:
    """Undisturbed projects, made once in a folder and kept there for the same checkout."""

    folder: Path
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _mark: str = field(default_factory=lambda: _checkout()[:12])
    _digests: dict[tuple[str, tuple[str, ...]], dict[str, str]] = field(default_factory=dict)

    def untouched(self, scope: str) -> Path:
        """A project that has run nothing."""
        place = self.folder / self._mark / f"{scope}-untouched"
        if not place.exists():
            unfinished = place.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            make(unfinished, scope).rename(place)
        return place

    def project(self, scope: str, edits: Sequence[str] = ()) -> Path:
        """A finished project, run from nothing."""
        name = "-".join([scope, *edits])
        place = self.folder / self._mark / name
        with self._lock:
            return self._finished(place, scope, edits)

    def _finished(self, place: Path, scope: str, edits: Sequence[str]) -> Path:
        if not (place / ".finished").exists():
            copy(self.untouched(scope), place)
            configure(place, scope, *edits)
            begin = time.monotonic()
            done = run(place)
            if done.code:
                raise HybridBatchError(f"{place}: the undisturbed run failed: {done.text[-3000:]}")
            (place / ".finished").write_text(f"{time.monotonic() - begin:.1f} s", encoding="utf-8")
        return place

    def digests(self, scope: str, edits: Sequence[str] = ()) -> Mapping[str, str]:
        """The digests of the artifacts of a finished project."""
        key = scope, tuple(edits)
        with self._lock:
            if key not in self._digests:
                self._digests[key] = artifacts(self.project(scope, edits))
            return self._digests[key]


def _checkout() -> str:
    """A digest of the files that the projects are made from."""
    files = [ROOT / "Snakefile", Path(__file__)]
    files += (path for path in (ROOT / "workflow").rglob("*") if path.suffix != ".pyc")
    marks = [
        f"{path} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in sorted(files)
        if path.is_file()
    ]
    return hashlib.sha256(json.dumps(marks).encode()).hexdigest()
