"""The workflow as a user runs it, on a tiny model and data: every stage, and what runs again."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hybridbatch.common.tables import read_table
from hybridbatch.schemas import every as schemas
from tiny import write_benchmark, write_config
from tiny_project import TRAINED, UNTRAINED, artifacts, make_project, planned, snakemake


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = make_project(tmp_path_factory.mktemp("project"))
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def edited(finished: Path) -> Iterator[Path]:
    """The finished project, whose edits are taken back after the test."""
    package = finished / "workflow" / "hybridbatch"
    files = [*package.rglob("*.py"), finished / "config" / "config.yaml"]
    before = {path: path.read_text(encoding="utf-8") for path in files}
    yield finished
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


def append(project: Path, module: str, line: str) -> None:
    path = project / "workflow" / "hybridbatch" / module
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")


def test_every_artifact_lies_where_the_contract_says(finished: Path) -> None:
    results = finished / "results"
    for run in (TRAINED, UNTRAINED):
        base = f"{run}/held-out"
        read_table(results / "runs" / f"{run}.parquet", schemas.RUNS)
        read_table(results / "embeddings" / base / "queries.parquet", schemas.QUERY_EMBEDDINGS)
        read_table(results / "embeddings" / base / "passages.parquet", schemas.PASSAGE_EMBEDDINGS)
        read_table(results / "rankings" / base, schemas.RANKINGS)
        read_table(results / "metrics" / base / "per_query.parquet", schemas.PER_QUERY)
        read_table(results / "metrics" / base / "summary.parquet", schemas.SUMMARY)
    read_table(results / "training" / TRAINED / "train_log.parquet", schemas.TRAIN_LOG)
    read_table(results / "overlap" / "tiny" / "held-out.parquet", schemas.OVERLAP)
    for path in (results / "timings").rglob("*.parquet"):
        read_table(path, schemas.TIMINGS)
    assert "<html" in (results / "report.html").read_text(encoding="utf-8")


def test_summary_covers_every_setting(finished: Path) -> None:
    path = finished / "results" / "metrics" / TRAINED / "held-out" / "summary.parquet"
    rows = read_table(path, schemas.SUMMARY).to_pylist()
    settings = [
        (row["setting"], row["query_language"], row["passage_language"])
        for row in rows
        if row["metric"] == "mAP"
    ]
    by_setting = [sum(s == setting for s, _, _ in settings) for setting in
                  ("monolingual", "cross-lingual", "multilingual")]  # fmt: skip
    assert by_setting == [3 + 1, 6 + 1, 3 + 1]  # each with its macro row


def test_run_record_tells_which_languages_are_unseen(finished: Path) -> None:
    path = finished / "results" / "runs" / f"{TRAINED}.parquet"
    row = read_table(path, schemas.RUNS).to_pylist()[0]
    assert (row["model"], row["recipe"], row["sampling"]) == ("model", "tiny", "hybrid")
    assert (row["alpha"], row["seed"], row["training_languages"]) == (0.5, 1, ["de", "en"])


def test_checkpoint_loads_with_automodel(finished: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    folder = finished / "results" / "checkpoints" / TRAINED
    assert AutoModel.from_pretrained(folder).config.hidden_size == 32
    assert AutoTokenizer.from_pretrained(folder)("a")["input_ids"]
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "| training data | tiny | not stated; set `license:` |" in card
    trained = finished / "results" / "training" / TRAINED / "model" / "model.safetensors"
    assert trained.samefile(folder / "model.safetensors")


def test_a_finished_run_has_nothing_to_do(finished: Path) -> None:
    done = snakemake(finished, "--dry-run")
    assert "Nothing to be done" in done.stdout + done.stderr


def test_comments_and_fresh_timestamps_run_nothing_again(edited: Path) -> None:
    append(edited, "training/train.py", "# a remark")
    for path in (edited / "workflow").rglob("*"):
        path.touch()
    assert planned(edited) == set()


def test_an_edit_of_the_report_runs_the_report_alone(edited: Path) -> None:
    append(edited, "reporting/render.py", "EDITED = 1")
    assert planned(edited) == {"report"}


def test_an_edit_of_the_sampler_runs_training_and_what_follows(edited: Path) -> None:
    append(edited, "training/sampling.py", "EDITED = 1")
    done = snakemake(edited, "--dry-run")
    text = done.stdout + done.stderr
    later = {"encode", "index", "retrieve", "metrics", "report"}
    over_runs = {"bias", "statistics", "examples", "projection"}
    assert planned(edited) == {"train", "publish"} | later | over_runs
    assert f"output: results/embeddings/{TRAINED}" in text
    assert f"output: results/embeddings/{UNTRAINED}" not in text


def test_a_setting_runs_its_own_stage_and_what_follows(edited: Path) -> None:
    write_config(edited / "config" / "config.yaml", retrieval={"top_k": 4})
    later = {"metrics", "bias", "statistics", "examples", "report"}
    assert planned(edited) == {"retrieve"} | later


def test_a_word_on_the_card_or_a_licence_trains_nothing(edited: Path) -> None:
    append(edited, "publication/card.py", "EDITED = 1")
    assert planned(edited) == {"publish", "report"}
    source = {"name": "tiny", "path": "pairs.parquet", "license": "CC0-1.0"}
    write_config(edited / "config" / "config.yaml", sources=[source])
    assert "train" not in planned(edited)


def test_cores_threads_and_mirror_run_nothing_again(edited: Path) -> None:
    write_config(edited / "config" / "config.yaml", mirror="elsewhere")
    done = snakemake(edited, "--dry-run", cores=8)
    assert "Nothing to be done" in done.stdout + done.stderr


def test_a_question_is_answered_by_what_the_workflow_made(finished: Path) -> None:
    def query(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hybridbatch", "query", "--json", *words]
        environment = os.environ | {"PYTHONPATH": "workflow"}
        return subprocess.run(
            command, cwd=finished, env=environment, capture_output=True, text=True, timeout=120
        )

    config = ("--config", "config/config.yaml")
    done = query(*config, "--run", TRAINED, "--run", UNTRAINED, "x781?")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["query_ids"] == []
    for found in answer["runs"]:
        assert [passage["rank"] for passage in found["passages"]] == list(range(1, 11))
    other = finished / "config" / "other.yaml"
    write_config(other, encoding={"max_tokens": 16, "precision": "fp32"})
    done = query("--config", "config/other.yaml", "--run", TRAINED, "x781?")
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 2 and "made with other options (max_tokens 32, now 16)" in line
    write_config(other, recipe="another")
    done = query("--config", "config/other.yaml", "--run", TRAINED, "x781?")
    (line,) = done.stderr.strip().splitlines()
    assert line.endswith("not of config/other.yaml; name the config that it is of")


def test_the_same_run_elsewhere_gives_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path / "elsewhere")
    done = snakemake(project, cores=1)
    assert done.returncode == 0, done.stdout + done.stderr
    assert artifacts(project) == artifacts(finished)


def test_two_configs_share_the_results(finished: Path) -> None:
    second = write_config(
        finished / "config" / "second.yaml", recipe="second", samplings=["x-x-mono"]
    )
    before = artifacts(finished)
    done = snakemake(finished, "--configfile", str(second), "--", "results/metrics/model.second."
                     "x-x-mono.s1/held-out/summary.parquet")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert before.items() <= artifacts(finished).items()
    assert planned(finished) == set()


def test_a_bad_config_is_one_line(tmp_path: Path) -> None:
    project = make_project(tmp_path / "bad")
    write_config(project / "config" / "config.yaml", alphas=[1.5])
    done = snakemake(project)
    assert done.returncode != 0
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    (line,) = lines
    assert re.fullmatch(
        r"hybridbatch: error: config/config\.yaml:\d+: alphas\[0\]: 1\.5 is greater than the "
        r"maximum of 1",
        line,
    )


def test_a_contaminated_evaluation_is_refused_before_training(tmp_path: Path) -> None:
    project = make_project(tmp_path / "contaminated")
    write_benchmark(project / "benchmark", range(30, 45))
    done = snakemake(project)
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "allow_contaminated: true" in text
    assert not (project / "results" / "checkpoints").exists()
