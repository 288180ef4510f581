"""Two processes train the same model as one process, with torchrun or started by the stage."""

import logging
import multiprocessing
import os
import signal
import socket
from contextlib import nullcontext

import pytest
import torch
from safetensors.torch import load_file
from test_resume import OPTIONS, digests, in_process, killed_at, train_here

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table
from hybridbatch.schemas.every import TRAIN_LOG
from hybridbatch.training import train
from hybridbatch.training.processes import Processes, launch

SHORT = OPTIONS | {"steps": 6, "validation": OPTIONS["validation"] | {"every": 3, "patience": None}}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    tiny.write_model(folder / "model")
    tiny.write_pairs(folder / "pairs.parquet", range(40))
    return folder


@pytest.fixture(scope="module")
def alone(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    options = SHORT | {"dropout": False}
    assert in_process(train_here, inputs, folder, options) == 0
    return folder


def as_launched(rank, port, work, *args):
    """Start a process for each rank, like torchrun; it finds the others by its environment."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    work(*args)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def in_two(first, second, *args):
    """Run `first` and `second` in processes that work together; returns their exit codes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hybridbatch.training.train"])
    port = free_port()
    both = [
        context.Process(target=as_launched, args=(rank, port, work, *args))
        for rank, work in enumerate((first, second))
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(timeout=120)
    return [process.exitcode for process in both]


def train_in_two(inputs, output, options):
    assert in_two(train_here, train_here, inputs, output, options) == [0, 0]


def rows_of(output):
    return read_table(output / "train_log.parquet", TRAIN_LOG).to_pylist()


def assert_same(output, alone):
    rows, expected = rows_of(output), rows_of(alone)
    assert len(rows) == len(expected) == 6 + 3 * 3
    for row, wanted in zip(rows, expected, strict=True):
        assert row == wanted | {"loss": pytest.approx(wanted["loss"], abs=1e-4)}
    weights, wanted = (load_file(each / "checkpoint/model.safetensors") for each in (output, alone))
    flat = [torch.cat([each.ravel() for each in named.values()]) for named in (weights, wanted)]
    # Adam magnifies rounding where gradients are nearly zero.
    assert (flat[0] - flat[1]).abs().mean() < 1e-4 * flat[1].abs().mean()


@pytest.mark.parametrize("chunk_tokens", [None, 60])
def test_two_processes_give_the_loss_curve_of_one(inputs, alone, tmp_path, chunk_tokens):
    options = SHORT | {"dropout": False, "chunk_tokens": chunk_tokens}
    train_in_two(inputs, tmp_path, options)
    assert_same(tmp_path, alone)


@pytest.fixture(scope="module")
def together(inputs, tmp_path_factory):
    """The output of a stage that starts its two processes itself."""
    folder = tmp_path_factory.mktemp("together")
    train_here(inputs, folder, SHORT | {"dropout": False, "processes": 2})
    return folder


def test_the_stage_starts_its_processes_itself_and_is_repeatable(inputs, alone, together, tmp_path):
    assert_same(together, alone)
    train_in_two(inputs, tmp_path, SHORT | {"dropout": False, "processes": 2})
    assert digests(tmp_path) == digests(together)
    assert not (together / "state").exists()


def train_and_die_at_the_second_checkpoint(inputs, output, options):
    killed_at(inputs, output, options, "checkpoints", "save_file", 2)


def test_killed_and_run_again_in_two_processes_gives_the_same_bytes(inputs, together, tmp_path):
    options = SHORT | {"dropout": False, "processes": 2}
    killed, log = tmp_path / "killed", logging.FileHandler(tmp_path / "log.txt")
    codes = in_two(train_and_die_at_the_second_checkpoint, train_here, inputs, killed, options)
    assert codes[0] == -signal.SIGKILL and codes[1] != 0
    assert [path.name for path in (killed / "state").glob("step-*")] == ["step-000000002"]
    # The launched processes write to the files of this one's handlers.
    logging.getLogger().addHandler(log)
    train_here(inputs, killed, options)
    logging.getLogger().removeHandler(log)
    assert "resuming after step 2" in (tmp_path / "log.txt").read_text()
    assert digests(killed) == digests(together)


def refuse(argument):
    raise HybridBatchError(f"{argument} is bad; give a good one")


def test_bad_input_in_a_launched_process_is_one_line():
    with pytest.raises(HybridBatchError, match=r"^this is bad; give a good one$"):
        launch(refuse, "this", count=1)


def test_texts_are_dealt_out_evenly():
    assert Processes(1, 3).shares([9, 8, 7, 5, 4]) == [[9, 5], [8, 4], [7]]
    assert Processes().shares("abc") == [["a", "b", "c"]]


def test_more_processes_than_pairs_are_refused(inputs, tmp_path):
    with pytest.raises(HybridBatchError, match="7 processes for a batch_size of 6; lower"):
        train_here(inputs, tmp_path, SHORT | {"processes": 7})


def test_more_launched_processes_than_pairs_are_refused_too(inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "joined", lambda device: nullcontext(Processes(3, 7, 7)))
    with pytest.raises(HybridBatchError, match="7 processes for a batch_size of 6; lower"):
        train_here(inputs, tmp_path, SHORT)
