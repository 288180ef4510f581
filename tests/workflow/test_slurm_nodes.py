"""The Slurm profile on three nodes: a job is cancelled and its node drained while it runs.

With HYBRIDBATCH_LONG=1 the whole report is made, and a second node is lost: Slurm lets the job of
such a node wait for two minutes before it runs again.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from slurm_cluster import Slurm, missing, slurm_cluster
from tiny_project import ROOT, TRAINED, UNTRAINED, artifacts, make_project, snakemake

LONG = bool(os.environ.get("HYBRIDBATCH_LONG"))
EMBEDDINGS = [f"results/embeddings/{run}/held-out/queries.parquet" for run in (TRAINED, UNTRAINED)]
TARGETS = ["results/report.html"] if LONG else EMBEDDINGS
_NO_SLURM = missing()
_LIMIT_SECONDS = 900 if LONG else 300


@dataclass(frozen=True)
class Disturbed:
    """What is left of a run whose training was cancelled and that lost one of its nodes, or two."""

    project: Path
    jobs: list[dict[str, str]]  # what Slurm says of each, in the order of submission
    cancelled: dict[str, str]  # the training that was cancelled
    lost: dict[str, str] | None  # the encoding whose node went down, in the long run


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    if _NO_SLURM:
        pytest.skip(f"no Slurm here, lacking: {', '.join(_NO_SLURM)}")
    project = make_project(tmp_path_factory.mktemp("nodes") / "project")
    shutil.copytree(ROOT / "profiles", project / "profiles")
    with (
        slurm_cluster(project.parent / "cluster", cpus=2, memory_mb=16000, nodes=3) as cluster,
        workflow(project, cluster) as run,
    ):
        cancelled = wait_for_running(cluster, run, rf"train_wildcards_{TRAINED}")
        cluster.drain(cancelled["NodeList"])
        cluster.cancel(cancelled["JobId"])
        lost = None
        if LONG:
            lost = wait_for_running(cluster, run, rf"encode_wildcards_.*{TRAINED}")
            cluster.take_down(lost["NodeList"])
        returncode = run.wait(timeout=_LIMIT_SECONDS)
        output = (project / "output.txt").read_text()
        assert returncode == 0, output
        return Disturbed(project, cluster.jobs(), cancelled, lost)


@contextmanager
def workflow(project: Path, cluster: Slurm) -> Iterator[subprocess.Popen[bytes]]:
    """Snakemake with the Slurm profile, ended at the end."""
    command = [
        *(sys.executable, "-m", "snakemake", "--profile", "profiles/slurm"),
        *("--slurm-init-seconds-before-status-checks", "3"),
        *("--seconds-between-status-checks", "3"),
        *TARGETS,
    ]
    environment = cluster.environment | {"PYTHONPATH": str(project / "workflow")}
    with (project / "output.txt").open("wb") as log:
        run = subprocess.Popen(command, cwd=project, env=environment, stdout=log, stderr=log)
    try:
        yield run
    finally:
        run.terminate()
        run.wait(timeout=60)


def wait_for_running(cluster: Slurm, run: subprocess.Popen[bytes], pattern: str) -> dict[str, str]:
    """The first job whose comment matches and that a node is running."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < deadline and run.poll() is None:
        for job in cluster.jobs():
            if job["JobState"] == "RUNNING" and re.search(pattern, job.get("Comment", "")):
                return job
        time.sleep(0.2)
    raise AssertionError(f"no running job matches {pattern}: {cluster.jobs()}")


def test_jobs_that_do_not_wait_for_each_other_run_on_several_nodes(disturbed: Disturbed) -> None:
    assert len({job["NodeList"] for job in disturbed.jobs}) > 1


def test_a_cancelled_training_is_submitted_again_to_a_node_that_is_not_drained(
    disturbed: Disturbed,
) -> None:
    trainings = [job for job in disturbed.jobs if "rule_train" in job["Comment"]]
    assert [job["JobState"] for job in trainings] == ["CANCELLED", "COMPLETED"]
    assert trainings[1]["NodeList"] != disturbed.cancelled["NodeList"]


def test_a_job_whose_node_is_lost_runs_again_on_another(disturbed: Disturbed) -> None:
    if disturbed.lost is None:
        pytest.skip("a part of the long run; set HYBRIDBATCH_LONG=1")
    encodings = [job for job in disturbed.jobs if job["Comment"] == disturbed.lost["Comment"]]
    assert encodings[-1]["JobState"] == "COMPLETED"
    assert encodings[-1]["NodeList"] != disturbed.lost["NodeList"]


def test_the_bytes_are_those_of_an_undisturbed_run_on_one_machine(
    disturbed: Disturbed, tmp_path: Path
) -> None:
    local = make_project(tmp_path / "local")
    done = snakemake(local, *TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert artifacts(local) == artifacts(disturbed.project)
