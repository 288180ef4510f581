"""Results that came from another machine: one line says what is made again, and how to keep it."""

import json
from pathlib import Path

import pytest

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.records import Record, making
from hybridbatch.planning.machine import Machine
from hybridbatch.planning.moved import moved_from
from hybridbatch.planning.plan import Plan
from tiny_config import config

OTHER, HERE = Machine(8, bf16_cpu=True), Machine(2)


def note(results: Path, *, machine: Machine = HERE, **changes: object) -> str | None:
    given = config(training={"precision": "auto"}, **changes)
    return moved_from(Plan(given, machine=machine), given, results=results)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    plan = Plan(config(training={"precision": "auto"}), machine=OTHER)
    run = plan.trained_runs[0].id
    record = Record("train", plan.train_options(run), "code", "")
    folder = tmp_path / "results" / "training" / run / "model"
    with making(record), atomic_folder(folder) as temporary:
        (temporary / "config.json").write_text("{}")
    return tmp_path / "results"


def test_another_number_of_processors_is_said(results: Path) -> None:
    found = note(results)
    assert found is not None and "\n" not in found
    assert "made with threads: 8, but here it is 2" in found
    assert "Set `threads: 8` in the config to keep it" in found


def test_another_precision_is_said(results: Path) -> None:
    assert "training.precision: bf16, but here it is fp32" in str(note(results, threads=8))


def test_the_same_machine_and_the_users_own_choice_say_nothing(results: Path) -> None:
    assert note(results, machine=OTHER) is None
    assert note(results, machine=Machine(8, bf16_cpu=True), threads=8) is None
    given = config(training={"precision": "fp32"}, threads=1)
    assert moved_from(Plan(given, machine=HERE), given, results=results) is None


def test_nothing_there_or_damaged_says_nothing(results: Path, tmp_path: Path) -> None:
    assert note(tmp_path / "none") is None
    for record in results.rglob("hybridbatch.json"):
        record.write_text(json.dumps({"record": 1})[:7])
    assert note(results) is None
