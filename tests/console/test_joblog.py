"""The log of a job, read while it is written."""

import itertools
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hybridbatch.console.joblog import JobLog, Said

TIME = "2026-01-31 10:00:00,123"
TEXT = (
    f"{TIME} INFO tokenised 3 questions\n"
    f"{TIME} WARNING Größe: zu klein\n"
    f"{TIME} INFO encode: 1,024/13,014 texts (7 %), 250 texts/s, 1,048 s left\n"
    f"{TIME} ERROR error: an unexpected failure\n"
    "Traceback (most recent call last):\n"
    "KeyError: 3\n"
)
SAID = [
    Said("warning", "Größe: zu klein"),
    Said("error", "an unexpected failure\nTraceback (most recent call last):\nKeyError: 3"),
]


def test_warnings_errors_and_progress_are_found(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "a.log")
    assert log.read() == []  # it does not exist yet
    log.path.write_text(TEXT, encoding="utf-8")
    assert log.read(5.0, to_end=True) == SAID
    assert (log.amount, log.left, log.read_at) == ("1,024/13,014 texts (7 %)", 1048, 5.0)
    assert log.read(to_end=True) == []


def test_the_last_line_of_progress_has_nothing_left(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "a.log")
    log.path.write_text(f"{TIME} INFO train: 50/50 steps (100 %), 1.00 steps/s, 50.0 s\n")
    assert log.read() == [] and log.left is None


@settings(deadline=None)  # files on a busy disk are slow
@given(st.lists(st.integers(0, len(TEXT.encode())), max_size=6))
def test_it_does_not_matter_where_the_reading_pauses(
    tmp_path_factory: object, cuts: list[int]
) -> None:
    path = Path(tmp_path_factory.mktemp("log") / "a.log")  # type: ignore[attr-defined]
    log, content, said = JobLog(path), TEXT.encode(), []
    bounds = [0, *sorted(cuts), len(content)]
    for begin, end in itertools.pairwise(bounds):
        with path.open("ab") as file:
            file.write(content[begin:end])
        said += log.read()
    said += log.read(to_end=True)
    assert said == SAID


def test_a_second_attempt_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "a.log")
    log.path.write_text(f"{TIME} WARNING the first attempt said much\n")
    assert [each.text for each in log.read(to_end=True)] == ["the first attempt said much"]
    log.path.write_text(f"{TIME} WARNING second\n")
    assert [each.text for each in log.read(to_end=True)] == ["second"]
