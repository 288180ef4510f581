"""What the automatic choices of a configuration mean on a machine."""

import os

import torch

from hybridbatch.common.threads import processors
from hybridbatch.encoding.encoder import resolve_device, resolve_precision
from hybridbatch.planning.machine import Machine
from tiny_config import config

LAPTOP = Machine(8)
SERVER = Machine(64, cuda=True, bf16_cpu=True, bf16_cuda=True)
OLD_GPU = Machine(4, cuda=True, bf16_cpu=True, bf16_cuda=False)


def resolved(machine: Machine, **changes: object) -> tuple[object, ...]:
    found = machine.resolve(config(**changes))
    precisions = [found[section]["precision"] for section in ("training", "encoding")]
    return found["threads"], found["device"], *precisions


def test_what_is_set_stays_and_what_is_automatic_is_decided() -> None:
    automatic = {"training": {"precision": "auto"}}
    assert resolved(LAPTOP, **automatic) == (8, "cpu", "fp32", "fp32")
    assert resolved(SERVER, **automatic) == (64, "cuda", "bf16", "bf16")
    assert resolved(OLD_GPU, **automatic) == (4, "cuda", "fp32", "fp32")
    assert resolved(OLD_GPU, **automatic, device="cpu") == (4, "cpu", "bf16", "bf16")
    chosen = {"threads": 2, "device": "cpu", "training": {"precision": "fp32"},
              "encoding": {"precision": "bf16"}}  # fmt: skip
    assert resolved(SERVER, **chosen) == (2, "cpu", "fp32", "bf16")


def test_naming_what_is_chosen_changes_nothing() -> None:
    named = {"threads": 8, "device": "cpu", "encoding": {"precision": "fp32"}}
    assert LAPTOP.resolve(config(**named)) == LAPTOP.resolve(config())


def test_this_machine_is_what_torch_says() -> None:
    here = Machine.here()
    assert here.cuda == torch.cuda.is_available()
    assert ("bf16" if here.bf16_cpu else "fp32") == resolve_precision("auto", "cpu")
    assert here.resolve(config())["device"] == resolve_device("auto")


def test_a_slurm_job_has_what_it_was_given(monkeypatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    assert Machine.here().processors == 3
    # A job of a cluster computes as the machine that submitted it, whatever it was given itself.
    monkeypatch.setenv("HYBRIDBATCH_MACHINE", "")
    SERVER.share(os.environ)
    assert Machine.here() == SERVER
    monkeypatch.delenv("HYBRIDBATCH_MACHINE")
    monkeypatch.delenv("SLURM_CPUS_PER_TASK")
    assert Machine.here().processors == processors()
