"""What `query` lets one leave out, and what it refuses in one line."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

import finished_case as case
from finished_case import Printed, ask, refusal
from hybridbatch.common.records import FOLDER_RECORD, Record, making
from hybridbatch.common.tables import read_table, write_table
from hybridbatch.schemas.every import PASSAGES, QUERIES


def test_a_single_run_and_benchmark_need_no_name(results: Path, capfd: Printed) -> None:
    (answer,) = ask(results, capfd, "new", "--run", case.TRAINED)
    assert answer["benchmark"] == case.BENCHMARK
    (answer,) = ask(results, capfd, "new", "--benchmark", case.SHARDED)
    assert [each["run"] for each in answer["runs"]] == [case.UNTRAINED]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), f"--run: name one or more of {case.TRAINED}, {case.UNTRAINED}"),
        (("--run", case.UNTRAINED), f"--benchmark: name one of {case.SHARDED}, {case.BENCHMARK}"),
        (
            ("--run", "model.untrianed"),
            f"--run: model.untrianed has no rankings in RESULTS; did you mean `{case.UNTRAINED}`?",
        ),
        (
            ("--run", "zzz"),
            f"--run: zzz has no rankings in RESULTS; there are {case.TRAINED}, {case.UNTRAINED}",
        ),
        (
            ("--benchmark", "heldout"),
            f"--benchmark: heldout has no rankings in RESULTS; did you mean `{case.BENCHMARK}`?",
        ),
        (
            ("--run", case.TRAINED, "--benchmark", case.SHARDED),
            f"--benchmark: {case.TRAINED} has no rankings on {case.SHARDED}, only on "
            f"{case.BENCHMARK}",
        ),
        (
            ("--run", case.TRAINED, "--passages", "de", "fr"),
            "--passages: 'fr' is not in the benchmark, which has ar, de, en",
        ),
        (
            ("--run", case.TRAINED, "--language", "fr"),
            "--language: 'fr' is not in the benchmark, which has ar, de, en",
        ),
        (("--run", case.TRAINED, "-k", "0"), "-k: 0; give a number of passages, 1 or more"),
    ],
)
def test_a_wrong_choice_is_one_line(
    results: Path, capfd: Printed, words: tuple[str, ...], line: str
) -> None:
    expected = line.replace("RESULTS", str(results))
    assert refusal(results, capfd, "Who?", *words) == expected


def test_results_without_rankings_are_one_line(tmp_path: Path, capfd: Printed) -> None:
    assert refusal(tmp_path, capfd, "Who?").startswith(f"{tmp_path}: holds no rankings; run the")


@pytest.mark.parametrize(("text", "problem"), [(" ", "is empty"), ("\udce9", "not Unicode")])
def test_a_question_without_text(results: Path, capfd: Printed, text: str, problem: str) -> None:
    assert problem in refusal(results, capfd, text)


def test_a_closed_input_has_no_questions(
    results: Path, capfd: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    line = refusal(results, capfd, "--run", case.TRAINED)
    assert line == "the standard input is closed; write the question in the command"


def flip(file: Path) -> None:
    """Change a bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    "file",
    [
        f"embeddings/{case.UNTRAINED}/{case.BENCHMARK}/passages.parquet",
        f"embeddings/{case.UNTRAINED}/{case.BENCHMARK}/queries.parquet",
        f"indexes/{case.UNTRAINED}/{case.BENCHMARK}/de.faiss",
        f"benchmarks/{case.BENCHMARK}/passages.parquet",
        "models/model/model.safetensors",
    ],
)
def test_damage_is_one_line(copy: Path, capfd: Printed, file: str) -> None:
    flip(copy / file)
    words = ("Who?", "--run", case.UNTRAINED, "--benchmark", case.BENCHMARK)
    line = refusal(copy, capfd, *words)
    assert line.startswith(f"{copy / file}: damaged") and "remove" in line


