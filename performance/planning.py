"""The overhead of Snakemake and the workflow: the time to plan, and the time of a small job.

    python performance/planning.py [--shards 5000] [--work DIR]

Makes two projects with a tiny model, the second with a sharded benchmark of `--shards` shards and
two runs, and prints lines `name value unit`: `noop_seconds` (`snakemake -n` on the finished first
project), `job_seconds` (the time of its whole run divided by its jobs; stages and their imports
included), `plan_jobs` and `plan_seconds` (`snakemake -n` when every shard must be encoded and
indexed), and `snakemake_seconds` (the start of Snakemake alone, to compare machines).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from tiny import LANGUAGES, write_benchmark, write_config, write_model, write_pairs  # noqa: E402

_LIMIT = 1800  # seconds of one command


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=5000, help="number of shards")
    parser.add_argument("--work", type=Path, help="folder for the projects, to keep them")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = args.work or Path(temporary)
        alone = min(timed([sys.executable, "-c", "import snakemake.cli"], ROOT)[0] for _ in "123")
        report("snakemake_seconds", alone, "s")
        project = make_project(work / "whole", range(100, 110))
        seconds, text = snakemake(project)
        jobs = int(re.findall(r"(\d+) of \1 steps", text)[-1])
        report("job_seconds", seconds / jobs, "s")
        report("noop_seconds", min(snakemake(project, "-n")[0] for _ in "123"), "s")
        sharded = make_project(
            work / "sharded",
            range(100, 100 + -(-args.shards // len(LANGUAGES))),
            benchmarks=[{"name": "held-out", "path": "benchmark", "sharded": True}],
            encoding={"max_tokens": 32, "precision": "fp32", "shard_passages": 1},
        )
        snakemake(sharded, "results/benchmarks/held-out/shards.parquet")
        seconds, text = snakemake(sharded, "-n")
        report("plan_jobs", int(re.findall(r"^total +(\d+)", text, re.MULTILINE)[-1]), "jobs")
        report("plan_seconds", seconds, "s")


def make_project(folder: Path, items: range, **changes: object) -> Path:
    """A checkout with tiny data; `items` are the items of its benchmark."""
    for name in ("workflow", "envs", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder)
    write_model(folder / "model")
    write_pairs(folder / "pairs.parquet", range(40))
    write_benchmark(folder / "benchmark", items)
    write_config(folder / "config" / "config.yaml", **changes)
    return folder


def snakemake(project: Path, *words: str) -> tuple[float, str]:
    """Seconds and output of a run."""
    return timed([sys.executable, "-m", "snakemake", "--cores", "2", *words], project)


def timed(command: list[str], folder: Path) -> tuple[float, str]:
    environment = os.environ | {"PYTHONPATH": str(folder / "workflow")}
    begin = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_LIMIT
    )
    seconds = time.perf_counter() - begin
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return seconds, done.stdout + done.stderr


def report(name: str, value: float, unit: str) -> None:
    print(f"{name} {value:.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
