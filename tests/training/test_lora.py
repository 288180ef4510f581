"""Training with LoRA: only adapters change, and the result is one model like any other."""

import logging
import re
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from test_resume import OPTIONS, digests, train_here
from test_train import log_of, options_of, train_tiny

import tiny
from hybridbatch.cli import main
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.encoding.packed import can_pack
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.tracking import lineage
from hybridbatch.training import checkpoints, lora
from hybridbatch.training.lora import Adapters
from hybridbatch.training.options import Lora
from model_families import ACCEPTED, write_family
from sentence_models import TEXTS, write_labse
from tiny_config import config

here = pytest.mark.skipif(find_spec("peft") is None, reason="no peft here")
CHOSEN = {"rank": 4, "alpha": 8.0, "targets": ["all-linear"]}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    tiny.write_model(folder / "model")
    tiny.write_pairs(folder / "pairs.parquet", range(40))
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


@here
def test_the_weights_of_linear_layers_change_by_a_matrix_of_the_rank(
    inputs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    targets = ["query", "value"]
    with caplog.at_level(logging.INFO):
        output = train_tiny(inputs, tmp_path, lora={**CHOSEN, "rank": 2, "targets": targets})
    # Four layers of 32 x 32, with two matrices of 2 x 32 each.
    (line,) = [line for line in caplog.messages if "LoRA" in line]
    assert "LoRA of rank 2 trains 512 of " in line and "take 0.0 MB instead of up to 0.3 MB" in line
    losses = [row["loss"] for row in log_of(output) if row["batch_type"] == "all"]
    assert losses[-1] < losses[0]
    before, after = weights(inputs / "model"), weights(output / "checkpoint")
    assert before.keys() == after.keys()
    for name, old in before.items():
        change = (after[name] - old).double()
        if re.search(r"(query|value)\.weight$", name):
            assert torch.linalg.matrix_rank(change, tol=1e-5) == 2
        else:
            assert not change.any()


@here
@pytest.mark.parametrize("kind", ["bert", "qwen3", "gpt2"])
def test_merged_weights_give_the_vectors_of_the_adapters(kind: str, tmp_path: Path) -> None:
    folder = write_family(tmp_path, kind, ACCEPTED[kind])
    encoder = DualEncoder.load(folder, pooling="mean", device="cpu")
    names = [name for name, _ in encoder.named_parameters()]
    adapters = Adapters(encoder, Lora(4, 8.0, ("all-linear",)), seed=1)
    trained = adapters.trained(encoder)
    assert all("lora_" in name for name in trained)
    with torch.no_grad():
        for each in trained.values():
            each.normal_(std=0.1)
    # The fast path knows no adapters, and must leave such a model alone.
    assert not can_pack(encoder.model)
    expected = vectors(encoder)
    adapters.merge(encoder)
    assert [name for name, _ in encoder.named_parameters()] == names
    assert can_pack(encoder.model) == (kind == "bert")
    np.testing.assert_allclose(vectors(encoder), expected, rtol=0, atol=1e-5)
    plain = DualEncoder.load(folder, pooling="mean", device="cpu")
    assert np.abs(vectors(plain) - expected).max() > 1e-3


def vectors(encoder: DualEncoder) -> np.ndarray:
    return encode_texts(
        encoder, TEXTS, prefix="", max_tokens=24, tokens_per_batch=128, precision="fp32"
    )


@here
def test_the_dense_layer_of_a_folder_is_trained_with_the_adapters(
    inputs: Path, tmp_path: Path
) -> None:
    labse = write_labse(tmp_path / "labse")
    options = {"pooling": None, "max_tokens": 24, "steps": 4, "lora": CHOSEN}
    output = train_tiny(inputs, tmp_path / "out", model=labse, **options)
    layer = "2_Dense/model.safetensors"
    before, after = load_file(labse / layer), load_file(output / "checkpoint" / layer)
    assert (before["linear.weight"] - after["linear.weight"]).abs().max() > 1e-4
    theirs = SentenceTransformer(str(output / "checkpoint"), device="cpu", local_files_only=True)
    ours = DualEncoder.load(output / "checkpoint", pooling="cls", device="cpu")
    np.testing.assert_allclose(vectors(ours), theirs.encode(TEXTS), rtol=0, atol=1e-5)


@here
def test_interrupted_and_run_again_gives_the_same_bytes(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = OPTIONS | {"lora": CHOSEN, "dropout": True, "chunk_tokens": 64}
    train_here(inputs, tmp_path / "whole", options)
    saved = iter([checkpoints.save_arrays])  # the second checkpoint is never whole
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save_arrays", lambda *given: next(saved)(*given))
        with pytest.raises(StopIteration):
            train_here(inputs, tmp_path / "broken", options)
    (state,) = (tmp_path / "broken" / "state").glob("step-*")
    assert all("lora_" in name for name in load_file(state / "tensors.safetensors"))
    train_here(inputs, tmp_path / "broken", options)
    assert digests(tmp_path / "broken") == digests(tmp_path / "whole")


@here
def test_names_of_no_layer_are_refused_with_those_that_there_are(folder_of_bert: Path) -> None:
    encoder = DualEncoder.load(folder_of_bert, pooling="mean", device="cpu")
    words = (
        r"training\.lora\.targets: the model has no linear layers that are called q_proj; there "
    )
    with pytest.raises(HybridBatchError, match=words + "are dense, key, query, value"):
        Adapters(encoder, Lora(4, 8.0, ("q_proj",)), seed=1)


@pytest.fixture
def folder_of_bert(inputs: Path) -> Path:
    return inputs / "model"


def test_without_peft_one_line_says_what_to_install(
    inputs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(lora, "find_spec", lambda name: None)
    command = ["train", "--options", tiny.options_text("train", **options_of(lora=CHOSEN))]
    for name, path in {"pairs": inputs / "pairs.parquet", "model": inputs / "model",
                       "output": tmp_path / "o", "train-log": tmp_path / "l",
                       "run-record": tmp_path / "r"}.items():  # fmt: skip
        command += [f"--{name}", str(path)]
    assert main(command) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "config: training.lora: the package peft is not installed; run `make setup EX" in line
    lora.check_available(Lora(0, 8.0, ("all-linear",)))


def test_the_version_of_peft_counts_where_it_is_used() -> None:
    def versions(**changes: object) -> str:
        plan = Plan(config(training={"lora": {**asdict(Lora(0, 8.0, ("a",))), **changes}}))
        return lineage(plan)._versions("train")

    assert "peft" not in versions() and " peft==" in versions(rank=4)
