"""Checkpoints: a killed run resumes from the last complete one.

A checkpoint is a folder. It is written under a temporary name and renamed when all its files are
on the disk, so an incomplete checkpoint never counts. It holds a fingerprint of everything that
decides the result; a run with other options, data, weights or code does not resume from it. With
several processes, the first one chooses the checkpoint for all.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file
from torch import Tensor

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.codehash import code_hash
from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.records import check_digests
from hybridbatch.training.options import Options
from hybridbatch.training.processes import Processes

logger = logging.getLogger(__name__)
_STATE, _TENSORS, _LOG = "state.json", "tensors.safetensors", "train_log.safetensors"
# KeyError, TypeError: the state is valid JSON with other content than what was written.
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, SafetensorError, HybridBatchError)


@dataclass
class Best:
    """The weights of the best validation so far; empty without validation.

    waited: validations since then; none of them was better.
    """

    loss: float = float("inf")
    step: int = 0
    waited: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """All that a run needs to resume after `step` with the same result.

    moments: AdamW's averages of the gradient and of its square, by parameter. sampler: the value of
    `Sampler.state`. log: the arrays of `TrainLog.state`.
    """

    step: int
    weights: Mapping[str, Tensor]
    moments: Mapping[str, tuple[Tensor, Tensor]]
    best: Best
    sampler: Mapping[str, Any]
    log: Mapping[str, NDArray[Any]]


class Checkpoints:
    """The checkpoints of one run, in a folder for this run alone; only the last one is kept."""

    def __init__(self, folder: Path, *, fingerprint: str) -> None:
        self._folder, self._fingerprint = folder, fingerprint

    def save(self, snapshot: Snapshot) -> None:
        """Write a checkpoint, then remove the earlier ones."""
        place = self._place(snapshot.step)
        with atomic_folder(place) as folder:
            save_file(_tensors(snapshot), folder / _TENSORS)
            save_arrays(dict(snapshot.log), folder / _LOG)
            best = snapshot.best
            state = {
                "fingerprint": self._fingerprint,
                "step": snapshot.step,
                "best": {"loss": best.loss, "step": best.step, "waited": best.waited},
                "sampler": snapshot.sampler,
            }
            (folder / _STATE).write_text(json.dumps(state), encoding="utf-8")
        for entry in self._folder.iterdir():
            if entry != place and entry.is_dir():  # the folder also holds a lock file
                shutil.rmtree(entry)

    def last(self) -> Snapshot | None:
        """The last complete checkpoint with this run's fingerprint, or None."""
        for folder in sorted(self._folder.glob("step-*"), reverse=True):
            try:
                snapshot = self._read(folder)
            except _UNREADABLE as error:
                logger.warning("%s: not readable (%s); not resumed", folder, error)
                continue
            if snapshot is not None:
                return snapshot
            logger.info("%s: made with other options, data, model or code; not resumed", folder)
        return None

    def agreed(self, processes: Processes) -> Snapshot | None:
        """The checkpoint that the first process finds with `last`, in every process.

        A process returns only after all processes have read the checkpoint.

        Raises:
            HybridBatchError: a process cannot read the checkpoint that the first one found.
        """
        snapshot = self.last() if processes.first else None
        step = processes.gathered(None if snapshot is None else snapshot.step)[0]
        problem = None
        if step is not None and not processes.first:
            place = self._place(step)
            try:
                snapshot = self._read(place)
                reason = "it belongs to another run"
            except _UNREADABLE as error:
                reason = str(error)
            if snapshot is None:
                problem = (
                    f"{place}: process {processes.rank} cannot resume from it as process 0 does "
                    f"({reason}); give all processes the same folder, or remove it to start again"
                )
        processes.check(problem)
        return snapshot

    def _place(self, step: int) -> Path:
        return self._folder / f"step-{step:09d}"

    def _read(self, folder: Path) -> Snapshot | None:
        """The checkpoint in a folder; None if it has another fingerprint."""
        check_digests(folder, needed=True)
        state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        return _snapshot(folder, state) if state["fingerprint"] == self._fingerprint else None


def fingerprint(
    options: Options, *, pairs: Iterable[Path], model: Path, threads: Sequence[int]
) -> str:
    """A digest of all that decides the result of a run: options, data, base model and code.

    threads: the number of threads of each process.
    """
    files = [*pairs, *sorted(path for path in model.rglob("*") if path.is_file())]
    parts = {
        "options": asdict(options),
        "files": [[path.name, sha256_file(path)] for path in files],
        "code": code_hash("hybridbatch.training.train"),
        "torch": torch.__version__,
        "threads": list(threads),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _tensors(snapshot: Snapshot) -> dict[str, Tensor]:
    named = {f"weights/{name}": each for name, each in snapshot.weights.items()}
    for name, (first, second) in snapshot.moments.items():
        named |= {f"first/{name}": first, f"second/{name}": second}
    named |= {f"best/{name}": each for name, each in snapshot.best.weights.items()}
    return {name: each.detach().contiguous() for name, each in named.items()}


def _snapshot(folder: Path, state: Mapping[str, Any]) -> Snapshot:
    parts: dict[str, dict[str, Tensor]] = {"weights": {}, "first": {}, "second": {}, "best": {}}
    for name, tensor in load_file(folder / _TENSORS).items():
        part, _, parameter = name.partition("/")
        parts[part][parameter] = tensor
    moments = {name: (first, parts["second"][name]) for name, first in parts["first"].items()}
    best = Best(**state["best"], weights=parts["best"])
    log = load_arrays(folder / _LOG)
    return Snapshot(state["step"], parts["weights"], moments, best, state["sampler"], log)
