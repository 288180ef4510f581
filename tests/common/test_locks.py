"""One process at a time does a job; what killed ones leave is waited for and removed."""

import multiprocessing
import os
import platform
import time
from pathlib import Path

import pytest

from hybridbatch.common import locks
from hybridbatch.common.artifacts import atomic_file, atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.locks import sole_job


def _work(timing: Path, seconds: float, log: Path) -> None:
    with sole_job(timing, job="encode a"):
        with log.open("a") as lines:
            lines.write("begin\n")
        time.sleep(seconds)
        with log.open("a") as lines:
            lines.write("end\n")


def _started(*args: object) -> multiprocessing.process.BaseProcess:
    process = multiprocessing.get_context("forkserver").Process(target=_work, args=args)
    process.start()
    return process


def test_jobs_of_one_name_follow_each_other(tmp_path: Path) -> None:
    log, timing = tmp_path / "log", tmp_path / "timings" / "a.parquet"
    processes = [_started(timing, 0.2, log) for _ in range(4)]
    for each in processes:
        each.join(timeout=60)
    assert log.read_text().split() == ["begin", "end"] * 4
    assert list(timing.parent.iterdir()) == []


def test_a_job_that_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_PATIENCE_OF_JOBS", 0.2)
    timing = tmp_path / "a.parquet"
    message = rf"^encode a: in use by process {os.getpid()} on \S+; wait until it ends, or stop it"
    with sole_job(timing, job="encode a"):
        with pytest.raises(HybridBatchError, match=message):
            _work(timing, 0, tmp_path / "log")
        with sole_job(tmp_path / "b.parquet", job="encode b"):
            pass
    _work(timing, 0, tmp_path / "log")


def test_without_a_timing_there_is_no_lock(tmp_path: Path) -> None:
    with sole_job(None, job="encode"), sole_job(None, job="encode"):
        assert list(tmp_path.iterdir()) == []


def _end(path: Path) -> None:
    with atomic_file(path / "a.txt") as temporary:
        temporary.write_text("half")
        with atomic_folder(path / "b") as folder:
            (folder / "c").write_text("half")
            os._exit(9)


def test_what_a_killed_process_left_unfinished_is_removed(tmp_path: Path) -> None:
    process = multiprocessing.get_context("forkserver").Process(target=_end, args=(tmp_path,))
    process.start()
    process.join(timeout=60)
    assert process.exitcode == 9
    left = sorted(path.name for path in tmp_path.iterdir())
    assert [name.endswith(f"{process.pid}.part") for name in left] == [True, True]
    # Of a process that runs, or of another machine: not to be touched.
    kept = [
        tmp_path / f".a.txt.{platform.node()}.{os.getppid()}.part",
        tmp_path / ".a.txt.elsewhere.1.part",
        tmp_path / f".ab.{platform.node()}.{process.pid}.part",
    ]
    for path in kept:
        path.touch()
    with atomic_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    with atomic_folder(tmp_path / "b") as folder:
        (folder / "c").write_text("whole")
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "a.txt", tmp_path / "b", *kept])
