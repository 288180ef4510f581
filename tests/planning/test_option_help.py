"""What `--help` says of the keys of `--options`: all of them, from schema and docstrings."""

import dataclasses
import importlib
import json

import pytest

from hybridbatch.cli import main
from hybridbatch.planning.option_help import Key, epilog, keys
from hybridbatch.planning.stage_options import completed
from hybridbatch.stages import STAGES, TOOLS


def options_of(stage: str) -> type | None:
    module = importlib.import_module((STAGES | TOOLS)[stage].module)
    return getattr(module, "Options", None)


WITH_OPTIONS = [stage for stage in (*STAGES, *TOOLS) if options_of(stage) is not None]


def keys_of(stage: str) -> dict[str, Key]:
    kind = options_of(stage)
    assert kind is not None
    return {key.name: key for key in keys(stage, kind)}


@pytest.mark.parametrize("stage", WITH_OPTIONS)
def test_every_key_has_a_type_and_a_meaning(stage: str) -> None:
    kind = options_of(stage)
    assert kind is not None
    found = keys_of(stage)
    fields = {field.name for field in dataclasses.fields(kind)}
    assert {name.partition(".")[0].removesuffix("[]") for name in found} == fields
    assert [key.name for key in found.values() if not key.meaning or not key.kind] == []
    # A key that has no default is not filled in, and one that has is not required.
    given = completed(stage, {})
    for name, key in found.items():
        if "." not in name and "model's" not in (key.default or ""):
            assert name not in given or key.default == json.dumps(given[name]), name


def test_keys_of_a_training() -> None:
    found = keys_of("train")
    assert found["batch_size"] == Key(
        "batch_size", "integer, at least 2", "32", "Pairs in a batch."
    )
    assert found["validation.fraction"].kind == "number, at least 0 and below 1"
    assert found["pooling"].kind == "one of mean, cls, max, lasttoken, null"
    assert found["pooling"].default == 'the model\'s, else "mean"'
    assert found["run"] == Key("run", "text", None, "The id of the run.")
    assert found["alpha"].kind == "number or null"
    assert found["sources[].weight"].meaning == "Multiplies its share of the batches."
    assert found["lora.targets"].kind == "list of text"


def test_the_help_lists_them_within_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit):
        main(["index", "--help"])
    text = capsys.readouterr().out
    kind = options_of("index")
    assert kind is not None
    assert epilog("index", kind, width=58) in text
    assert "  sample\n      integer, at least 1; default 100000\n" in text
    assert max(map(len, text.partition("keys of --options")[2].splitlines())) <= 60
