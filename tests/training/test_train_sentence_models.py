"""The layers that a sentence-transformers folder declares are trained, saved and published."""

import logging
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from sentence_transformers import SentenceTransformer
from test_train import digests, inputs, log_of, train_tiny  # noqa: F401 - inputs is a fixture

from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.inference import encode_texts
from sentence_models import TEXTS, write_decoder, write_labse, write_sentence_model

OPEN = {"pooling": None, "query_prefix": None, "passage_prefix": None, "max_tokens": 24}


def vectors(folder: Path, pooling: str) -> np.ndarray:
    encoder = DualEncoder.load(folder, pooling=pooling, device="cpu")  # type: ignore[arg-type]
    return encode_texts(
        encoder, TEXTS, prefix="", max_tokens=24, tokens_per_batch=128, precision="fp32"
    )


@pytest.fixture(scope="module")
def labse(inputs: Path) -> Path:  # noqa: F811
    return write_labse(inputs / "labse")


def test_the_dense_layer_is_trained_and_saved_with_the_model(
    labse: Path, inputs: Path, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    output = train_tiny(inputs, tmp_path / "a", model=labse, steps=6, **OPEN)
    layer = "2_Dense/model.safetensors"
    before, after = load_file(labse / layer), load_file(output / "checkpoint" / layer)
    for name in ("linear.weight", "linear.bias"):
        assert before[name].shape == after[name].shape
        assert np.abs(before[name] - after[name]).max() > 1e-3
    # What was trained reads as what it is, without any option.
    theirs = SentenceTransformer(str(output / "checkpoint"), device="cpu", local_files_only=True)
    found = vectors(output / "checkpoint", "cls")
    np.testing.assert_allclose(found, theirs.encode(TEXTS), rtol=0, atol=1e-5)
    assert np.abs(found - vectors(labse, "cls")).max() > 1e-3
    again = train_tiny(inputs, tmp_path / "b", model=labse, steps=6, **OPEN)
    assert digests(again / "checkpoint") == digests(output / "checkpoint")


def test_chunks_give_the_dense_layer_the_gradients_of_one_pass(
    labse: Path, inputs: Path, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    options = {**OPEN, "model": labse, "steps": 2, "learning_rate": 1e-4}
    whole = train_tiny(inputs, tmp_path / "whole", **options)
    parts = train_tiny(inputs, tmp_path / "parts", **options, chunk_tokens=40)
    np.testing.assert_allclose(
        vectors(whole / "checkpoint", "cls"), vectors(parts / "checkpoint", "cls"), atol=1e-4
    )


def test_one_line_says_what_the_config_sets_instead(
    labse: Path,
    inputs: Path,  # noqa: F811
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = {**OPEN, "pooling": "mean", "query_prefix": "q: "}
    with caplog.at_level(logging.INFO):
        output = train_tiny(inputs, tmp_path, model=labse, steps=1, **given)
    (line,) = [line for line in caplog.messages if "declares" in line]
    assert line == (
        f"{labse} declares pooling 'mean' of the config over 'cls', "
        "query_prefix 'q: ' of the config over '', passage_prefix ''"
    )
    theirs = SentenceTransformer(str(output / "checkpoint"), device="cpu", local_files_only=True)
    np.testing.assert_allclose(
        vectors(output / "checkpoint", "mean"), theirs.encode(TEXTS), rtol=0, atol=1e-5
    )
    assert theirs.prompts["query"] == "q: "


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_decoder_is_trained_at_its_last_token(
    inputs: Path, tmp_path: Path, side: str  # noqa: F811
) -> None:  # fmt: skip
    base = write_decoder(tmp_path / "base", padding_side=side)
    model = write_sentence_model(tmp_path / "model", base, pooling="lasttoken")
    output = train_tiny(inputs, tmp_path, model=model, steps=30, learning_rate=5e-4, **OPEN)
    losses = [row["loss"] for row in log_of(output) if row["batch_type"] == "all"]
    assert losses[-1] < losses[0]
    theirs = SentenceTransformer(str(output / "checkpoint"), device="cpu", local_files_only=True)
    np.testing.assert_allclose(
        vectors(output / "checkpoint", "lasttoken"), theirs.encode(TEXTS), rtol=0, atol=1e-5
    )
