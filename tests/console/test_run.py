"""What is shown of real runs of Snakemake: whole, failed, stopped, planned, and very large."""

import re
from pathlib import Path
from typing import Any

import pytest

from hybridbatch.console.run import Wanted
from recorded_events import Shown, events, replayed

ERROR = "pairs.parquet: damaged: not a whole Parquet file"
FORECAST = {"seconds": {"train": 40.0}, "own": {}, "there": {"download": 2}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The events name logs and results of the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_log(path: str, *lines: str) -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"2026-01-31 10:00:00,123 {line}\n" for line in lines))


def test_a_file_gets_a_line_when_a_job_starts_and_one_when_it_ends(folder: Path) -> None:
    (folder / "results").mkdir()
    (folder / "results" / "report.html").touch()
    shown = replayed("whole", forecast=FORECAST).text
    assert shown[0].startswith("20 jobs to run, 2 already there; about ")
    assert len([line for line in shown if line.startswith("start  ")]) == 20
    done = [line for line in shown if line.startswith("done   ")]
    assert len(done) == 20
    assert re.fullmatch(
        r"done   train model\.tiny\.hybrid\.s1: 35 s; \d+ % of the time, .+ left, 7 of 20 jobs",
        done[6],
    )
    assert done[-1] == "done   report: 8 s; 20 of 20 jobs"
    assert shown[-6:] == [
        "finished in 1 min 48 s",
        "made: 20 jobs (pairs, benchmarks, overlap, model, encode 2, index 2, train,",
        "  retrieve 2, publish, bias 2, metrics 2, projection, statistics, examples,",
        "  report)",
        "already there: 2 jobs (download 2)",
        "report: results/report.html",
    ]
    assert len(shown) == 1 + 20 + 20 + 6  # and nothing else


def test_the_share_of_the_time_only_grows_and_ends_near_the_truth() -> None:
    shown = replayed("whole").text
    shares = [int(n) for line in shown for n in re.findall(r"; (\d+) % of the time", line)]
    assert shares == sorted(shares)
    ends = {event["job_id"]: event["at"] for event in events("whole") if "job_id" in event}
    # Half of the jobs were done after 76 of 108 seconds: counting jobs would say 50 %.
    assert 60 <= shares[9] <= 85 and 70 < sorted(ends.values())[9] < 86


@pytest.mark.parametrize("columns", [80, 40])
def test_a_terminal_shows_the_running_jobs_and_one_line_for_all(columns: int) -> None:
    output = replayed("whole", output=Shown(live=True, columns=columns))
    assert not [line for line in output.text if line.startswith(("start", "done"))]
    assert {len(lines) for lines in output.drawn} == {0, 2, 3}  # at most two jobs, and the total
    assert all(len(line) < columns for lines in output.drawn for line in lines)
    two = next(lines for lines in output.drawn if len(lines) == 3 and "train" in lines[1])
    assert re.fullmatch(r"encode model\.untrained/held-out  \d:\d\d", two[0])
    jobs = r"\[#*\.+\] \d+ % of the time, .+ left, 4/20 jobs"
    assert re.fullmatch(jobs if columns == 80 else r".*\d+ %, .+ left, 4/20 jobs", two[2])


def test_progress_in_the_log_of_a_job_is_on_its_line(folder: Path) -> None:
    progress = "INFO train: 23/50 steps (46 %), 1.25 steps/s, 22 s left, loss 0.1"
    write_log("logs/train/model.tiny.hybrid.s1.log", progress)
    output = replayed("whole", output=Shown(live=True))
    lines = {line for lines in output.drawn for line in lines if line.startswith("train ")}
    assert "train model.tiny.hybrid.s1  0:27  23/50 steps (46 %)" in lines


def test_a_warning_is_shown_in_full_and_once(folder: Path) -> None:
    long = "8 vectors are too few to train IVF4,Flat: Flat instead, " + "and so on " * 30
    write_log("logs/index/model.untrained/held-out.log", "INFO all well", f"WARNING {long}")
    shown = replayed("whole").text
    assert [line for line in shown if "vectors" in line] == [
        f"warning: index model.untrained/held-out: {long}"
    ]


