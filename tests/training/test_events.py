"""TensorBoard event files: written on request, and without influence on any artifact."""

import json
from pathlib import Path

import pytest
from test_train import digests, inputs, log_of, options_of  # noqa: F401 - inputs is a fixture

from hybridbatch.cli import main
from hybridbatch.planning.config import check_config
from hybridbatch.planning.deployment import Software
from hybridbatch.planning.plan import Plan
from hybridbatch.training import events

RUN = "tiny.recipe.hybrid.s1"


def command(inputs: Path, output: Path, *options: str) -> list[str]:  # noqa: F811
    paths = {
        "--pairs": inputs / "pairs.parquet",
        "--model": inputs / "model",
        "--output": output / "checkpoint",
        "--train-log": output / "train_log.parquet",
        "--run-record": output / "run.parquet",
    }
    words = [str(word) for pair in paths.items() for word in pair]
    return ["train", *words, "--options", json.dumps(options_of()), *options]


def test_the_curves_are_those_of_the_log(inputs: Path, tmp_path: Path) -> None:  # noqa: F811
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "events"
    assert main(command(inputs, tmp_path / "plain")) == 0
    for _ in range(2):  # the second training voids the events of the first
        assert main(command(inputs, tmp_path / "watched", "--tensorboard", str(folder))) == 0
    assert digests(tmp_path / "watched") == digests(tmp_path / "plain")
    found = EventAccumulator(str(folder / RUN)).Reload()
    log = log_of(tmp_path / "plain")
    curves = {"train/loss": ("train", None), "validation/all": ("validation", "all")}
    for name, (event, kind) in curves.items():
        logged = [
            (row["step"], pytest.approx(row["loss"], rel=1e-6))
            for row in log
            if row["event"] == event and kind in (None, row["batch_type"])
        ]
        assert [(point.step, point.value) for point in found.Scalars(name)] == logged
    assert len(found.Scalars("train/learning_rate")) == 15
    assert all(point.value > 0 for point in found.Scalars("train/pairs_per_second"))


def test_without_the_package_training_does_not_begin(
    inputs: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(events, "find_spec", lambda name: None)
    monkeypatch.setenv("HYBRIDBATCH_TENSORBOARD", str(tmp_path / "events"))
    assert main(command(inputs, tmp_path / "out")) == 2
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert "the package tensorboard is not installed; install hybridbatch[tensorboard]" in line
    assert not list(tmp_path.iterdir())


def test_turning_it_on_trains_nothing_again() -> None:
    values = {
        "recipe": "r",
        "sources": [{"name": "cldr"}],
        "train_languages": ["en"],
        "benchmarks": [{"name": "cldr"}],
        "samplings": ["x-x-mono"],
    }
    off, on = (check_config(values | {"training": {"tensorboard": to}}) for to in (False, True))
    run = Plan(on).trained_runs[0].id
    assert Plan(on).train_options(run) == Plan(off).train_options(run)
    prefix = Software().shell_prefix(mirror=None, tensorboard=True)
    assert "HYBRIDBATCH_TENSORBOARD=results/tensorboard;" in prefix
    assert "TENSORBOARD" not in Software().shell_prefix(mirror=None, tensorboard=False)
