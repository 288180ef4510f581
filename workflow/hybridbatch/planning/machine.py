"""What `threads: null`, `device: auto` and `precision: auto` mean on this machine.

They decide bytes, so the options of a stage hold the resolved values. A config that names what
`auto` chooses runs nothing again, and results of another machine are never mixed in unnoticed.
"""

import json
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hybridbatch.common.threads import processors

# The variable that describes the submitting machine to jobs on other nodes.
VARIABLE = "HYBRIDBATCH_MACHINE"
_GPU_FILES = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg", "/proc/driver/nvidia/version")
_CPU_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16", "svebf16"})


@dataclass(frozen=True)
class Machine:
    """The processors that a job may use, whether there is a GPU, and which multiply bf16."""

    processors: int
    cuda: bool = False
    bf16_cpu: bool = False
    bf16_cuda: bool = False

    @classmethod
    def here(cls) -> "Machine":
        """This machine; in a job on another node, the machine that submitted it.

        Snakemake reads the rules again inside a cluster's job, and both must find the same. If
        Snakemake itself runs in a Slurm allocation, the granted processors count.
        """
        if submitter := os.environ.get(VARIABLE):
            return cls(**json.loads(submitter))
        granted = int(os.environ.get("SLURM_CPUS_PER_TASK") or processors())
        cuda, bf16_cuda = _cuda()
        return cls(granted, cuda=cuda, bf16_cpu=_bf16_cpu(), bf16_cuda=bf16_cuda)

    def share(self, environment: MutableMapping[str, str]) -> None:
        """Pass this machine on to the jobs that are started with this environment."""
        environment[VARIABLE] = json.dumps(asdict(self))

    def resolve(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration with its automatic choices resolved for this machine."""
        device = config["device"]
        if device == "auto":
            device = "cuda" if self.cuda else "cpu"
        bf16 = self.bf16_cuda if device == "cuda" else self.bf16_cpu
        resolved = {**config, "device": device, "threads": config["threads"] or self.processors}
        for section in ("training", "encoding"):
            precision = config[section]["precision"]
            if precision == "auto":
                precision = "bf16" if bf16 else "fp32"
            resolved[section] = {**config[section], "precision": precision}
        return resolved


def lacks_gpu() -> bool:
    """Whether this machine certainly has no GPU for a job: no driver, or torch finds none.

    Where Snakemake runs without torch, only the driver is looked for.
    """
    if not any(Path(file).exists() for file in _GPU_FILES):
        return True
    return find_spec("torch") is not None and not _cuda()[0]


@cache
def _cuda() -> tuple[bool, bool]:
    """Whether torch has a GPU here, and whether the GPU multiplies bf16.

    Importing torch takes seconds, so it is only imported if there is a driver.
    """
    if not any(Path(file).exists() for file in _GPU_FILES):
        return False, False
    try:
        import torch
    except ImportError:  # Snakemake's own environment may lack it
        return False, False
    if not torch.cuda.is_available():
        return False, False
    return True, bool(torch.cuda.is_bf16_supported(including_emulation=False))


@cache
def _bf16_cpu() -> bool:
    """Whether the processor multiplies bf16 matrices, as `encoding.encoder` asks torch."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _torch_bf16()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return not _CPU_FLAGS.isdisjoint(value.split())
    return _torch_bf16()


def _torch_bf16() -> bool:
    try:
        import torch
    except ImportError:
        return False
    names = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
    found = torch.cpu.get_capabilities()
    return any(found.get(name) for name in names)
