"""What the machine refuses is one line: file, cause and remedy; what is ours keeps its trace."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faiss
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models

from bit_flips import write_some_table
from hybridbatch.cli import main
from hybridbatch.common.artifacts import atomic_file
from hybridbatch.common.environment_errors import CAUSES, explain
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table
from hybridbatch.planning.deployment import Software
from hybridbatch.planning.workflow_support import of_shards
from hybridbatch.schemas import every as schemas

ROOT = Path(__file__).parents[2]
FULL = Path("/dev/full")


def hybridbatch(*words: str | Path, setup: str = "", **options: Any) -> tuple[int, list[str]]:
    """Exit code and lines on stderr of a stage in a process of its own, after `setup`."""
    code = f"{setup}\nimport sys\nfrom hybridbatch.cli import main\nsys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )
    return done.returncode, done.stderr.strip().splitlines()


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embeddings whose index takes 30 MiB."""
    path = tmp_path_factory.mktemp("vectors") / "passages.parquet"
    values = np.zeros((20_000, 384), dtype=np.float16)
    values[:, 0] = 1
    column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 384)
    ids = pa.array([f"en:{row}" for row in range(len(values))])
    names = schemas.PASSAGE_EMBEDDINGS.columns
    fields = [
        pa.field(n, c.type, nullable=False) for n, c in zip(names, (ids, column), strict=True)
    ]
    pq.write_table(pa.table([ids, column], schema=pa.schema(fields)), path)
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB; only root may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs needs root and the right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_names_the_output(small_disk: Path, vectors: Path) -> None:
    output = small_disk / "indexes"
    code, lines = hybridbatch("index", "--embeddings", vectors, "--output", output)
    assert (code, lines) == (
        3,
        [
            f"[index] error: {output}: the disk is full; free some space and run the same command "
            "again"
        ],
    )
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("option", ["--output", "--log", "--timing"])
def test_a_read_only_file_system_names_the_file(
    option: str, small_disk: Path, vectors: Path, tmp_path: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    place = {"--output": tmp_path / "o.faiss", "--log": tmp_path / "l", "--timing": tmp_path / "t"}
    place[option] = small_disk / "file.faiss"
    words = [word for pair in place.items() for word in pair]
    code, lines = hybridbatch("index", "--embeddings", vectors, *words)
    assert code == 3
    # A job takes the lock beside its timing before it does anything.
    name = ".file.faiss.lock" if option == "--timing" else "file.faiss"
    assert f"error: {small_disk / name}: the file system is read-only; make" in lines[-1]
    assert not any("Traceback" in line for line in lines)


def test_a_limit_of_file_size_names_the_output(tmp_path: Path, vectors: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    output = tmp_path / "en.faiss"
    words = ("index", "--embeddings", vectors, "--output", output)
    code, lines = hybridbatch(*words, preexec_fn=limit)
    assert (code, len(lines)) == (3, 1)
    assert f"error: {output}: the file grew beyond the allowed size; raise" in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_a_limit_of_memory_is_one_line(tmp_path: Path, vectors: Path) -> None:
    setup = (
        "import resource, hybridbatch.retrieval.index\n"
        "import hybridbatch.common.locks, hybridbatch.common.measure\n"
        "from pathlib import Path\n"
        "now = 4096 * int(Path('/proc/self/statm').read_text().split()[0]) + (60 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (now, now))"
    )
    words = ("index", "--embeddings", vectors, "--output", tmp_path / "en.faiss")
    code, lines = hybridbatch(*words, setup=setup)
    assert (code, len(lines)) == (3, 1)
    assert "[index] error: out of memory; raise the limit (`ulimit -v`" in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_too_many_open_files_are_one_line(tmp_path: Path, vectors: Path) -> None:
    setup = (
        "import os, resource, hybridbatch.cli\n"
        "import hybridbatch.common.measure, hybridbatch.retrieval.index\n"
        "kept = [os.dup(2) for _ in range(50)]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (51, 51))"
    )
    words = ("index", "--embeddings", vectors, "--output", tmp_path / "en.faiss")
    code, lines = hybridbatch(*words, setup=setup)
    assert (code, len(lines)) == (3, 1)
    assert "error: too many open files; raise `ulimit -n`" in lines[0]


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("raise ModuleNotFoundError(\"No module named 'faiss'\", name='faiss')", "named 'faiss'"),
        ("import ctypes; ctypes.CDLL('libnone.so.7')", "libnone.so.7: cannot open shared object"),
    ],
)
def test_a_library_that_does_not_load_is_one_line(module: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "faiss.py").write_text(module)
    setup = f"import sys; sys.path.insert(0, {str(tmp_path)!r})"
    code, lines = hybridbatch("index", "--embeddings", "e", "--output", "o", setup=setup)
    assert (code, len(lines)) == (3, 1)
    assert lines[0].startswith("error: a library is missing or broken; install")
    assert told in lines[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_stage_says_so_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    code = (
        "import sys, time, hybridbatch.retrieval.index as index\n"
        "from hybridbatch.common.artifacts import atomic_file\n"
        "from hybridbatch.cli import main\n"
        "def run(args):\n"
        "    with atomic_file(args.output) as path:\n"
        "        path.write_text('half')\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(60)\n"
        "index.run = run\n"
        "sys.exit(main())"
    )
    log = tmp_path / "logs" / "index" / "a.log"
    words = ("index", "--embeddings", "e", "--output", str(tmp_path / "o"), "--log", str(log))
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert told == f"[index a] stopped by {number.name}; run the same command again to resume\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "logs"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_library_that_makes_another_error_of_a_signal_does_not_hide_it(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def run(args: object) -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(10)
        except BaseException as error:  # as pandas does while it is imported
            raise AttributeError("partially initialized module") from error

    monkeypatch.setattr("hybridbatch.retrieval.index.run", run)
    assert main(["index", "--embeddings", "e", "--output", "o"]) == 128 + number
    assert capfd.readouterr().err.splitlines()[-1].startswith(f"[index] stopped by {number.name}")


def test_a_stopped_command_that_makes_nothing_resumes_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "hybridbatch.retrieval.query.run", lambda _args: os.kill(os.getpid(), signal.SIGINT)
    )
    assert main(["query", "Who?"]) == 130
    assert capfd.readouterr().err == "[query] stopped by SIGINT\n"


