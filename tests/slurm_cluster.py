"""A Slurm cluster on 127.0.0.1, for tests: no systemd, no cgroups, no accounting.

Several nodes are several slurmd on this machine, each with its own name and port.
"""

import getpass
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
_WAIT_SECONDS = 30

# Daemons and clients bind to the address of the host's name. The node may claim more than the
# machine has. Memory is checked once a second: a job that holds more than it requested is killed.
_SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/none
MinJobAge=3600
EnforcePartLimits=ALL
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

_NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} "
    "RealMemory={memory_mb} State=UNKNOWN\n"
)


@dataclass(frozen=True)
class Slurm:
    """A running cluster: its nodes' names, and the environment that its clients need."""

    environment: dict[str, str]
    nodes: tuple[str, ...]

    def jobs(self) -> list[dict[str, str]]:
        """The controller's data on each job, newest last: the fields of `scontrol show job`."""
        shown = self._client("scontrol", "--oneliner", "show", "job")
        return [
            dict(re.findall(r"(\S+?)=(\S*)", line))
            for line in shown.splitlines()
            if line.startswith("JobId=")
        ]

    def cancel(self, job: str) -> None:
        """Cancel a job by its number, as its owner would."""
        self._client("scancel", job)

    def drain(self, node: str) -> None:
        """Let the node's jobs end and give it no new ones, as its administrator would."""
        self._client("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=test")

    def take_down(self, node: str) -> None:
        """Lose a node: Slurm ends its jobs there and puts them back into the queue."""
        self.drain(node)  # it answers again at once, and would get jobs
        self._client("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")

    def _state(self, node: str) -> str:
        return self._client("sinfo", "--noheader", "--format=%T", f"--nodes={node}").strip()

    def _client(self, *words: str) -> str:
        done = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, timeout=20
        )
        return done.stdout


def missing() -> list[str]:
    """What this machine lacks: programs of Slurm and MUNGE, or a host name with a local address."""
    lacking = [name for name in (*DAEMONS, *CLIENTS) if shutil.which(name, path=_path()) is None]
    try:
        inside = socket.gethostbyname(socket.gethostname()).startswith("127.")
    except OSError:
        inside = False
    return lacking if inside else [*lacking, "a host name whose address is 127.0.0.1"]


@contextmanager
def slurm_cluster(folder: Path, *, cpus: int, memory_mb: int, nodes: int = 1) -> Iterator[Slurm]:
    """Start munged, slurmctld and slurmd in `folder`; stop them, and their jobs, at the end.

    Args:
        folder: where configuration, state and logs of the daemons lie.
        cpus: the processors that a node claims.
        memory_mb: the memory that a node claims.
        nodes: how many slurmd are started, named `node1` and so on.

    Raises:
        RuntimeError: a daemon did not come up; with the end of its log.
    """
    environment = _environment(folder)
    names = tuple(f"node{number}" for number in range(1, nodes + 1))
    _write_files(folder, names, cpus=cpus, memory_mb=memory_mb)
    daemons: list[subprocess.Popen[bytes]] = []
    cluster = Slurm(environment=environment, nodes=names)

    def start(program: str, *words: str, log_name: str | None = None) -> None:
        with (folder / f"{log_name or program}.log").open("wb") as log:
            command = [str(shutil.which(program, path=_path())), *words]
            daemons.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))

    def wait_for(name: str, up: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while not up():
            if time.monotonic() > deadline or daemons[-1].poll() is not None:
                log = (folder / f"{name}.log").read_text(errors="replace")
                raise RuntimeError(f"{name} did not come up:\n{log[-2000:]}")
            time.sleep(0.1)

    try:
        start("munged", "--foreground", "--force", *_munge_options(folder))
        wait_for("munged", (folder / "munge.socket").exists)
        conf = environment["SLURM_CONF"]
        start("slurmctld", "-D", "-f", conf)
        wait_for("slurmctld", lambda: "UP" in cluster._client("scontrol", "ping"))
        for name in names:
            start("slurmd", "-D", "-f", conf, "-N", name, log_name=name)
            wait_for(name, lambda name=name: cluster._state(name) == "idle")
        yield cluster
    finally:
        try:
            if len(daemons) > 1:
                _cancel_all(environment)
        finally:
            _stop(daemons)


def _stop(daemons: list[subprocess.Popen[bytes]]) -> None:
    """End these processes, the newest first."""
    for daemon in reversed(daemons):
        daemon.terminate()
        try:
            daemon.wait(timeout=10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait(timeout=10)


def _environment(folder: Path) -> dict[str, str]:
    """The clients' environment; `srun` is wrapped, since the executor drops SLURM_CONF."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    return kept | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder / 'bin'}:{_path()}"}


def _path() -> str:
    """PATH with the folders of daemons, which the PATH of a user may lack."""
    return os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"


def _write_files(folder: Path, nodes: tuple[str, ...], *, cpus: int, memory_mb: int) -> None:
    for name in ("state", "bin", *(f"spool/{node}" for node in nodes)):
        (folder / name).mkdir(parents=True)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    host = socket.gethostname().partition(".")[0]
    controller_port, *ports = _free_ports(1 + len(nodes))
    settings = _SLURM_CONF.format(
        folder=folder, host=host, user=getpass.getuser(), controller_port=controller_port
    )
    lines = [
        _NODE.format(name=name, host=host, port=port, cpus=cpus, memory_mb=memory_mb)
        for name, port in zip(nodes, ports, strict=True)
    ]
    # The partition, which names the nodes, comes last.
    head, partition = settings.rsplit("PartitionName", 1)
    text = f"{head}{''.join(lines)}PartitionName{partition}"
    (folder / "slurm.conf").write_text(text, encoding="utf-8")
    srun = folder / "bin" / "srun"
    real = shutil.which("srun", path=_path())
    srun.write_text(f'#!/bin/sh\nSLURM_CONF="{folder}/slurm.conf" exec "{real}" "$@"\n')
    srun.chmod(0o755)


def _munge_options(folder: Path) -> list[str]:
    options = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munge.pid",
               "seed-file": "munge.seed"}  # fmt: skip
    return [f"--{option}={folder / name}" for option, name in options.items()]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [held.getsockname()[1] for held in sockets]
    finally:
        for held in sockets:
            held.close()


def _cancel_all(environment: dict[str, str]) -> None:
    """Cancel waiting and running jobs, and wait until they are gone: no process is left."""
    for words in (["scancel", f"--user={getpass.getuser()}"], ["squeue", "--noheader"]):
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            done = subprocess.run(words, env=environment, capture_output=True, timeout=20)
            if not done.stdout:
                break
            time.sleep(0.2)