@pytest.mark.parametrize(
    "file",
    [
        f"indexes/{case.UNTRAINED}/{case.SHARDED}/de-0000.de.0001.faiss",
        f"benchmarks/{case.SHARDED}/passages/de-0000/de-0000.de.0001.parquet",
    ],
)
def test_damage_of_a_shard_is_one_line(copy: Path, capfd: Printed, file: str) -> None:
    flip(copy / file)
    words = ("Who?", "--benchmark", case.SHARDED, "--passages", "de", "-k", 30)
    line = refusal(copy, capfd, *words)
    assert line.startswith(f"{copy / file}: damaged") and "remove" in line


def make_again(path: Path, stage: str) -> None:
    """Give an artifact another history, as if it were made from something else."""
    record = by_hand_again(stage)
    if path.is_dir():
        values = json.loads((path / FOLDER_RECORD).read_text())
        (path / FOLDER_RECORD).write_text(json.dumps(values | {"record": record.to_json()}))
    else:
        schema = {"queries.parquet": QUERIES, "passages.parquet": PASSAGES}[path.name]
        with making(record):
            write_table(read_table(path, schema), path, schema)


def by_hand_again(stage: str) -> Record:
    return case.by_hand(stage, options='{"again": 1}')


@pytest.mark.parametrize(
    ("again", "stage", "named"),
    [
        (f"training/{case.TRAINED}/model", "train", "embeddings"),
        (f"benchmarks/{case.BENCHMARK}/passages.parquet", "benchmarks", "rankings"),
        (f"benchmarks/{case.BENCHMARK}/queries.parquet", "benchmarks", "rankings"),
        (f"indexes/{case.TRAINED}/{case.BENCHMARK}", "index", "rankings"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    copy: Path, capfd: Printed, again: str, stage: str, named: str
) -> None:
    make_again(copy / again, stage)
    line = refusal(copy, capfd, "Who?", "--run", case.TRAINED)
    assert line.startswith(f"{copy}/{named}/{case.TRAINED}/{case.BENCHMARK}")
    assert f"made from another results/{again} than the one that is there now; run the" in line


def test_vectors_of_another_model_than_the_queries_are_refused(copy: Path, capfd: Printed) -> None:
    """A shard encoded alone with other options, and all that follows made from it."""
    tables = copy / "benchmarks" / case.SHARDED
    shard = "de-0000.de.0000"
    vectors = copy / "embeddings" / case.UNTRAINED / case.SHARDED / "passages" / f"{shard}.parquet"
    index = copy / "indexes" / case.UNTRAINED / case.SHARDED / f"{shard}.faiss"
    model = case.model_of(copy, case.UNTRAINED)
    part = tables / "passages" / "de-0000"
    case.command("encode", "--model", model, "--passages", part, "--output", vectors,
                 made_from=[model, part], pooling="cls", max_tokens=32)  # fmt: skip
    words = ("Who?", "--benchmark", case.SHARDED)
    assert f"made from another results/embeddings/{case.UNTRAINED}" in refusal(copy, capfd, *words)
    case.command("index", "--embeddings", vectors, "--output", index, made_from=[vectors])
    case.search(copy, case.UNTRAINED, pool=("de", "en"))
    line = refusal(copy, capfd, *words)
    assert line.startswith(f"{vectors}: made with another model or other options than results/")


def test_results_of_an_older_version_are_one_line(copy: Path, capfd: Printed) -> None:
    file = copy / "rankings" / case.TRAINED / case.BENCHMARK / FOLDER_RECORD
    values = json.loads(file.read_text())
    record = Record.from_json(values["record"], origin=file)
    older = dataclasses.replace(record, options='{"top_k": 5}')
    file.write_text(json.dumps(values | {"record": older.to_json()}))
    line = refusal(copy, capfd, "Who?", "--run", case.TRAINED)
    assert line.endswith(": made by another version of hybridbatch; run the workflow again")


def test_a_missing_file_and_one_without_a_record(copy: Path, capfd: Printed) -> None:
    model = copy / "training" / case.TRAINED / "model"
    words = ("Who?", "--run", case.TRAINED)
    (model / FOLDER_RECORD).unlink()
    assert refusal(copy, capfd, *words).startswith(f"{model}: has no record of what made it")
    shutil.rmtree(model)
    assert refusal(copy, capfd, *words).startswith(f"{model}: missing")
