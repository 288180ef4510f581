"""The share of the time and the time left, worked out by hand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.console import lines
from hybridbatch.console.forecast import Forecast
from hybridbatch.console.tally import Tally


def begun(tally: Tally, number: int, rule: str, now: float, log: str = "") -> None:
    tally.begin(number, rule, {"run": str(number)}, log=log, command=None, now=now)


def made(**stats: int) -> Tally:
    """A training takes 100 s and an index 1 s."""
    tally = Tally(forecast=Forecast({"train": 100.0, "index": 1.0}))
    tally.plan(stats)
    return tally


def test_a_training_counts_as_a_hundred_indexes() -> None:
    tally = made(train=1, index=100, total=101)
    assert tally.seconds_left(0) == 200
    begun(tally, 1, "train", 0)
    assert tally.share(50) == pytest.approx(50 / 200)
    assert tally.seconds_left(50) == pytest.approx(150)
    tally.finish(1, 100)
    assert tally.share(100) == pytest.approx(100 / 200)


def test_a_run_with_shards_begins_with_what_is_known() -> None:
    tally = made(train=1, shards=1, total=2)
    assert lines.beginning(tally, 0) == "2 jobs and those of shards to run; more than 2 min"
    assert lines.beginning(made(train=1, total=1), 0) == "1 job to run; about 2 min"


def test_jobs_beside_each_other_halve_the_time_left() -> None:
    tally = made(train=4, total=4)
    begun(tally, 1, "train", 0)
    begun(tally, 2, "train", 0)
    assert tally.seconds_left(50) == pytest.approx((2 * 50 + 2 * 100) / 2)


def test_the_longest_job_is_waited_for_however_many_run() -> None:
    tally = made(train=1, index=9, total=10)
    for number in range(10):
        begun(tally, number, "index" if number else "train", 0)
    assert tally.seconds_left(0.5) == pytest.approx(99.5)


def test_jobs_of_this_run_correct_the_estimate() -> None:
    tally = made(train=3, total=3)
    begun(tally, 1, "train", 0)
    tally.finish(1, 50)
    assert tally.seconds_left(50) == pytest.approx(2 * 50)
    # Another rule is moved less: (50 + 20) s instead of (100 + 20) s, times 1 s.
    tally.plan({"train": 1, "index": 1, "total": 2})
    assert tally.seconds_left(50) == pytest.approx(70 / 120)


def test_the_log_of_a_training_says_what_is_left(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    line = "train: 10/50 steps (20 %), 0.50 steps/s, 80 s left, loss 0.1"
    log.write_text(f"2026-01-31 10:00:00,000 INFO {line}\n")
    tally = made(train=1, total=1)
    begun(tally, 1, "train", 0, str(log))
    tally.running[1].read(20)
    assert tally.running[1].log is not None and tally.running[1].log.amount == "10/50 steps (20 %)"
    assert tally.seconds_left(25) == pytest.approx(75)  # five seconds after it was read


def test_a_job_longer_than_expected_is_not_almost_done() -> None:
    tally = made(index=1, total=1)
    begun(tally, 1, "index", 0)
    assert tally.seconds_left(60) == pytest.approx(30)
    assert tally.share(60) == pytest.approx(2 / 3)


def test_a_failed_job_that_starts_again_is_counted_once() -> None:
    tally = made(train=1, total=1)
    begun(tally, 1, "train", 0)
    tally.fail(1, 10)
    assert tally.failed and not tally.waiting()
    begun(tally, 1, "train", 11)
    assert not tally.failed
    tally.finish(1, 111)
    assert tally.made() == {"train": 1} and tally.share(111) == 1


def test_a_job_that_was_not_seen_to_start_is_ignored() -> None:
    tally = made(train=1, total=1)
    assert tally.finish(7, 1) is None and tally.fail(7, 1) is None


@given(st.lists(st.tuples(st.sampled_from(["train", "index"]), st.floats(0.1, 500)), min_size=1))
def test_the_share_never_falls_and_is_whole_at_the_end(jobs: list[tuple[str, float]]) -> None:
    stats = {rule: sum(name == rule for name, _ in jobs) for rule in ("train", "index")}
    tally, now, shares = made(**stats, total=len(jobs)), 0.0, [0.0]
    for number, (rule, seconds) in enumerate(jobs):
        begun(tally, number, rule, now)
        shares.append(tally.share(now + seconds / 2))
        now += seconds
        tally.finish(number, now)
        shares.append(tally.share(now))
        assert tally.seconds_left(now) >= 0
    assert shares == sorted(shares) and shares[-1] == 1 and max(shares[:-1]) < 1
