"""`hybridbatch check`: what would run, what the data are, and every problem at once."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hybridbatch.cli import main
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.planning.config import load_config
from hybridbatch.planning.job_counts import estimated_seconds, job_counts, recorded_seconds
from hybridbatch.planning.plan import Plan
from hybridbatch.schemas import every as schemas
from sentence_models import write_labse
from tiny import pair_rows, write_benchmark
from tiny_project import make_project, snakemake
from valid_files import write_beir_languages


@pytest.fixture(autouse=True, scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout with 40 items of pairs in ar, de and en, and a benchmark of 10 other items."""
    folder = make_project(tmp_path_factory.mktemp("check") / "project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("HYBRIDBATCH_MIRROR", raising=False)
        yield folder


class Checked:
    """The exit code and the lines of `hybridbatch check` for the tiny config with changes."""

    def __init__(self, code: int, output: str) -> None:
        self.code, self.lines = code, output.splitlines()

    def of(self, kind: str) -> list[str]:
        return [line.removeprefix(f"{kind}: ") for line in self.lines if line.startswith(kind)]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str, **changes: Any) -> Checked:
        values = json.loads(Path("config/config.yaml").read_text())
        values["training"] |= changes.pop("training", {})
        Path("mine.yaml").write_text(json.dumps(values | changes, indent=0))
        code = main(["check", "mine.yaml", *arguments])
        return Checked(code, capsys.readouterr().out)

    return run


def source(path: str) -> list[dict[str, str]]:
    return [{"name": "mine", "path": path}]


def write_csv(name: str, *rows: str) -> list[dict[str, str]]:
    text = "\n".join(["item_id,language,question,passage", *rows, ""])
    Path(name).write_text(text, encoding="utf-8")
    return source(name)


def test_a_right_config_says_what_will_run(check: Any) -> None:
    found = check()
    assert found.code == 0
    assert found.lines == [
        "model model: pooling 'mean' (default), query_prefix 'query: ' (default), "
        "passage_prefix 'passage: ' (default), at most 64 tokens",
        "source tiny: 40 items, 120 pairs (40 in each of ar, de, en), 120 with hard negatives",
        "benchmark held-out: 30 queries (10 in each of ar, de, en), 30 passages (10 in each of "
        "ar, de, en), 90 judgements",
        "  of 3 query languages of held-out, 2 are trained on; not ar",
        "runs: 2, 1 of them trained (model.untrained, model.tiny.hybrid.s1)",
        "evaluations: 2 of a run on a benchmark",
        "jobs, if nothing is made yet: 20 (benchmarks 1, pairs 1, overlap 1, model 1, train 1, "
        "publish 1, encode 2, index 2, retrieve 2, metrics 2, bias 2, statistics 1, examples 1, "
        "projection 1, report 1)",
        "the report: results/report.html",
        "note: pairs in ar are left out of the training",
        "no problem found",
    ]


def test_the_jobs_are_those_of_snakemake(project: Path) -> None:
    done = snakemake(project, "--dry-run", "--quiet", "rules")
    table = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE))
    listed = job_counts(Plan(load_config(Path("config/config.yaml"))))
    assert {
        name: int(count) for name, count in table.items() if name not in ("all", "total")
    } == listed


def test_the_time_is_that_of_the_recorded_jobs(tmp_path: Path) -> None:
    for stage, seconds in (("train", (10.0, 20.0)), ("encode", (3.0,))):
        for job, wall in enumerate(seconds):
            row = {"stage": stage, "job": str(job), "wall_seconds": wall, "cpu_seconds": 1.0,
                   "peak_memory_mb": 1.0, "threads": 1}  # fmt: skip
            path = tmp_path / stage / f"{job}.parquet"
            write_table(table_from_rows([row], schemas.TIMINGS), path, schemas.TIMINGS)
    seconds = recorded_seconds(tmp_path)
    assert seconds == {"train": 15.0, "encode": 3.0}
    assert estimated_seconds({"train": 2, "encode": 4, "report": 1}, seconds) == 42.0
    assert estimated_seconds({"train": 2, "encode": 4}, {"train": 15.0}) is None


def test_all_that_is_wrong_is_said_at_once(check: Any) -> None:
    write_csv("bad.csv", "1,xx,q,p")
    files = ["pairs.parquet", "gone.csv", "bad.csv"]
    found = check(
        sources=[{"name": f"s{n}", "path": path} for n, path in enumerate(files)],
        train_languages=["deu", "en"],
        benchmarks=[{"name": "held-out", "path": "benchmark"}, {"name": "no", "path": "nothing"}],
        model="./nowhere",
        training={"steps": "many"},
    )
    assert found.code == 1
    starts = [
        r"mine.yaml:\d+: training.steps: 'many' is not of type integer",
        r"mine.yaml:\d+: model: ./nowhere: no such folder",
        r"mine.yaml:\d+: sources\[1\].path: gone.csv: no such file or folder",
        r"mine.yaml:\d+: benchmarks\[1\].path: nothing/queries.parquet: no such file, nor",
        r"bad.csv: line 2: `language`: unknown language 'xx'",
    ]
    for line, start in zip(found.of("error"), starts, strict=True):
        assert re.match(start, line), (start, line)
    assert found.lines[-1] == "5 problems"
    assert any(line.startswith("source s0: 40 items") for line in found.lines)
    assert any(
        line.endswith("train_languages[0]: deu is read as de (German)") for line in found.lines
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"training": {"batch_size": 64}}, "has only 34 items in language de that differ in"),
        (
            {"train_languages": ["de", "fr"]},
            "train_languages[1]: no pair to train on has 'fr'; tin",
        ),
        ({"training": {"validation": {"fraction": 0.001}}}, "holds out none of 40 question groups"),
        ({"benchmarks": [{"name": "b", "path": "shared"}]}, "recipe tiny trains on 10 of the 10"),
        ({"sources": source("one.csv")}, "sampling hybrid, cross-lingual batches: no source has"),
    ],
)
def test_what_only_the_data_show_is_known_before_the_run(
    check: Any, changes: dict[str, Any], expected: str
) -> None:
    write_benchmark(Path("shared"), range(10))
    write_csv("one.csv", *(f"{n},{'de' if n % 2 else 'en'},q{n},p{n}" for n in range(40)))
    changes = {"training": {}, **changes}
    changes["training"] = {"hard_negatives": 0, **changes["training"]}
    found = check(**changes)
    assert found.code == 1
    (line,) = found.of("error")
    assert expected in line