def test_a_failed_job_is_its_own_error_with_its_log_once(folder: Path) -> None:
    write_log("logs/train/model.tiny.hybrid.s1.log", f"ERROR error: {ERROR}")
    write_log("logs/train/model.tiny.hybrid.s2.log", "INFO nothing to say")
    shown = replayed("failed").text
    assert shown[2:6] == [
        f"error: train model.tiny.hybrid.s1: {ERROR}",
        "  log: logs/train/model.tiny.hybrid.s1.log",
        "error: train model.tiny.hybrid.s2: failed; its log has no error (exit status 2)",
        "  log: logs/train/model.tiny.hybrid.s2.log",
    ]
    assert shown[6] == "failed after 45 s: 2 jobs: train model.tiny.hybrid.s1, train"
    assert "python -m hybridbatch" not in "\n".join(shown)
    assert "RuleException" not in "\n".join(shown)
    assert shown[-1].startswith("log of Snakemake: ")


def test_with_keep_going_the_others_run_and_the_same_error_is_not_repeated(folder: Path) -> None:
    for seed in (1, 2):
        write_log(f"logs/train/model.tiny.hybrid.s{seed}.log", f"ERROR error: {ERROR}")
    shown = replayed("keep_going").text
    assert "\n".join(shown).count(ERROR) == 1
    assert "error: train model.tiny.hybrid.s1: the same as train model.tiny.hybrid.s2" in shown
    assert "made: 3 jobs (retrieve, bias, metrics)" in shown
    assert any(line.startswith("left to do: 18 jobs (retrieve 2, bias 2, ") for line in shown)


def test_a_trace_is_shown_whole(folder: Path) -> None:
    trace = ["ERROR error: an unexpected failure; please report it with this trace"]
    write_log("logs/train/model.tiny.hybrid.s1.log", *trace)
    with Path("logs/train/model.tiny.hybrid.s1.log").open("a") as file:
        file.write('Traceback (most recent call last):\n  File "a.py", line 1\nKeyError: 3\n')
    shown = replayed("failed").text
    begin = shown.index("Traceback (most recent call last):")
    assert shown[begin : begin + 4] == [
        "Traceback (most recent call last):",
        '  File "a.py", line 1',
        "KeyError: 3",
        "  log: logs/train/model.tiny.hybrid.s1.log",
    ]


def test_a_stopped_run_says_how_to_go_on_and_blames_no_job(folder: Path) -> None:
    said = "ERROR stopped by SIGINT; run the same command again to resume"
    write_log("logs/train/model.tiny.hybrid.s1.log", said)
    shown = replayed("stopped").text
    assert not [line for line in shown if line.startswith("error")]
    assert "stopped after 1 s; run the same command again to resume" in shown
    assert any(line.startswith("left to do: 18 jobs (") for line in shown)


def test_a_dry_run_is_a_table_of_rules_and_reasons() -> None:
    shown = replayed("dry_run", wanted=Wanted(dryrun=True)).text
    assert shown[:3] == [
        "rule        jobs  why",
        "benchmarks     1  missing output files",
        "model          1  missing output files",
    ]
    assert re.fullmatch(r"total +20  about \d+ min at a guess", shown[16])
    assert shown[17].startswith("Nothing was run, because of the option -n.")
    narrow = replayed("dry_run", wanted=Wanted(dryrun=True), output=Shown(columns=40)).text
    assert max(map(len, narrow)) <= 40


def test_quiet_leaves_out_what_snakemake_says_it_does(folder: Path) -> None:
    write_log("logs/train/model.tiny.hybrid.s1.log", f"ERROR error: {ERROR}")
    quiet = Wanted(jobs=False, shares=False)
    assert replayed("whole", wanted=quiet, forecast=FORECAST).text == [
        f"error: train model.tiny.hybrid.s1: {ERROR}"  # it is in the log, and not left out
    ]
    rules = replayed("whole", wanted=Wanted(jobs=False)).text
    assert rules[1] == "finished in 1 min 48 s"
    failed = replayed("failed", wanted=quiet).text
    assert failed[:2] == [
        f"error: train model.tiny.hybrid.s1: {ERROR}",
        "  log: logs/train/model.tiny.hybrid.s1.log",
    ]
    assert failed[4].startswith("failed after 45 s: 2 jobs")


