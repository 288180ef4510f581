"""Another project's Snakefile uses this workflow as a module; its results lie in that project."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tiny_project import make_project

pytestmark = pytest.mark.slow
USING = """
configfile: "settings.yaml"


rule summary:
    input:
        "results/pairs/tiny.parquet",
    output:
        "results/summary.txt",
    shell:
        "wc -c {{input}} > {{output}}"


module hybridbatch:
    snakefile:
        "{clone}/workflow/Snakefile"
    config:
        config


use rule * from hybridbatch{renamed}
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("elsewhere") / "clone")


def using_project(folder: Path, clone: Path, *, renamed: str = "") -> Path:
    """A project without code of ours: a Snakefile, its settings and its data."""
    folder.mkdir()
    (folder / "Snakefile").write_text(USING.format(clone=clone, renamed=renamed))
    (folder / "settings.yaml").write_text((clone / "config" / "config.yaml").read_text())
    for name in ("model", "benchmark", "pairs.parquet"):
        (folder / name).symlink_to(clone / name)
    return folder


def snakemake(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *words]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("prefix", ["", "hb_"])
def test_a_project_uses_the_rules_under_their_names_or_a_prefix(
    tmp_path: Path, clone: Path, prefix: str
) -> None:
    project = using_project(tmp_path / "project", clone, renamed=f" as {prefix}*" if prefix else "")
    planned = snakemake(project, "--dry-run", "results/report.html")
    assert {f"{prefix}train", f"{prefix}report"} <= set(re.findall(r"^rule (\w+):", planned, re.M))
    snakemake(project, "results/summary.txt")
    assert (
        (project / "results" / "summary.txt").read_text().endswith("results/pairs/tiny.parquet\n")
    )
    assert not (clone / "results").exists()
    assert "Nothing to be done" in snakemake(project, "--dry-run", "results/summary.txt")
