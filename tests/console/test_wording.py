"""Durations, names and tables as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.console.wording import (
    clock,
    duration,
    job_name,
    of_rules,
    percent,
    roughly,
    shortened,
    table,
)


@pytest.mark.parametrize(
    ("seconds", "counted", "words", "rough"),
    [
        (0.4, "0:00", "0 s", "5 s"),
        (42, "0:42", "42 s", "40 s"),
        (60, "1:00", "1 min", "1 min"),
        (200, "3:20", "3 min 20 s", "3 min"),
        (3599.6, "59:59", "1 h", "1 h"),
        (3725, "1:02:05", "1 h 2 min", "1 h"),
        (5400, "1:30:00", "1 h 30 min", "1 h 30 min"),
        (90000, "25:00:00", "1 d 1 h", "1 d 1 h"),
    ],
)
def test_durations(seconds: float, counted: str, words: str, rough: str) -> None:
    assert (clock(seconds), duration(seconds), roughly(seconds)) == (counted, words, rough)


def test_a_share_is_a_hundred_percent_only_when_all_is_done() -> None:
    assert [percent(share) for share in (0, 0.464, 0.999, 1)] == ["0 %", "46 %", "99 %", "100 %"]


def test_names_of_jobs_and_of_rules() -> None:
    assert job_name("encode", {"run": "m.untrained", "benchmark": "b"}) == "encode m.untrained/b"
    assert job_name("report", {}) == "report"
    assert of_rules({"train": 3, "report": 1, "encode_shard": 4000}) == (
        "train 3, report, encode_shard 4,000"
    )


def test_a_short_name_keeps_the_end_that_tells_runs_apart() -> None:
    assert shortened("train embedded.cldr.hybrid.s1", 20) == "train …ldr.hybrid.s1"


@given(st.text(alphabet="ab.", max_size=90), st.integers(1, 60))
def test_a_short_name_fits(text: str, columns: int) -> None:
    assert len(shortened(text, columns)) == min(len(text), columns)


def test_a_table_continues_words_below_themselves() -> None:
    rows = [("rule", "jobs", "why"), ("train", "3", "code has changed since the last time")]
    assert table(rows, 32) == [
        "rule   jobs  why",
        "train     3  code has changed",
        "             since the last time",
    ]
