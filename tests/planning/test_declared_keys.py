"""Keys that a model's folder may declare: what counts as set in a config, and what options hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from hybridbatch.planning.config import read_config
from hybridbatch.planning.plan import Plan
from tiny_config import MINIMAL, config

STAGES = ("encode_options", "mine_options")


@pytest.mark.parametrize(
    ("written", "value"),
    [('""', ""), ("null", None), ("~", None), ("", None), ('"null"', "null"), ('"q: "', "q: ")],
)
def test_an_empty_prefix_is_a_text_and_null_leaves_it_to_the_model(
    tmp_path: Path, written: str, value: str | None
) -> None:
    file = tmp_path / "config.yaml"
    given = {key: item for key, item in MINIMAL.items() if key != "query_prefix"}
    lines = [f"{key}: {json.dumps(item)}" for key, item in given.items()]
    file.write_text("\n".join([*lines, f"query_prefix: {written}"]))
    assert read_config([file]).values["query_prefix"] == value


@pytest.mark.parametrize(
    ("typed", "value"), [("", ""), ("null", None), ("q: ", "q: "), ("'q: '", "q: ")]
)
def test_the_command_line_sets_a_prefix_as_it_is_typed(
    tmp_path: Path, typed: str, value: str | None
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(MINIMAL))
    found = read_config([file], [f"query_prefix={typed}", "encoding={max_tokens: null}"]).values
    assert (found["query_prefix"], found["encoding"]["max_tokens"]) == (value, None)


@pytest.mark.parametrize("stage", STAGES)
def test_naming_the_embedded_model_s_values_runs_nothing_again(stage: str) -> None:
    named: dict[str, Any] = {"pooling": "mean", "query_prefix": "query: "}
    left_open = getattr(Plan(config(model="embedded")), stage)()
    assert left_open == getattr(Plan(config(model="embedded", **named)), stage)()
    assert "undeclared" not in json.loads(left_open)


@pytest.mark.parametrize("stage", STAGES)
def test_other_models_are_asked_in_the_stage(stage: str) -> None:
    options = json.loads(getattr(Plan(config(model="org/name@0123abcd", pooling="cls")), stage)())
    assert (options["pooling"], options["query_prefix"]) == ("cls", None)
    assert options["undeclared"]["query_prefix"] == "query: "
    assert "pooling" not in options["undeclared"]
