"""Runs Snakemake and its jobs in forks of a process that has already imported their libraries.

A tiny job is mostly imports. A server imports the libraries once, but no module of this project,
and forks for each command. The bench requests `snakemake`; the first `python` on the path of its
jobs sends them to the same server. Each fork imports the modules of its own project, edited or not.

The figures of a report are saved as digests and not drawn, so its page differs from a plain run's.

A command may name a moment to die: SIGKILL ends Snakemake just before or just after the first job
of a stage.
"""

import contextlib
import gc
import hashlib
import json
import os
import runpy
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from faults.project import Done, environment

_LIBRARIES = (
    "torch", "torch.distributed.launcher.api", "transformers", "tokenizers", "safetensors.torch",
    "transformers.models.bert.modeling_bert",
    "transformers.models.xlm_roberta.modeling_xlm_roberta",
    "transformers.models.auto.tokenization_auto", "faiss", "numpy", "polars",
    "pyarrow.parquet", "pyarrow.compute", "pyarrow.dataset", "pyarrow.pandas_compat", "pyarrow.csv",
    "matplotlib.figure", "matplotlib.backends.backend_svg", "mpl_toolkits.mplot3d",
    "yaml", "jsonschema", "jinja2", "psutil", "requests", "dateutil.rrule",
    "snakemake.cli", "snakemake.api", "snakemake.executors.local",
)  # fmt: skip
# It stands in for the interpreter, so it has to start in milliseconds.
_SHIM = """#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(request).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(request)
    code = server.recv(16)
os._exit(int(code or b"1"))
"""
_DIE, _SNAKEMAKE = "LAW_DIE", "LAW_SNAKEMAKE"  # variables that reach the server with a job


@dataclass(frozen=True)
class Death:
    """Kill Snakemake `before` or `after` the first job of a stage."""

    moment: str
    stage: str

    def __str__(self) -> str:
        return f"killed {self.moment} the first {self.stage}"


@dataclass(frozen=True)
class Forks:
    """A running server."""

    shim: Path

    def snakemake(self, project: Path, *words: str, death: Death | None = None) -> Done:
        """Run Snakemake in the project to its end."""
        more = {} if death is None else {_DIE: f"{death.moment}:{death.stage}"}
        command = ["-m", "snakemake", "--cores", "2", *words]
        return self._run(project, command, environment(project) | more)

    def hybridbatch(self, project: Path, *words: str) -> Done:
        """Run a command of the project's own package."""
        return self._run(project, ["-m", "hybridbatch", *words], environment(project))

    def _run(self, project: Path, words: Sequence[str], variables: Mapping[str, str]) -> Done:
        with tempfile.TemporaryFile() as log:
            process = subprocess.run(
                [self.shim, *words],
                cwd=project,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=600,
            )
            log.seek(0)
            return Done(process.returncode, log.read().decode(errors="replace"))


@contextlib.contextmanager
def forks() -> Iterator[Forks]:
    """A server that ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        address, shim = f"{folder}/socket", Path(folder) / "python"
        shim.write_text(_SHIM.format(python=sys.executable, address=address), encoding="utf-8")
        shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
        words = [sys.executable, str(Path(__file__).resolve()), address, str(shim)]
        tests = str(Path(__file__).resolve().parents[1])
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
        path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
        server = subprocess.Popen(words, env=os.environ | threads | {"PYTHONPATH": path})
        try:
            while not Path(address).exists():
                if server.poll() is not None:
                    raise RuntimeError("the server of forks did not start")
                time.sleep(0.05)
            yield Forks(shim)
        finally:
            server.kill()
            server.wait()


def serve(address: str, shim: str) -> None:
    """Fork for each requested command, as long as the bench runs."""
    _import_libraries()
    _sum_up_figures()
    gc.collect()
    gc.freeze()  # garbage collection in a fork would copy shared memory
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address + ".new")
        server.listen(64)
        Path(address + ".new").rename(address)
        server.settimeout(2.0)
        bench = os.getppid()
        while os.getppid() == bench:
            try:
                client, _ = server.accept()
            except TimeoutError:
                continue
            client.setblocking(True)
            if os.fork() == 0:
                server.close()
                _answer(client, shim)
            client.close()


def _import_libraries() -> None:
    for name in _LIBRARIES:
        __import__(name)
    # Drop the project's modules, if they are installed: each fork imports its own.
    for name in [name for name in sys.modules if name.split(".")[0] in _OWN]:
        del sys.modules[name]


def _sum_up_figures() -> None:
    """Save each figure as a digest of its content, which needs no layout and no drawing."""
    from matplotlib.figure import Figure

    def save(self: Any, file: IO[bytes], **_: object) -> None:
        digest = hashlib.sha256()
        for artist in self.findobj():
            for name in (
                "get_text",
                "get_xydata",
                "get_offsets",
                "get_array",
                "get_xy",
                "get_color",
            ):
                found = getattr(artist, name, lambda: None)()
                digest.update(repr(getattr(found, "tolist", lambda: found)()).encode())  # noqa: B023
        file.write(f"<svg><title>{digest.hexdigest()}</title></svg>".encode())

    Figure.savefig = save  # type: ignore[method-assign, assignment]


_OWN = ("hybridbatch", "faults", "law", "tiny", "tiny_project", "miracl_fixture")


def _answer(client: socket.socket, shim: str) -> None:
    """Run one command in a child process, and send its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, descriptors, _, _ = socket.recv_fds(client, 8, 3)
    request = b""
    while len(request) < int.from_bytes(head, "big"):
        request += client.recv(1 << 20)
    words, folder, variables = json.loads(request)
    moment, _, stage = variables.get(_DIE, "").partition(":")
    dies = stage and words[:2] == ["-m", "hybridbatch"] and words[2] == stage
    if dies and moment == "before":
        os.kill(int(variables[_SNAKEMAKE]), signal.SIGKILL)
        os._exit(0)
    child = os.fork()
    if child == 0:
        client.close()
        _become(words, folder, variables, descriptors, shim)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if dies:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(variables[_SNAKEMAKE]), signal.SIGKILL)
    with contextlib.suppress(BrokenPipeError):
        client.sendall(str(code if code >= 0 else 128 - code).encode())
    os._exit(0)


def _become(
    words: list[str], folder: str, variables: dict[str, str], descriptors: list[int], shim: str
) -> None:
    """Act as `python WORDS`, as far as a fork can."""
    code: object = 1
    try:
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(variables)
        sys.executable = shim  # the jobs of this Snakemake look for `python` beside it
        sys.path[:0] = ["", *filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))]
        if words[:2] == ["-m", "snakemake"]:
            os.environ[_SNAKEMAKE] = str(os.getpid())
        if words[0] != "-m":
            raise NotImplementedError(f"python {words}")
        sys.argv = ["python", *words[2:]]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(code or 0))  # type: ignore[call-overload]


if __name__ == "__main__":
    serve(*sys.argv[1:])
