"""How long jobs take: recorded seconds, and guesses where there are none."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hybridbatch.console.announce import announce
from hybridbatch.console.forecast import (
    ROUGH,
    Forecast,
    forecast_of,
    recorded_seconds,
    rough_seconds,
)

RULES = Path(__file__).parents[2] / "workflow" / "rules"
TRAIN = 'python -m hybridbatch train --options \'{{"batch_size": {batch}, "steps": {steps}}}\''


def command(steps: int, batch: int = 32) -> str:
    return TRAIN.format(steps=steps, batch=batch)


def rules() -> set[str]:
    """The names of all rules of the workflow but the target."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in RULES.glob("*.smk"))
    return set(re.findall(r"^(?:use rule \w+ as|rule|checkpoint) (\w+)", text, re.MULTILINE))


def test_every_rule_of_the_workflow_has_a_guess_of_its_own() -> None:
    assert len(rules()) > 20
    for rule in rules():
        assert rule == "train" or rule in ROUGH, rule
        assert rough_seconds(f"mine_{rule}", None) == rough_seconds(rule, None)  # of a module


def test_a_training_is_guessed_by_the_pairs_of_its_steps() -> None:
    ten = rough_seconds("train", command(10))
    assert rough_seconds("train", command(110)) - ten == pytest.approx(100 * 32 * 0.045)
    assert rough_seconds("train", command(5, 64)) == ten


def test_recorded_seconds_of_a_training_follow_its_steps() -> None:
    def recorded(rule: str, then: str, now: str) -> float | None:
        return recorded_seconds(rule, 1000.0, 1060.0, then=then, now=now)

    assert recorded("train", command(50), command(100)) == 120
    assert recorded("train", command(50), command(5000)) is None  # too far to be in proportion
    assert recorded("train", "another command", command(50)) is None
    assert recorded("publish", command(50), command(100)) == 60  # its command has them too
    assert recorded_seconds("index", None, 1.0, then=None, now=None) is None
    assert recorded_seconds("index", 2.0, 1.0, then=None, now=None) is None  # a clock was set


@dataclass(frozen=True)
class Job:
    """What `forecast_of` reads of Snakemake's jobs."""

    name: str
    needed: bool
    output: tuple[str, ...]
    log: tuple[str, ...] = ()
    shellcmd: str = "python"

    @property
    def rule(self) -> Any:
        return SimpleNamespace(name=self.name)


@dataclass
class Workflow:
    """What `announce` reads of Snakemake's workflow."""

    jobs: tuple[Job, ...]
    records: dict[str, Any] = field(default_factory=dict)
    is_main_process: bool = True

    @property
    def dag(self) -> Any:
        return SimpleNamespace(jobs=self.jobs, needrun=lambda job: job.needed)

    @property
    def persistence(self) -> Any:
        return SimpleNamespace(metadata=self.records.get)


def workflow() -> Workflow:
    record = SimpleNamespace(starttime=10.0, endtime=13.0, shellcmd="python")
    return Workflow(
        (
            Job("all", True, ()),
            Job("index", True, ("a",), ("logs/index/a.log",)),
            Job("index", True, ("b",), ("logs/index/b.log",)),
            Job("pairs", False, ("c",)),
        ),
        {"a": record},
    )


def test_records_of_earlier_runs_are_preferred_and_finished_jobs_are_counted() -> None:
    found = Forecast(**forecast_of(workflow().dag, workflow().persistence))
    guess = rough_seconds("index", None)
    assert found.own == {"logs/index/a.log": 3.0, "logs/index/b.log": guess}
    assert found.seconds == {"index": (3 + guess) / 2}
    assert found.there == {"pairs": 1}
    assert found.job("index", log="logs/index/a.log") == 3
    assert found.job("index", log="logs/index/z.log") == (3 + guess) / 2
    assert found.job("train", command=command(10)) == rough_seconds("train", command(10))


def test_the_forecast_is_sent_to_our_logger_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO", logger="snakemake.logging")
    announce(workflow())
    assert not caplog.records
    monkeypatch.setenv("HYBRIDBATCH_CONSOLE", "log")
    announce(workflow())
    (record,) = caplog.records
    assert record.hybridbatch_forecast["there"] == {"pairs": 1}
    broken: Any = SimpleNamespace(is_main_process=True, dag=None, persistence=None)
    announce(broken)  # another version of Snakemake: no forecast, and no error
    assert len(caplog.records) == 1
