"""A killed run resumes from its last checkpoint and ends with the same bytes."""

import argparse
import errno
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from hybridbatch.common import artifacts, locks
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.locks import sole_user
from hybridbatch.common.options import options_from_dict
from hybridbatch.encoding.settings import settled
from hybridbatch.training import checkpoints, gradient_cache, train
from hybridbatch.training.checkpoints import Best, Checkpoints, Snapshot
from hybridbatch.training.options import Options
from hybridbatch.training.processes import Processes

GIVEN = {
    "run": "tiny.recipe.hybrid.s1",
    "model": "tiny",
    "recipe": "recipe",
    "sampling": "hybrid",
    "alpha": 0.5,
    "seed": 1,
    "languages": list(tiny.LANGUAGES),
    "sources": [{"name": "tiny", "weight": 1.0}],
    "threads": 1,
    "batch_size": 6,
    "steps": 9,
    "warmup_steps": 2,
    "learning_rate": 3e-3,
    "max_tokens": 32,
    "hard_negatives": 1,
    "validation": {
        "source": "held-out",
        "fraction": 0.2,
        "every": 2,
        "batches": 2,
        "patience": 4,
    },
    "checkpoint_every": 2,
}
OPTIONS = tiny.options_of("train", **GIVEN)
OUTPUTS = ("checkpoint", "train_log.parquet", "run.parquet")


def train_here(inputs, output, options):
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    words = f"--pairs {inputs}/pairs.parquet --model {inputs}/model --output {output}/checkpoint"
    words += f" --train-log {output}/train_log.parquet --run-record {output}/run.parquet"
    words += f" --state {output}/state"
    args = parser.parse_args(words.split())
    args.options = json.dumps(options)
    train.run(args)


def train_and_die(inputs, output, options, module, function, call):
    """Train, and kill the process when `function` of `module` is called for the time `call`."""
    original = getattr(module, function)
    calls = []

    def deadly(*args, **kwargs):
        calls.append(args)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(module, function, deadly)
    train_here(inputs, output, options)


def in_process(target, *args):
    # The server has imported the stage: its children start at once, each with a fresh state.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hybridbatch.training.train"])
    process = context.Process(target=target, args=args)
    process.start()
    process.join(timeout=120)
    return process.exitcode


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in OUTPUTS
        for path in sorted([folder / name, *(folder / name).rglob("*")])
        if path.is_file()
    }


