"""The law in brief: some edits, pairs of edits and stopped runs, each against one from nothing.

`python tests/law/run.py --singles --stops --pairs 60` tries many more.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from faults.project import REPORT, SCOPES, differences, run
from law import cases, edits, record
from law.cases import Case, Finished, Step, try_case
from law.forks import Death, forks
from law.record import line
from tiny_project import artifacts

pytestmark = pytest.mark.slow
# What once ran by halves, or not at all.
SINGLES = (
    ("memory", "a training language less"),
    ("memory", "pairs replaced, old time"),
    ("memory", "benchmark added"),
    ("sharded", "encoding.shard_passages"),
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
def test_an_edit_ends_as_from_nothing_and_back(
    scope: str, name: str, finished: Finished, tmp_path: Path
) -> None:
    case = next(case for case in cases.singles([scope]) if name in str(case))
    row = try_case(case, finished, tmp_path / "case")
    assert row["problems"] == [], line(row)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_after_an_edit_ends_as_from_nothing(
    moment: str, finished: Finished, tmp_path: Path
) -> None:
    steps = (Step(("training.steps: 16",), Death(moment, "train"), leave=True),
             Step(("pairs replaced",)))  # fmt: skip
    row = try_case(Case("between", 0, "memory", steps), finished, tmp_path / "case")
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
    title = table['title: "Another title"']
    table[title.name] = replace(title, expects=frozenset({"report", "train"}))
    monkeypatch.setitem(dict(edits.EDITS), "memory", table)
    monkeypatch.setattr(cases, "EDITS", {**edits.EDITS, "memory": table})
    false = dict.fromkeys(finished.digests("memory", (title.name,)), "0" * 64)
    monkeypatch.setattr(finished, "digests", lambda scope, names: false)
    row = try_case(Case("single", 0, "memory", (Step((title.name,)),)), finished, tmp_path / "case")
    assert row["problems"][0] == "planned besides: []; not planned: ['train']"
    assert row["problems"][1].startswith("other bytes: results/benchmarks/")


def test_forks_make_the_bytes_of_plain_commands(finished: Finished, tmp_path: Path) -> None:
    plain = finished.untouched("memory", (), tmp_path / "plain")
    assert run(plain).code == 0
    assert set(differences(plain, artifacts(finished.project("memory")))) == {REPORT}


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
