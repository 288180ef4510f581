"""A model of the hub: only what is used is fetched, and every failure is one line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from hub_server import SHA, Hub, hub_server
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.model import fetch_model
from sentence_models import write_labse

NAME = "org/labse"
MODEL = f"{NAME}@{SHA}"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = write_labse(tmp_path_factory.mktemp("hub") / "labse")
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    others = ("pytorch_model.bin", "onnx/model.onnx", "openvino/model.safetensors",
              "consolidated.safetensors", "0_Old/config.json", ".gitattributes")  # fmt: skip
    return {**found, **dict.fromkeys(others, b"other")}


@pytest.fixture
def hub(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_server(monkeypatch) as hub:
        hub.files[NAME] = dict(files)
        yield hub


def test_only_the_files_that_are_used_are_fetched_each_once(
    hub: Hub, files: dict[str, bytes], tmp_path: Path
) -> None:
    fetch_model(MODEL, tmp_path / "model")
    written = {
        path.relative_to(tmp_path / "model").as_posix(): path.read_bytes()
        for path in (tmp_path / "model").rglob("*")
        if path.is_file() and path.name != "hybridbatch.json"
    }
    assert written == {name: files[name] for name in written}
    assert sorted(hub.fetched) == sorted(written)
    assert set(files) - set(written) == {
        *("pytorch_model.bin", "onnx/model.onnx", "openvino/model.safetensors", "README.md"),
        *("consolidated.safetensors", "0_Old/config.json", ".gitattributes"),
        *({"3_Normalize/config.json"} & (set(files) - set(written))),
    }


def test_what_is_not_supported_is_refused_before_its_weights_are_fetched(
    hub: Hub, tmp_path: Path
) -> None:
    hub.files[NAME]["adapter_config.json"] = b"{}"
    with pytest.raises(HybridBatchError, match=rf"model {MODEL}: adapter_config\.json: LoRA"):
        fetch_model(MODEL, tmp_path / "model")
    assert "model.safetensors" not in hub.fetched and not (tmp_path / "model").exists()


def test_failures_of_the_hub_are_one_line(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def line(model: str = MODEL) -> str:
        with pytest.raises(HybridBatchError) as caught:
            fetch_model(model, tmp_path / "model")
        assert not (tmp_path / "model").exists() and "\n" not in str(caught.value)
        return str(caught.value)

    assert line("org/none@1").endswith(
        "the hub has no such repository or revision; correct `model:`"
    )
    hub.broken.add("model.safetensors")
    assert "model.safetensors has digest" in line()
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "the hub cannot be reached" in line() and "set `model:` to its folder" in line()