def test_output_that_nobody_reads_or_that_does_not_fit() -> None:
    command = [sys.executable, "-m", "hybridbatch", "schemas"]
    read, write = os.pipe()
    os.close(read)
    closed = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write)
    assert (closed.returncode, closed.stderr) == (141, b"")
    with FULL.open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 3
    assert done.stderr.startswith("[schemas] error: the disk is full; free some space")
    assert done.stderr.count("\n") == 1


def test_a_log_that_cannot_be_written_costs_one_line(tmp_path: Path, vectors: Path) -> None:
    words = ("--embeddings", vectors, "--output", tmp_path / "en.faiss", "--log", FULL)
    code, lines = hybridbatch("index", *words)
    assert code == 0
    assert sum("warning: /dev/full: no longer written: " in line for line in lines) == 1
    assert len(lines) == 2  # and that of the index


def _faiss(path: Path) -> None:
    index = faiss.IndexFlatIP(64)
    index.add(np.ones((30_000, 64), dtype=np.float32))
    faiss.write_index(index, str(path))


_TABLE = pa.table({"a": np.arange(500_000) % 977})
_WRITERS: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("text"),
    "arrow": lambda path: pq.write_table(_TABLE, path),
    "polars": lambda path: pl.DataFrame(_TABLE).write_csv(path),
    "faiss": _faiss,
    "tokenizers": lambda path: Tokenizer(models.WordLevel({"a": 0}, "a")).save(str(path)),
}