def test_nothing_to_do_names_the_report(folder: Path) -> None:
    said: list[dict[str, Any]] = [
        {"at": 0, "event": "workflow_started", "cmd": "snakemake results/report.html"},
        {"at": 1, "msg": "Nothing to be done (all requested files are present)."},
    ]
    assert replayed(said).text == [said[1]["msg"]]  # it was asked for, but it is not there
    (folder / "results").mkdir()
    (folder / "results" / "report.html").touch()
    assert replayed(said).text == [said[1]["msg"], "report: results/report.html"]


def shard(number: int, at: float) -> list[dict[str, Any]]:
    """A shard is encoded in 2 s."""
    job = {"jobid": number, "rule_name": "encode_shard", "wildcards": {"number": str(number)},
           "output": [f"{number}.parquet"], "log": []}  # fmt: skip
    return [
        {"at": at, "event": "job_info", **job},
        {"at": at + 2, "event": "job_finished", "job_id": number},
    ]


def test_thousands_of_jobs_are_a_line_for_each_tenth() -> None:
    stats = {"encode_shard": 2000, "total": 2000}
    said = [{"at": 0, "event": "workflow_started"}, {"at": 0, "event": "run_info", "stats": stats}]
    for number in range(2000):
        said += shard(number, 2.0 * number)
    shown = replayed(said).text
    assert len(shown) == 10 + 2
    assert shown[4] == (
        "done   encode_shard: 1,000 of 2,000 jobs; 50 % of the time, 35 min left, "
        "1,000 of 2,000 jobs"
    )
    assert shown[-1] == "made: 2,000 jobs (encode_shard 2,000)"


def test_many_running_jobs_are_summarised_on_a_terminal() -> None:
    stats = {"encode_shard": 100, "total": 100}
    said = [{"at": 0, "event": "workflow_started"}, {"at": 0, "event": "run_info", "stats": stats}]
    said += [shard(number, 1.0)[0] for number in range(50)]
    drawn = replayed(said, output=Shown(live=True)).drawn
    assert drawn[-2][0] == "encode_shard: 50 running, 0 of 100 done"
    assert len(drawn[-2]) == 2


def test_before_the_shards_are_counted_no_share_is_shown() -> None:
    stats = {"shards": 1, "metrics_cut": 1, "total": 2}
    listing = {"rule_name": "shards", "wildcards": {}, "output": ["x"], "log": [], "jobid": 0}
    said: list[dict[str, Any]] = [
        {"at": 0, "event": "workflow_started"},
        {"at": 0, "event": "run_info", "stats": stats},
        {"at": 0, "event": "job_info", **listing},
        {"at": 1, "event": "job_finished", "job_id": 0},
        {"at": 1, "event": "progress", "done": 1, "total": 4},
        *shard(1, 2.0),
    ]
    plain = replayed(said).text
    assert "done   shards: 1 s; more than 5 s left, 1 of 2 jobs and those of shards" in plain
    assert any(re.search(r"2 s; \d+ % of the time, .* 2 of 4 jobs$", line) for line in plain)
    (drawn, *_) = replayed(said[:3], output=Shown(live=True)).drawn
    assert drawn[-1] == "more than 15 s left, 0/2 jobs and those of shards"


def test_a_checkpoint_makes_the_whole_larger() -> None:
    said: list[dict[str, Any]] = [
        {"at": 0, "event": "workflow_started"},
        {"at": 0, "event": "run_info", "stats": {"encode_shard": 1, "total": 1}},
        *shard(0, 0.0),
        {"at": 2, "event": "progress", "done": 1, "total": 4},
        *shard(1, 2.0),
    ]
    shown = replayed(said).text
    assert "now 4 jobs to run" in shown
    assert "done   encode_shard 1: 2 s; 50 % of the time, 5 s left, 2 of 4 jobs" in shown


def test_what_snakemake_says_and_nobody_expected_is_shown() -> None:
    said = [
        {"at": 0, "levelno": 20, "msg": "Building DAG of jobs..."},
        {"at": 0, "levelno": 20, "msg": "Creating conda environment envs/hybridbatch.yaml..."},
        {"at": 0, "levelno": 30, "msg": "a warning"},
        {"at": 0, "levelno": 40, "msg": "LockException:\nError: Directory cannot be locked.",
         "event": "error"},
    ]  # fmt: skip
    assert replayed(said).text == [
        "Creating conda environment envs/hybridbatch.yaml...",
        "warning: a warning",
        "error: LockException:",
        "Error: Directory cannot be locked.",
    ]
