"""Cut, empty and foreign files of models, indexes and training states: one line with the file."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.model import fetch_model
from hybridbatch.retrieval.index import map_index, read_index
from hybridbatch.training.checkpoints import Best, Checkpoints, Snapshot
from sentence_models import write_labse
from tiny import write_model

MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
STATE_FILES = ("state.json", "tensors.safetensors", "train_log.safetensors")
FACTORIES = ("Flat", "IVF4,Flat", "HNSW8", "SQ8")


def damages(data: bytes) -> Iterator[bytes]:
    """Nothing, several lengths, all but the last byte, zeros and other content."""
    yield b""
    for part in range(1, 8):
        yield data[: len(data) * part // 8]
    yield data[:-1]
    yield bytes(len(data))
    yield np.random.default_rng(1).bytes(500)


@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_damaged_model_names_its_file(name: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    file = folder / name
    data = file.read_bytes()
    for damage in damages(data.rstrip()):  # an end of line less is no damage
        file.write_bytes(damage)
        with pytest.raises(HybridBatchError) as caught:
            DualEncoder.load(folder, pooling="mean", device="cpu")
        assert str(caught.value).startswith(f"{file}: damaged: ")
        assert str(caught.value).endswith("; remove it and run the workflow again")
    file.write_bytes(data)
    DualEncoder.load(folder, pooling="mean", device="cpu")


@pytest.mark.parametrize("name", MODEL_FILES[1:])
def test_a_users_damaged_model_is_not_taken(name: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "given")
    file = folder / name
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(HybridBatchError, match=rf"given: {name}: damaged: .*; restore it from"):
        fetch_model(str(folder), tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("name", MODEL_FILES[2:])
def test_brackets_nested_too_deep_are_damage(name: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "given")
    (folder / name).write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(HybridBatchError, match=rf"given: {name}: damaged: not JSON"):
        fetch_model(str(folder), tmp_path / "model")


@pytest.mark.parametrize(
    ("key", "message"),
    [("in_features", "in_features is 1000000000"), ("out_features", "which is not the layer")],
)
def test_a_dense_layer_larger_than_its_weights_takes_no_memory(
    key: str, message: str, tmp_path: Path
) -> None:
    folder = write_labse(tmp_path / "given")
    config = folder / "2_Dense" / "config.json"
    declared = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps(declared | {key: 10**9}), encoding="utf-8")
    with pytest.raises(HybridBatchError, match=message):
        fetch_model(str(folder), tmp_path / "model")


@pytest.mark.parametrize(
    "name", ["./nowhere", "nowhere", "hf://org/name", "https://example.org/name", "a b/c@1",
             "x" * 5_000, "./" + "x" * 5_000, ""],
)  # fmt: skip
def test_a_name_of_no_model_is_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match=r"no such folder|is neither `embedded`"):
        fetch_model(name, tmp_path / "model")


def test_the_folder_above_snapshots_tells_where_the_model_is(tmp_path: Path) -> None:
    (tmp_path / "given" / "snapshots").mkdir(parents=True)
    with pytest.raises(HybridBatchError, match="which is snapshots/COMMIT below it"):
        fetch_model(str(tmp_path / "given"), tmp_path / "model")


def test_a_json_file_of_another_form_names_the_folder(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "tokenizer.json").write_text('{"version": "1.0", "added_tokens": [{}]}')
    with pytest.raises(HybridBatchError, match="model: damaged: does not load as a checkpoint"):
        DualEncoder.load(folder, pooling="mean", device="cpu")


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_damaged_index_names_its_file(factory: str, tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    index = faiss.index_factory(8, factory, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    file = tmp_path / "en.faiss"
    faiss.write_index(index, str(file))
    for damage in damages(file.read_bytes()):
        file.write_bytes(damage)
        with pytest.raises(HybridBatchError, match=r"en\.faiss: damaged: .*; remove it and run"):
            read_index(tmp_path, "en", vectors=200, dimension=8)
        with pytest.raises(HybridBatchError, match=r"en\.faiss: damaged: .*; remove it and run"):
            map_index(file, factory=factory, vectors=200, dimension=8)


@pytest.mark.parametrize("name", STATE_FILES)
def test_a_damaged_training_state_is_passed_over(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def weights() -> dict[str, torch.Tensor]:
        return {"a": torch.rand(4, 4)}

    moments = {"a": (torch.rand(4, 4), torch.rand(4, 4))}
    log = {"loss": np.arange(3.0)}
    checkpoints = Checkpoints(tmp_path, fingerprint="f")
    checkpoints.save(
        Snapshot(3, weights(), moments, Best(loss=1, step=2, weights=weights()), {"seed": 1}, log)
    )
    assert checkpoints.last() is not None
    file = tmp_path / "step-000000003" / name
    found = [*damages(file.read_bytes()), b"[]", b'{"fingerprint": "f", "best": {"Loss": 1}}']
    for damage in found if name == "state.json" else found[:-2]:
        file.write_bytes(damage)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert checkpoints.last() is None
        assert "step-000000003: not readable" in caplog.text