def steps_of(state):
    return sorted(path.name for path in state.glob("step-*"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    tiny.write_model(folder / "model")
    tiny.write_pairs(folder / "pairs.parquet", range(40))
    return folder


@pytest.fixture(scope="module")
def uninterrupted(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert in_process(train_here, inputs, folder, OPTIONS) == 0
    assert not (folder / "state").exists()
    return digests(folder)


@pytest.mark.parametrize(
    ("module", "function", "call", "kept"),
    [
        # While the first checkpoint is written: there is nothing to resume from.
        ("checkpoints", "save_file", 1, []),
        # Between the files of the second one: the first counts.
        ("checkpoints", "save_arrays", 2, ["step-000000002"]),
        ("artifacts", "_sync", 5, ["step-000000002"]),
        # After the second is complete, before the first is removed: the second counts.
        ("shutil", "rmtree", 3, ["step-000000002", "step-000000004"]),
        # In the middle of a step; and when the weights are written, but not the log.
        ("gradients", "chunks_of", 14, ["step-000000004"]),
        ("train", "write_table", 1, ["step-000000008"]),
    ],
)
def test_killed_and_run_again_gives_the_same_bytes(
    inputs, uninterrupted, tmp_path, module, function, call, kept
):
    exit_code = in_process(killed_at, inputs, tmp_path, OPTIONS, module, function, call)
    assert exit_code == -signal.SIGKILL
    assert steps_of(tmp_path / "state") == kept
    # Snakemake removes the outputs of a failed job.
    shutil.rmtree(tmp_path / "checkpoint", ignore_errors=True)
    assert in_process(train_here, inputs, tmp_path, OPTIONS) == 0
    assert digests(tmp_path) == uninterrupted
    assert not (tmp_path / "state").exists()


def killed_at(inputs, output, options, module, function, call):
    places = {
        "checkpoints": checkpoints,
        "train": train,
        "gradients": gradient_cache,
        "artifacts": artifacts,
        "shutil": checkpoints.shutil,
    }
    train_and_die(inputs, output, options, places[module], function, call)


def test_killed_twice_with_dropout_and_chunks(inputs, tmp_path):
    options = OPTIONS | {"dropout": True, "chunk_tokens": 64, "activation_checkpointing": True}
    assert in_process(train_here, inputs, tmp_path / "whole", options) == 0
    for call in (2, 2):
        code = in_process(
            killed_at, inputs, tmp_path / "killed", options, "checkpoints", "save_file", call
        )
        assert code == -signal.SIGKILL
    assert steps_of(tmp_path / "killed" / "state") == ["step-000000004"]
    assert in_process(train_here, inputs, tmp_path / "killed", options) == 0
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def test_state_of_other_options_is_not_resumed(inputs, tmp_path, uninterrupted):
    other = OPTIONS | {"learning_rate": 1e-3}
    code = in_process(killed_at, inputs, tmp_path, other, "checkpoints", "save_file", 3)
    assert code == -signal.SIGKILL
    assert steps_of(tmp_path / "state") == ["step-000000004"]
    assert in_process(train_here, inputs, tmp_path, OPTIONS) == 0
    assert digests(tmp_path) == uninterrupted


def snapshot(step):
    moments = {"a": (torch.tensor([0.5]), torch.tensor([0.25]))}
    best = Best(1.5, 1, 2, {"a": torch.tensor([7.0])})
    return Snapshot(
        step, {"a": torch.tensor([float(step)])}, moments, best, {"step": [3]}, {"loss": np.ones(2)}
    )


def test_the_last_complete_checkpoint_counts_and_damage_is_passed_over(tmp_path, caplog):
    saved = Checkpoints(tmp_path, fingerprint="f")
    assert saved.last() is None
    saved.save(snapshot(9))
    shutil.copytree(tmp_path / "step-000000009", tmp_path / "step-000000012")
    (tmp_path / "step-000000012" / "tensors.safetensors").write_bytes(b"cut off")
    found = saved.last()
    assert found is not None and found.step == 9 and found.sampler == {"step": [3]}
    assert found.weights["a"].tolist() == [9.0] and found.best.weights["a"].tolist() == [7.0]
    assert found.moments["a"][1].tolist() == [0.25] and found.best.waited == 2
    assert found.log["loss"].tolist() == [1.0, 1.0]
    assert "step-000000012: not readable" in caplog.text
    assert Checkpoints(tmp_path, fingerprint="g").last() is None
    saved.save(snapshot(20))
    assert steps_of(tmp_path) == ["step-000000020"]


def test_the_fingerprint_follows_options_data_and_model(inputs, tmp_path):
    given = settled(OPTIONS, None)
    options = options_from_dict(Options, given)
    other = options_from_dict(Options, given | {"seed": 2})
    changed = Path(shutil.copytree(inputs / "model", tmp_path / "model"))
    (changed / "config.json").write_text("{}")
    pairs = [inputs / "pairs.parquet"]
    marks = {
        checkpoints.fingerprint(options, pairs=pairs, model=inputs / "model", threads=[1]),
        checkpoints.fingerprint(other, pairs=pairs, model=inputs / "model", threads=[1]),
        checkpoints.fingerprint(options, pairs=pairs, model=changed, threads=[1]),
        checkpoints.fingerprint(options, pairs=[], model=inputs / "model", threads=[1]),
        checkpoints.fingerprint(options, pairs=pairs, model=inputs / "model", threads=[1, 1]),
        checkpoints.fingerprint(options, pairs=pairs, model=inputs / "model", threads=[1, 2]),
    }
    assert len(marks) == 6


@dataclass(frozen=True, kw_only=True)
class Second(Processes):
    """The second of two processes; the first one gives the values of `heard`, one after another."""

    heard: Iterator[object]

    def gathered(self, value):
        return [next(self.heard), value]


def second(*heard):
    return Second(rank=1, count=2, heard=iter(heard))


def test_a_process_goes_on_where_the_first_one_does(tmp_path, caplog):
    saved = Checkpoints(tmp_path / "mine", fingerprint="f")
    saved.save(snapshot(9))
    found = saved.agreed(second(9, None))
    assert found is not None and found.step == 9
    # If it finds a checkpoint that the first one does not find, all start from the beginning.
    assert saved.agreed(second(None, None)) is None
    # A failure of the first process is raised in all processes.
    with pytest.raises(HybridBatchError, match=r"^the disk is gone$"):
        saved.agreed(second(None, "the disk is gone"))


def test_a_process_that_cannot_go_on_where_the_first_one_does_is_an_error(tmp_path):
    saved = Checkpoints(tmp_path, fingerprint="f")
    saved.save(snapshot(9))
    with pytest.raises(
        HybridBatchError, match=r"000012: process 1 cannot .*has no record"
    ) as found:
        saved.agreed(second(12, None))
    assert "\n" not in str(found.value)
    other = Checkpoints(tmp_path, fingerprint="g")
    with pytest.raises(HybridBatchError, match=r"000009: process 1 .*another run.*; give all"):
        other.agreed(second(9, None))


def test_a_second_training_of_the_same_run_is_refused(inputs, tmp_path):
    state = tmp_path / "state"
    saved = Checkpoints(state, fingerprint="f")
    with sole_user(state):
        saved.save(snapshot(2))
        saved.save(snapshot(4))
        # The lock holds against every new handle of its file, also in the same process.
        with pytest.raises(HybridBatchError) as found:
            train_here(inputs, tmp_path, OPTIONS)
    assert re.fullmatch(
        re.escape(str(state)) + rf": in use by process {os.getpid()} on \S+; wait until .*",
        str(found.value),
    )
    assert steps_of(state) == ["step-000000004"]
    assert not (tmp_path / "checkpoint").exists()


def test_a_lock_ends_with_its_process_and_is_not_needed(tmp_path, monkeypatch, caplog):
    assert in_process(lock_and_die, tmp_path) == -signal.SIGKILL
    assert (tmp_path / ".lock").read_text().startswith("process ")
    with sole_user(tmp_path):
        pass

    def unavailable(*_):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(locks.fcntl, "flock", unavailable)
    with caplog.at_level("INFO"), sole_user(tmp_path):
        pass
    assert f"{tmp_path}: cannot be locked" in caplog.text


def lock_and_die(folder):
    with sole_user(folder):
        os.kill(os.getpid(), signal.SIGKILL)
