"""Makes a tiny project in its own folder, runs it with Snakemake, and compares its bytes."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tiny import write_benchmark, write_config, write_model, write_pairs

ROOT = Path(__file__).parent.parent
TRAINED = "model.tiny.hybrid.s1"
UNTRAINED = "model.untrained"


def snakemake(project: Path, *words: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a copy of the project, with the package of the copy."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), *words]
    environment = os.environ | {"PYTHONPATH": str(project / "workflow")}
    environment.pop("HYBRIDBATCH_MIRROR", None)  # it would override a mirror of the project's
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=300
    )


def make_project(folder: Path) -> Path:
    """A separate checkout, with the tiny data in it."""
    for name in ("workflow", "envs", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder)
    write_model(folder / "model")
    write_pairs(folder / "pairs.parquet", range(40))
    write_benchmark(folder / "benchmark", range(100, 110))
    write_config(folder / "config" / "config.yaml")
    return folder


def planned(project: Path, *words: str) -> set[str]:
    """The rules that a dry run would execute."""
    done = snakemake(project, "--dry-run", "--quiet", "progress", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    rules = re.findall(r"^(?:local)?rule (\w+):", done.stdout + done.stderr, re.MULTILINE)
    return set(rules) - {"all"}


def artifacts(project: Path) -> dict[str, str]:
    """Digests of all of results/ except the timings; the report without its provenance."""
    digests = {}
    for path in sorted((project / "results").rglob("*")):
        name = str(path.relative_to(project))
        if path.is_dir() or "timings" in name or path.name.startswith("."):
            continue
        content = path.read_bytes()
        if path.name == "report.html":
            content, _, provenance = content.partition(b'<section id="provenance"')
            assert provenance, "the last section is the one that may differ"
        digests[name] = hashlib.sha256(content).hexdigest()
    return digests