def test_what_is_good_to_know_is_a_note(check: Any) -> None:
    languages = ("no", "zh-CN")
    mine = write_csv("notes.csv", *(f"{n},{c},{c}{n}?,{c}{n}" for n in range(9) for c in languages))
    found = check(
        sources=mine,
        train_languages=["no", "zh_hans"],
        training={"hard_negatives": 3, "validation": {"fraction": 0}},
    )
    assert found.code == 0
    notes = "\n".join(found.of("note"))
    assert "notes.csv: language zh-CN is read as zh-Hans (Simplified Chinese)" in notes
    assert "train_languages[1]: zh_hans is read as zh-Hans (Simplified Chinese)" in notes
    assert "training.hard_negatives is 3, and no pair to train on has hard negatives" in notes


def test_codes_of_one_language_that_count_as_two_are_a_note(check: Any) -> None:
    rows = [row | {"language": "en-US"} for row in pair_rows(range(40)) if row["language"] == "en"]
    path = Path("american.parquet")
    table = table_from_rows([*pair_rows(range(40)), *rows], schemas.PAIRS)
    write_table(table, path, schemas.PAIRS)
    found = check(sources=source(str(path)), train_languages=["de", "en-US"])
    assert found.code == 0
    assert (
        "benchmark held-out has en and train_languages do not; did you mean `en-US`? They count as "
        "different languages"
    ) in found.of("note")


def test_a_benchmark_whose_judgements_join_no_languages_is_a_note(check: Any) -> None:
    own = write_beir_languages(Path("joined"))
    found = check(benchmarks=[{"name": "own", "path": str(own)}])
    assert found.code == 0
    assert "own: no query has a relevant passage in another language" in "".join(found.of("note"))
    # As pairs, the translations are relevant too.
    command = ["import", str(own), "own.parquet", "--columns", "queries.item_id=_id"]
    assert main(command) == 0
    found = check(benchmarks=[{"name": "own", "path": "own.parquet"}])
    assert "no query has a relevant passage" not in "".join(found.of("note"))
    assert any("4 queries" in line and "8 judgements" in line for line in found.lines)


def test_a_sharded_benchmark_is_read_to_its_last_passage(check: Any) -> None:
    folder = write_benchmark(Path("large"), range(100, 110))
    entry = {"name": "large", "path": str(folder), "sharded": True, "pool_languages": ["de", "en"]}
    found = check(benchmarks=[entry])
    assert found.code == 0
    assert any(
        "30 passages (10 in each of ar, de, en), 90 judgements, in shards" in line
        for line in found.lines
    )
    short = write_benchmark(Path("short"), range(100, 109)) / "passages.parquet"
    short.replace(folder / "passages.parquet")
    found = check(benchmarks=[entry])
    assert found.code == 1
    assert not any("in shards" in line for line in found.lines)
    assert (
        "passage 'ar:item-109' of the qrels is in none of its files (3 such" in found.of("error")[0]
    )


def test_downloads_are_named_and_a_mirror_is_looked_into(check: Any, tmp_path: Path) -> None:
    found = check(benchmarks=[{"name": "xquad-r"}])
    assert found.code == 0
    line = next(line for line in found.lines if line.startswith("benchmark xquad-r"))
    assert line.startswith(
        "benchmark xquad-r: ar, de, el, en, es, hi, ru, th, tr, vi, zh; its 11 f"
    )
    found = check("--mirror", str(tmp_path / "gone"), benchmarks=[{"name": "xquad-r"}])
    assert found.code == 1
    assert "gone: no such folder; correct it" in found.of("error")[0]


def test_what_a_model_declares_is_said(check: Any) -> None:
    write_labse(Path("labse"))
    found = check(model="./labse", query_prefix="Q: ")
    assert found.code == 0
    assert found.lines[0].startswith("model labse: pooling 'cls' (declared), query_prefix 'Q: ', ")


def test_a_config_that_cannot_be_read_is_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "gone.yaml"]) == 1
    line, count = capsys.readouterr().out.splitlines()
    assert line.startswith("error: gone.yaml: cannot be read (No such file or directory); correct")
    assert count == "1 problem"
