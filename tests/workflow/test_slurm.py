"""The Slurm profile, on a Slurm of one node that the test starts by itself."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from hybridbatch.common.tables import read_table
from hybridbatch.planning.config import load_config
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.workflow_support import gpus, heavy_threads, memory
from hybridbatch.schemas import every as schemas
from slurm_cluster import missing, slurm_cluster
from tiny import write_config
from tiny_project import ROOT, make_project, snakemake

EMBEDDINGS = "results/embeddings/model.untrained/held-out"
_NO_SLURM = missing()


@dataclass(frozen=True)
class Submitted:
    """What is left of one run of the workflow under Slurm."""

    project: Path
    returncode: int
    output: str
    jobs: dict[str, dict[str, str]]  # by rule: what Slurm says of its job


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Submitted:
    """Embeddings of the untrained model, whose job succeeds, and pairs, whose file is broken."""
    if _NO_SLURM:
        pytest.skip(f"no Slurm here, lacking: {', '.join(_NO_SLURM)}")
    project = make_project(tmp_path_factory.mktemp("slurm") / "project")
    shutil.copytree(ROOT / "profiles", project / "profiles")
    write_config(project / "config" / "config.yaml", threads=None)
    # What earlier jobs make lies there, so that these two start at once.
    earlier = ("results/models/model", "results/benchmarks/held-out/queries.parquet")
    made = snakemake(project, *earlier)
    assert made.returncode == 0, made.stdout + made.stderr
    (project / "pairs.parquet").write_bytes(b"no Parquet")
    command = [
        *(sys.executable, "-m", "snakemake", "--profile", "profiles/slurm"),
        *("--slurm-init-seconds-before-status-checks", "7", "--retries", "0", "--keep-going"),
        *(f"{EMBEDDINGS}/queries.parquet", "results/pairs/tiny.parquet"),
    ]
    with slurm_cluster(project.parent / "cluster", cpus=4, memory_mb=16000) as cluster:
        environment = cluster.environment | {"PYTHONPATH": str(project / "workflow")}
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, timeout=240
        )
        jobs = cluster.jobs()
    by_rule = {re.sub(r"^rule_|_wildcards_.*", "", job["Comment"]): job for job in jobs}
    return Submitted(project, done.returncode, done.stdout + done.stderr, by_rule)


@pytest.mark.parametrize(
    ("rule", "state", "cpus", "memory"),
    [
        ("encode", "COMPLETED", "2", "4000M"),
        ("pairs", "FAILED", "1", "1000M"),
    ],
)
def test_every_rule_is_a_slurm_job_with_its_threads_and_memory(
    submitted: Submitted, rule: str, state: str, cpus: str, memory: str
) -> None:
    job = submitted.jobs[rule]
    assert job["JobState"] == state, submitted.output
    assert (job["NumCPUs"], job["MinMemoryNode"]) == (cpus, memory)
    assert (job["Partition"], job["TimeLimit"]) == ("main", "04:00:00")


def test_no_job_runs_outside_of_slurm(submitted: Submitted) -> None:
    assert sorted(submitted.jobs) == ["encode", "pairs"]
    for job in ("encode model.untrained/held-out", "pairs tiny"):
        assert submitted.output.count(f"start  {job}\n") == 1


def test_a_slurm_job_writes_the_bytes_of_a_local_one(submitted: Submitted) -> None:
    folder = submitted.project / EMBEDDINGS
    by_slurm = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(by_slurm) == {"queries.parquet", "passages.parquet"}
    read_table(folder / "queries.parquet", schemas.QUERY_EMBEDDINGS)
    done = snakemake(submitted.project, f"{EMBEDDINGS}/queries.parquet", "--forcerun", "encode")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == by_slurm


def test_a_failed_job_shows_its_one_line(submitted: Submitted) -> None:
    assert submitted.returncode != 0
    message = "error: pairs tiny: pairs.parquet: damaged: not a whole Parquet file"
    assert submitted.output.count(message) == 1
    assert "  log: logs/pairs/tiny.log\n" in submitted.output
    assert "failed after" in submitted.output and "made: 1 job (encode)" in submitted.output
    assert "Traceback" not in submitted.output


def test_a_job_has_memory_for_the_snakemakes_around_its_stage() -> None:
    """In a Slurm job two Snakemakes of about 180 MB each wait for the stage, and count with it."""
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    fixed = [int(number) for number in re.findall(r"mem_mb=(\d+),", rules)]
    stages = re.findall(r'mem_mb=support.memory\(PLAN, "(\w+)"\)', rules)
    assert len(fixed) + len(stages) == rules.count("shell:")
    plan = Plan(load_config(ROOT / "config" / "config.yaml"))
    assert min(*fixed, *(memory(plan, stage) for stage in stages)) >= 1000


def test_a_gpu_is_asked_for_on_cuda_alone() -> None:
    for device, count in (("cpu", 0), ("auto", 0), ("cuda", 1)):
        config = load_config(ROOT / "config" / "config.yaml") | {"device": device}
        assert gpus(Plan(config), "encode") == count


def test_a_job_finds_the_threads_that_it_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would ask a node of another size than the submitting machine for another step."""
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    plan = Plan(load_config(ROOT / "config" / "config.yaml") | {"threads": None})
    assert heavy_threads(plan, cores=None) == 3