@pytest.mark.parametrize("library", sorted(_WRITERS))
def test_every_library_s_word_for_a_full_disk(library: str, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with pytest.raises(Exception) as caught, atomic_file(output) as temporary:
        temporary.symlink_to(FULL)  # not the device itself: pyarrow removes what it cannot write
        _WRITERS[library](temporary)
    told = explain(caught.value)
    assert told is not None
    assert told.startswith(f"{output}: the disk is full; free some space")


def test_safetensors_on_a_full_disk(small_disk: Path) -> None:
    with pytest.raises(Exception) as caught:
        save_file({"a": torch.zeros(3_000_000)}, small_disk / "model.safetensors")
    assert (explain(caught.value) or "").startswith("the disk is full; free some space")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "out of memory"),
        (ImportError("libtorch.so: failed to map segment from shared object"), "out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "the GPU has too little"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "a"), "a: the disk quota is used up"),
        (OSError(errno.EACCES, "Permission denied", "a"), "a: permission denied"),
        (OSError(errno.EIO, "Input/output error", "a"), "a: the disk reports an error"),
        (OSError(errno.ENOENT, "No such file", "a"), "a: no such file or folder"),
        (RuntimeError("can't start new thread"), "no more threads or processes"),
        (RuntimeError("exitcode: -9: Signal 9 (SIGKILL) received by PID 7"), "a process of the"),
    ],
)
def test_what_is_said(error: Exception, told: str) -> None:
    line = explain(error)
    assert line is not None
    assert line.startswith(told)
    assert "\n" not in line


@pytest.mark.parametrize(
    "error",
    [
        KeyError("No space left on device"),
        TypeError("Permission denied"),
        AssertionError("std::bad_alloc"),
        ValueError("shapes differ"),
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        ImportError("cannot import name 'a'", name="hybridbatch.evaluation.bias"),
    ],
)
def test_what_is_ours_is_not_explained(error: Exception) -> None:
    assert explain(error) is None


def test_a_mistake_after_a_refusal_is_ours() -> None:
    with pytest.raises(KeyError) as caught:
        try:
            Path("/nonexistent/file").read_text()
        except OSError:
            {}["a"]
    assert explain(caught.value) is None


def test_a_line_of_its_own_gives_way_only_to_what_it_hides(tmp_path: Path) -> None:
    hidden = HybridBatchError("model: does not load")
    hidden.__cause__ = OSError(errno.ENOMEM, "Cannot allocate memory")
    assert (explain(hidden) or "").startswith("out of memory")
    plain = HybridBatchError("model: does not load")
    plain.__cause__ = OSError(errno.ENOENT, "No such file", "x")
    assert explain(plain) is None
    with pytest.raises(HybridBatchError) as caught:
        read_table(tmp_path / "none.parquet", schemas.RANKINGS)
    assert explain(caught.value) is None


def test_every_cause_is_one_line_with_a_remedy() -> None:
    assert all("; " in cause.line and "\n" not in cause.line for cause in CAUSES)


def test_an_unexpected_failure_keeps_its_trace(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("hybridbatch.retrieval.index.run", lambda args: {}["absent"])
    assert main(["index", "--embeddings", "e", "--output", str(tmp_path / "o")]) == 1
    told = capfd.readouterr().err
    assert "please report it with this trace" in told
    assert "KeyError: 'absent'" in told


def test_the_right_to_read_is_no_damage(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = tmp_path / "rankings.parquet"
    write_some_table(schemas.RANKINGS, path)
    path.chmod(0)
    with pytest.raises(PermissionError):
        read_table(path, schemas.RANKINGS)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_a_killed_stage_is_spoken_for_by_its_shell(number: signal.Signals) -> None:
    shown = Software().shell_prefix(mirror=None, tensorboard=False)
    prefix = shown.replace("{{", "{").replace("}}", "}")
    for signalled, told in ((number, 1), (signal.SIGTERM, 0)):
        kill = f"python -c 'import os; os.kill(os.getpid(), {int(signalled)})'"
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail; {prefix}{kill}"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 128 + signalled
        assert done.stderr.count("usually out of memory; give it more memory and run") == told


def test_a_damaged_list_ends_planning_with_one_line(tmp_path: Path) -> None:
    listed = tmp_path / "shards.parquet"
    write_some_table(schemas.SHARDS, listed)
    listed.write_bytes(listed.read_bytes()[:-100])
    with pytest.raises(SystemExit, match=r"hybridbatch: error: \S+shards\.parquet: damaged: "):
        of_shards("{shard}", str(listed), SimpleNamespace(run="r", benchmark="b", language="en"))
