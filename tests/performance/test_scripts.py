"""The scripts that measure speed run, here with small sizes; their figures are not judged."""

import subprocess
import sys
from pathlib import Path

import pytest

import tiny

SCRIPTS = Path(__file__).parents[2] / "performance"
SMALL = {
    "evaluation": "--grow 1300",
    "large_batch": "--batch-size 4 --max-tokens 16 --chunk-tokens 32 --precision fp32",
    "query": "--runs 2 --passages 20 --questions 2",
    "sampling": "--items 2000 --batch-size 10 --pairs 500",
    "search": "--vectors 2000 --shard 500 --rounds 1",
    "statistics_stage": "--items 20 --resamples 50",
}


def output(name: str, *arguments: str) -> str:
    """The standard output of a script that ended well."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{name}.py", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", SMALL)
def test_a_script_prints_its_figures(name: str, tmp_path: Path) -> None:
    arguments = SMALL[name].split()
    if name in ("large_batch", "query"):
        arguments += ["--model", str(tiny.write_model(tmp_path / "model"))]
    assert output(name, *arguments).strip()


@pytest.mark.parametrize("name", ["encoding", "planning", "training"])
def test_a_script_for_larger_machines_imports_what_it_uses(name: str) -> None:
    assert output(name, "--help").startswith("usage:")
