"""A short check of the law: some edits, pairs of edits and stopped runs, against runs from nothing.

`python tests/law/run.py --singles --stops --pairs 60` tries many more.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from faults.project import SCOPES, run
from law import cases, edits, record, trial
from law.cases import Case, Step
from law.forks import Death, forks
from law.record import line
from law.trial import Finished, try_case
from tiny_project import artifacts

pytestmark = pytest.mark.slow
TITLE = '`title: "Another title"`'
# Edits after which too little once ran, and a removed result.
SINGLES = (
    ("memory", "a training language less"),
    ("memory", "`results/metrics/` removed"),
    ("sharded", "`encoding.shard_passages: 7`"),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    with forks() as server:
        yield Finished(tmp_path_factory.mktemp("references"), server)


@pytest.mark.parametrize("case", islice(cases.pairs(seed=1), 8), ids=str)
def test_a_pair_of_edits_ends_as_from_nothing(
    case: Case, finished: Finished, tmp_path: Path
) -> None:
    row = try_case(case, finished, tmp_path / "case")
    assert row["problems"] == [], line(row)


@pytest.mark.parametrize(("scope", "name"), SINGLES)
def test_an_edit_ends_as_from_nothing(
    scope: str, name: str, finished: Finished, tmp_path: Path
) -> None:
    row = try_case(Case("single", 0, scope, (Step((name,)),)), finished, tmp_path / "case")
    assert row["problems"] == [], line(row)


def test_an_edit_that_is_taken_back_ends_as_before(finished: Finished, tmp_path: Path) -> None:
    steps = (Step((TITLE,)), Step(()))
    row = try_case(Case("single", 0, "memory", steps), finished, tmp_path / "case")
    assert row["problems"] == [], line(row)


@pytest.mark.parametrize(
    ("death", "first", "second"),
    [
        (Death("before", "train"), "`training.steps: 16`", "pairs replaced"),
        (Death("after", "retrieve"), "`retrieval.top_k: 4`", "`bias.cutoff: 3`"),
    ],
    ids=str,
)
def test_a_kill_between_two_edits_ends_as_from_nothing(
    death: Death, first: str, second: str, finished: Finished, tmp_path: Path
) -> None:
    steps = (Step((first,), death, leave=True), Step((second,)))
    row = try_case(Case("between", 0, "memory", steps), finished, tmp_path / "case")
    assert row["hit"] == 1
    assert row["problems"] == [], line(row)


@pytest.mark.parametrize("stage", ["encode", "index", "search"])
def test_an_interrupted_job_behind_a_checkpoint_is_not_taken_for_its_earlier_self(
    stage: str, finished: Finished, tmp_path: Path
) -> None:
    # Snakemake knows the outputs of the killed job from an earlier run with the same config.
    steps = (Step(('`encoding.dtype: "float32"`',), Death("after", stage), leave=True), Step(()))
    row = try_case(Case("undo", 0, "sharded", steps), finished, tmp_path / "case")
    assert row["hit"] == 1
    assert row["problems"] == [], line(row)


def test_a_run_until_a_rule_is_done_and_goes_on(finished: Finished, tmp_path: Path) -> None:
    case = Case("stop", 0, "memory", (Step(("pairs replaced",), "pairs"),))
    row = try_case(case, finished, tmp_path / "case")
    assert row["problems"] == [], line(row)


def test_a_break_of_the_law_is_seen(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = dict(edits.EDITS["memory"])
    title = table[TITLE]
    table[title.name] = replace(title, expects=frozenset({"report", "train"}))
    monkeypatch.setattr(trial, "EDITS", {**edits.EDITS, "memory": table})
    false = dict.fromkeys(finished.digests("memory", (title.name,)), "0" * 64)
    monkeypatch.setattr(finished, "digests", lambda scope, names: false)
    row = try_case(Case("single", 0, "memory", (Step((title.name,)),)), finished, tmp_path / "case")
    assert row["problems"][0] == "planned too much: []; not planned: ['train']"
    assert row["problems"][1].startswith("other bytes: results/benchmarks/")


def test_forks_make_the_bytes_of_plain_commands(finished: Finished, tmp_path: Path) -> None:
    plain = finished.untouched("memory", (), tmp_path / "plain")
    metrics = "results/metrics/model.untrained/held-out/summary.parquet"
    assert run(plain, metrics).code == 0
    found = artifacts(plain)
    assert len(found) > 20
    assert found.items() <= artifacts(finished.project("memory")).items()


def test_the_table_has_every_kind_of_edit_in_both_scopes() -> None:
    for scope in SCOPES:
        kinds = {edit.kind for edit in edits.EDITS[scope].values()}
        assert kinds == {"config", "outside", "code", "touch", "remove"}
    drawn = list(islice(cases.pairs(seed=1), 60))
    assert len({case.steps[0].edits for case in drawn}) == 60
    assert drawn == list(islice(cases.pairs(seed=1), 60))


def test_the_tables_count_every_case() -> None:
    case = Case("stop", 0, "memory", (Step(("pairs replaced",), Death("after", "train")),))
    row = {"what": "stop", "scope": "memory", "hit": 1, "problems": [], "seconds": 3.0,
           "edits": [["pairs replaced"]]}  # fmt: skip
    assert str(case) == "memory: pairs replaced, killed after the first train"
    counts = record.tables([row, row | {"problems": ["broken"]}])
    assert "| memory | 2 | 2 | 1 | 6 |" in counts
