"""Snakemake's cache between checkouts: what another checkout has computed is not computed again."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tiny_project import ROOT, TRAINED, make_project

VECTORS = f"results/embeddings/{TRAINED}/held-out/queries.parquet"


def cached_rules() -> list[str]:
    """The rules that the documentation names as worth sharing."""
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    command = next(line for line in text.splitlines() if "--cache" in line)
    return command.partition("--cache ")[2].partition(" -- ")[0].split()


def run(project: Path, cache: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *words]
    environment = os.environ | {"SNAKEMAKE_OUTPUT_CACHE": str(cache)}
    for name in ("HYBRIDBATCH_MIRROR", "PYTHONPATH"):
        environment.pop(name, None)
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=300
    )


def run_cached(project: Path, cache: Path) -> set[str]:
    """Make the vectors of the trained model; the stages that were computed and not fetched."""
    for timing in (project / "results" / "timings").rglob("*.parquet"):
        timing.unlink()
    done = run(project, cache, VECTORS, "--cache", *cached_rules())
    assert done.returncode == 0, done.stdout + done.stderr
    timings = (project / "results" / "timings").rglob("*.parquet")
    return {path.relative_to(project / "results" / "timings").parts[0] for path in timings}


def contents(project: Path) -> dict[str, str]:
    """Digests of everything under results/ but the timings; links into the cache are followed."""
    digests = {}
    for folder, names, files in os.walk(project / "results", followlinks=True):
        names[:] = [name for name in names if name != "timings"]
        for path in (Path(folder, name) for name in files if not name.startswith(".")):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            digests[str(path.relative_to(project))] = digest
    return digests


@pytest.mark.slow
def test_a_second_checkout_fetches_the_same_bytes_and_an_edit_fetches_nothing_stale(
    tmp_path: Path,
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    first, second = make_project(tmp_path / "first"), make_project(tmp_path / "second")
    assert {"train", "encode", "pairs", "benchmarks", "model"} <= run_cached(first, cache)
    made = contents(first)

    assert run_cached(second, cache) <= {"overlap"}  # which is cheap, and not shared
    assert contents(second) == made
    for words in ((), ("--cache", *cached_rules())):
        again = run(second, cache, VECTORS, "--dry-run", *words)
        assert "Nothing to be done" in again.stdout + again.stderr

    sampler = second / "workflow" / "hybridbatch" / "training" / "sampling.py"
    before = sampler.read_text(encoding="utf-8")
    sampler.write_text(before + "\nEDITED = 1\n", encoding="utf-8")
    assert run_cached(second, cache) >= {"train", "encode"}
    assert contents(first) == made  # what is linked into the cache was not written over

    sampler.write_text(before, encoding="utf-8")
    assert run_cached(second, cache) == set()
    assert contents(second) == made
