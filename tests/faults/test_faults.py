"""A short bench of faults: some seeded kills, and each other fault once, where it is cheap.

`python tests/faults/run.py --kills 200` tries many more.
"""

import json
import signal
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from faults import damage, kills, project, record, surroundings
from faults.project import References
from faults.record import line, of_verdict

LAST = len(project.STAGES["memory"]) - 1


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> References:
    found = References(tmp_path_factory.mktemp("references"))
    found.project("memory")
    return found


def kill(target: str, number: signal.Signals, *, after: int = 1, delay: float = 0.2) -> kills.Kill:
    return kills.Kill(target, number, "job", after, delay, patient=False)


def test_a_chain_of_kills_ends_with_the_same_bytes(references: References, tmp_path: Path) -> None:
    # It starts after the metrics: earlier stages take longer, and test_resume kills training.
    case = kills.Case(
        number=1,
        scope="memory",
        start="boundary",
        stage=9,
        edits=(),
        kills=(
            # The jobs of this one still run when the same command starts again.
            kill("snakemake", signal.SIGKILL),
            kill("job", signal.SIGTERM),
            kill("group", signal.SIGKILL, delay=0.5),
            kill("snakemake", signal.SIGINT),
            kill("group", signal.SIGTERM),
        ),
    )
    verdict = kills.try_case(case, references, tmp_path / "case", limit=300)
    assert verdict.problems == [], line(of_verdict(verdict, seed=1))
    first = verdict.strikes[0]
    assert first.hit and first.left and first.unlocked


@pytest.fixture(scope="module")
def damageable(
    references: References, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, list[damage.Job]]]:
    copied = project.copy(references.project("memory"), tmp_path_factory.mktemp("d") / "project")
    yield copied, damage.recorded_jobs(copied)
    # Every case restores what it damaged.
    assert project.differences(copied, references.digests("memory")) == []


def test_damaged_inputs_end_in_a_line_or_in_the_same_bytes(
    references: References, damageable: tuple[Path, list[damage.Job]]
) -> None:
    folder, _ = damageable
    tried = [
        damage.try_damage(each, folder, references.digests("memory"))
        for each in islice(damage.draw(folder, seed=1), 8)
    ]
    assert [f"{each.damage}: {each.kind}: {each.text}" for each in tried if each.broken] == []
    assert sum(each.kind == "line" for each in tried) >= 3


def test_harm_that_nobody_noticed_would_be_seen(
    references: References, damageable: tuple[Path, list[damage.Job]]
) -> None:
    folder, jobs = damageable
    metrics = next(job for job in jobs if job.rule == "metrics")
    other = damage.Damage(metrics, "results/benchmarks/held-out/qrels.parquet", "none", 0.0)
    false = dict.fromkeys(references.digests("memory"), "0" * 64)
    assert damage.try_damage(other, folder, references.digests("memory")).kind == "same bytes"
    assert damage.try_damage(other, folder, false).broken


def test_a_full_disk_is_a_line_and_then_the_same_bytes(
    references: References, tmp_path: Path
) -> None:
    if reason := surroundings.why_no_mounts():
        pytest.skip(f"no small disk: {reason}")
    trial = surroundings.full_disk(references, tmp_path / "full", "memory", stage=LAST, room=30_000)
    assert trial.problems == ()
    assert trial.lines == (
        "results/report.html: the disk is full; free some space and run the same command again",
    )


def test_read_only_results_are_a_line_and_then_the_same_bytes(
    references: References, tmp_path: Path
) -> None:
    if surroundings.is_root() and (reason := surroundings.why_no_mounts()):
        pytest.skip(f"root may write everywhere, and no read-only mount: {reason}")
    trial = surroundings.read_only(references, tmp_path / "ro", "memory", stage=LAST)
    assert trial.problems == ()
    assert trial.lines[0].startswith("results: ")


def test_a_second_run_in_the_same_folder_is_refused(references: References, tmp_path: Path) -> None:
    trial = surroundings.two_at_once(references, tmp_path / "two", "memory", stage=LAST)
    assert trial.problems == ()


def test_a_loss_of_nan_is_a_line_with_the_setting(references: References, tmp_path: Path) -> None:
    folder = project.copy(references.project("memory"), tmp_path / "nan")
    train = next(job for job in damage.recorded_jobs(folder) if job.rule == "train")
    words = list(train.command)
    at = words.index("--options") + 1
    words[at] = json.dumps(json.loads(words[at]) | {"learning_rate": 1e30})
    done = damage.run_job(folder, words)
    assert done.code == 2
    assert done.errors == [
        "step 2: the loss is nan; lower learning_rate, set max_grad_norm, or set precision to fp32"
    ]


def test_the_tables_count_every_case() -> None:
    tried = kill("job", signal.SIGTERM)
    case = kills.Case(3, "memory", "nothing", 0, (), (tried, tried))
    strikes = [
        kills.Strike(tried, ("train",), hit=True, resumed=True),
        kills.Strike(tried, (), hit=False),
    ]
    row = of_verdict(kills.Verdict(case, strikes, [], 12.0), seed=1)
    assert record.hits(row) == 1
    assert "| job | SIGTERM | 1 | 1 | 0 | 0 | 1 | 0 |" in record.tables([row])
    assert "| memory | nothing | 1 | 1 | 1 |" in record.tables([row])
