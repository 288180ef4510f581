"""`hybridbatch export --push`: to a hub on this machine, private by default, never by accident."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from hub_server import Hub, hub_server
from hybridbatch.cli import main
from hybridbatch.encoding.model import fetch_model
from hybridbatch.publication import push as pushing
from sentence_models import write_labse

RUN, NAME = "m.r.hybrid.s1", "org/my-model"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(pushing, "get_token", lambda: "hf_test")
    with hub_server(monkeypatch) as hub:
        yield hub


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    folder = results / "checkpoints" / RUN
    folder.parent.mkdir()
    write_labse(folder)
    (folder / "README.md").write_text("# card\n", encoding="utf-8")
    return results


def export(results: Path, dest: Path, *words: str) -> int:
    return main(["export", RUN, str(dest), "--from", str(results), *words])


def test_the_exported_folder_is_uploaded_and_private(
    hub: Hub, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dest = tmp_path / "my-model"
    assert export(results, dest, "--push", NAME) == 0
    assert hub.private == {NAME: True} and hub.tokens == {"Bearer hf_test"}
    local = {p.relative_to(dest).as_posix(): p.read_bytes() for p in dest.rglob("*") if p.is_file()}
    assert hub.files[NAME] == local
    assert "/org/my-model/commit/" in capsys.readouterr().err
    # What was uploaded is a model of the hub.
    from hub_server import SHA

    fetch_model(f"{NAME}@{SHA}", tmp_path / "model")
    assert (tmp_path / "model" / "2_Dense" / "model.safetensors").is_file()


def test_a_public_repository_takes_a_model_only_on_request(
    hub: Hub, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.files[NAME], hub.private[NAME] = {}, False
    assert export(results, tmp_path / "a", "--push", NAME) == 2
    assert "org/my-model is public, so that everyone" in capsys.readouterr().err
    assert not (tmp_path / "a").exists() and not hub.files[NAME]
    assert export(results, tmp_path / "a", "--push", NAME, "--public") == 0
    assert "model.safetensors" in hub.files[NAME]


def test_what_would_fail_is_said_before_the_folder_is_written(
    hub: Hub,
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dest = tmp_path / "a"

    def line(*words: str) -> str:
        assert export(results, dest, *words) == 2
        (only,) = capsys.readouterr().err.strip().splitlines()
        return only

    assert "'my-model' is no repository of the hub; name it org/name" in line("--push", "my-model")
    assert "--public: says who may read an upload" in line("--public")
    monkeypatch.setattr(pushing, "get_token", lambda: None)
    assert "no token for the hub; log in with `hf auth login`, or set" in line("--push", NAME)
    monkeypatch.setattr(pushing, "get_token", lambda: "hf_test")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "the hub cannot be reached" in line("--push", NAME)
    assert not dest.exists()


def test_a_refused_upload_leaves_the_folder_and_says_how_to_go_on(
    hub: Hub, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.status = 403
    assert export(results, tmp_path / "a", "--push", NAME) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"the hub answers 403; the model is in {tmp_path / 'a'}: upload it later with" in last
    assert (tmp_path / "a" / "model.safetensors").is_file()
