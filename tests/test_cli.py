"""The command line: one line for bad input, timings for good runs, threads from the options."""

import json
from argparse import ArgumentParser, Namespace
from importlib import import_module
from pathlib import Path

import pytest

from hybridbatch.cli import STAGES, _record_of_report, main
from hybridbatch.common.measure import measured
from hybridbatch.common.progress import Progress
from hybridbatch.common.tables import read_table
from hybridbatch.common.threads import export_threads, processors
from hybridbatch.planning.config import check_config, load_config
from hybridbatch.planning.plan import Plan
from hybridbatch.schemas import every as schemas


def test_every_stage_shows_its_help() -> None:
    for stage in STAGES:
        with pytest.raises(SystemExit) as caught:
            main([stage, "--help"])
        assert caught.value.code == 0


def test_bad_options_are_one_line(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code = main(["metrics", "--options", '{"thread": 2}', "--benchmark", "b", "--rankings", "r",
                 "--output", str(tmp_path / "m")])  # fmt: skip
    assert code == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "unknown key thread; the keys are" in lines[0]


WITH_OPTIONS = [
    name for name, entry in STAGES.items() if hasattr(import_module(entry.module), "Options")
]
HOSTILE = ["{", "null", "[]", "[" * 100_000, '{"a": ' * 100_000, "9" * 5_000, '{"a": 1}',
           '{"kind": []}', '{"sampling": {}}', '{"config": 1}', '{"threads": -1}',
           f'{{"threads": 1{"0" * 400}}}', f'{{"margin": 1{"0" * 400}}}']  # fmt: skip


@pytest.mark.parametrize("stage", WITH_OPTIONS)
def test_no_options_end_in_a_trace(stage: str, capfd: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    import_module(STAGES[stage].module).add_arguments(parser)
    words = []
    for action in parser._actions:
        if action.option_strings and action.required:
            words += [action.option_strings[-1], "/nowhere/x"]
        elif not action.option_strings and action.nargs not in ("?", "*"):
            words.append("/nowhere/x")
    for text in HOSTILE:
        assert main([stage, "--options", text, *words]) == 2, text[:20]
        (line,) = capfd.readouterr().err.strip().splitlines()
        assert "error: " in line and len(line) < 1_000


@pytest.mark.parametrize(("console", "printed"), [("", 1), ("errors", 1), ("log", 0)])
def test_the_console_can_be_left_to_the_workflow(
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    console: str,
    printed: int,
) -> None:
    monkeypatch.setenv("HYBRIDBATCH_CONSOLE", console)
    log = tmp_path / "bias.log"
    code = main(["bias", "--benchmark", "b", "--rankings", "r", "--output", str(tmp_path / "o"),
                 "--log", str(log)])  # fmt: skip
    assert code == 2
    assert log.read_text().count("ERROR error: ") == 1
    assert capfd.readouterr().err.count("error: ") == printed


@pytest.mark.parametrize(
    ("stage", "hint"),
    [("trian", "; did you mean `train`?"), ("zzz", "; the stages are download, benchmarks")],
)
def test_an_unknown_stage_is_one_line(
    capfd: pytest.CaptureFixture[str], stage: str, hint: str
) -> None:
    assert main([stage, "--options", "{}"]) == 2
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert line.startswith(f"hybridbatch: error: unknown stage `{stage}`{hint}")


def test_a_report_of_a_wrong_configuration_names_its_line(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    text = "recipe: a\ntrain_languages: [ja, en]\n"
    text += "sources: [{name: cldr}]\nbenchmarks: [{name: cldr}]\n"
    path.write_text(f"{text}recipe: b\n")
    assert main(["report", "--from", str(tmp_path), "--config", str(path)]) == 2
    repeated, unknown, _ = capfd.readouterr().err.strip().splitlines()
    assert "mine.yaml:5: the key `recipe` appears twice" in repeated
    assert "mine.yaml:2: train_languages[0]: no training source has 'ja'" in unknown


def test_the_report_is_rebuilt_from_a_configuration_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr("hybridbatch.reporting.report.run", seen.append)
    monkeypatch.setattr("hybridbatch.cli._record_of_report", lambda args: None)
    root = Path(__file__).parent.parent
    monkeypatch.chdir(root)
    assert main(["report", "--from", str(tmp_path)]) == 0
    default = json.loads(seen[0].options)
    assert (default["recipe"], seen[0].output) == ("cldr", None)
    chosen = root / "config" / "xquad_cpu.yaml"
    assert main(["report", "--from", str(tmp_path), "--config", str(chosen)]) == 0
    assert seen[1].options == Plan(load_config(chosen)).report_options()
    assert main(["report", "--from", str(tmp_path), "--options", "{}"]) == 0
    assert seen[2].options == "{}"


def test_the_record_of_the_report_is_of_its_options_title_included(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    monkeypatch.setattr(
        "hybridbatch.planning.findings.checked_report_record",
        lambda config, results: seen.append(config),
    )
    plan = Plan(load_config(Path(__file__).parent.parent / "config" / "config.yaml"))
    _record_of_report(Namespace(options=plan.report_options(), results=Path("results")))
    assert Plan(check_config(seen[0])).report_options() == plan.report_options()


def test_a_report_without_its_configuration_is_one_line(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = tmp_path / "none.yaml"
    assert main(["report", "--from", str(tmp_path), "--config", str(missing)]) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert f"{missing}: cannot be read" in lines[0]


def test_timing_is_written_on_success_only(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pytest.raises(RuntimeError), measured("train", job="a", threads=2, path=path):
        raise RuntimeError
    assert not path.exists()
    with measured("train", job="a", threads=2, path=path):
        sum(range(100_000))
    row = read_table(path, schemas.TIMINGS).to_pylist()[0]
    assert (row["stage"], row["job"], row["threads"]) == ("train", "a", 2)
    assert row["wall_seconds"] > 0
    assert row["peak_memory_mb"] > 10


def test_threads_come_from_the_options_not_from_the_scheduler() -> None:
    environment = {"OMP_NUM_THREADS": "1"}
    assert export_threads(3, environment) == 3
    assert environment["OMP_NUM_THREADS"] == environment["POLARS_MAX_THREADS"] == "3"
    assert export_threads(None, environment) == processors()


def test_progress_says_how_far_how_fast_and_how_long(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 1.0, 10.0, 20.0])
    progress = Progress("encode", 2000, "texts", interval=5.0, clock=lambda: next(times))
    with caplog.at_level("INFO"):
        progress.update(100)
        progress.update(1000, "note")
        progress.update(2000)
    assert caplog.messages == [
        "encode: 1,000/2,000 texts (50 %), 100 texts/s, 10 s left, note",
        "encode: 2,000/2,000 texts (100 %), 100 texts/s, 20.0 s",
    ]


def test_progress_after_a_resume_counts_what_is_done_now(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 10.0, 100.0])
    progress = Progress("train", 1000, "steps", begun=900, clock=lambda: next(times))
    with caplog.at_level("INFO"):
        progress.update(910)
        progress.update(1000)
    assert caplog.messages == [
        "train: 910/1,000 steps (91 %), 1.00 steps/s, 90 s left",
        "train: 1,000/1,000 steps (100 %), 1.00 steps/s, 100.0 s",
    ]
