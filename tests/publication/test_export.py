"""`hybridbatch export`: the model, its card and its figures in one new folder."""

import json
from pathlib import Path

import pytest

from hybridbatch.cli import main
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.schemas.every import (
    BENCHMARK_RESULTS,
    INDEX_QUALITY,
    OVERLAP,
    RUNS,
    SUMMARY,
    Schema,
)

RUN = "m.r.hybrid.s1"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    for run in (RUN, "m.r.x-y.s1"):
        checkpoint = folder / "checkpoints" / run
        (checkpoint / "1_Pooling").mkdir(parents=True)
        (checkpoint / "README.md").write_text(f"# {run}\n", encoding="utf-8")
        (checkpoint / "model.safetensors").write_bytes(b"weights")
        (checkpoint / ".snakemake_timestamp").touch()
        (checkpoint / "1_Pooling" / "config.json").write_text("{}")
    rows = [
        ("monolingual", "de", "de", "mAP", 0.5, 4),
        ("monolingual", "macro", "macro", "mAP", 0.625, 8),
        ("multilingual", "macro", "all", "mAP", 0.25, 8),
        ("multilingual", "macro", "all", "rank_distance", 12.5, 8),
        ("cross-lingual", "macro", "macro", "mAP", float("nan"), 0),
    ]
    write_summary(folder / "metrics" / RUN / "held-out", rows)
    write_summary(folder / "metrics" / RUN / "another", rows[:2])
    write_summary(folder / "metrics" / "m.untrained" / "held-out", rows[:2])
    return folder


def write(*rows: dict[str, object], path: Path, schema: Schema) -> None:
    write_table(table_from_rows(rows, schema), path, schema)


def write_summary(folder: Path, rows: list[tuple[object, ...]]) -> None:
    named = [dict(zip(SUMMARY.columns, row, strict=True)) for row in rows]
    write_table(table_from_rows(named, SUMMARY), folder / "summary.parquet", SUMMARY)


def test_the_results_of_every_benchmark_come_with_the_model(results: Path, tmp_path: Path) -> None:
    dest = tmp_path / "my-model"
    assert main(["export", RUN, str(dest), "--from", str(results)]) == 0
    assert (dest / "model.safetensors").read_bytes() == b"weights"
    assert (dest / "1_Pooling" / "config.json").is_file()
    assert not (dest / ".snakemake_timestamp").exists()
    rows = read_table(dest / "benchmark_results.parquet", BENCHMARK_RESULTS).to_pylist()
    assert [(r["benchmark"], r["setting"], r["metric"], r["value"]) for r in rows] == [
        ("another", "monolingual", "mAP", 0.625),
        ("held-out", "monolingual", "mAP", 0.625),
        ("held-out", "multilingual", "mAP", 0.25),
        ("held-out", "multilingual", "rank_distance", 12.5),
    ]
    assert json.loads((dest / "benchmark_results.json").read_text(encoding="utf-8")) == rows
    card = (dest / "README.md").read_text(encoding="utf-8")
    assert card.startswith(f"# {RUN}\n\n## Benchmark results\n\n### another")
    assert "| setting | mAP | rank_distance |" in card
    assert "| monolingual | 0.6250 |  |\n| multilingual | 0.2500 | 12.5 |" in card
    # What was copied is a copy: the exported card is no link to the published one.
    assert (results / "checkpoints" / RUN / "README.md").read_text() == f"# {RUN}\n"


def test_what_a_reader_must_know_of_the_figures_stands_with_them(
    results: Path, tmp_path: Path
) -> None:
    row = {"run": RUN, "model": "m", "recipe": "r", "sampling": "hybrid", "alpha": 0.5, "seed": 1,
           "training_languages": ["de"], "sources": ["mine"], "training_items": 9,
           "training_pairs": 9}  # fmt: skip
    write(row, path=results / "runs" / f"{RUN}.parquet", schema=RUNS)
    shared = {"source": "mine", "language": "de", "text": "Wer?"}
    overlaps = [
        {"kind": "item", "item_id": "1", **shared},
        {"kind": "item", "item_id": "2", **shared},
        {"kind": "question", "item_id": "3", **shared},
    ]
    write(*overlaps, path=results / "overlap/r/another.parquet", schema=OVERLAP)
    write(overlaps[2], path=results / "overlap/r/miracl.parquet", schema=OVERLAP)
    macro = ("macro", "macro", "nDCG@10", 0.5, 8)
    published = ("macro-published", "macro-published", "nDCG@10", 0.25, 6)
    folder = results / "metrics" / RUN / "miracl"
    write_summary(folder, [("monolingual", *macro), ("monolingual", *published)])
    mixed = "IVF64,Flat (1 of 3 shards Flat)"
    for code, factory, recall in (("sw", mixed, 0.75), ("yo", "Flat", 1)):
        quality = {"language": code, "factory": factory, "k": 10, "vectors": 9, "bytes": 9,
                   "queries": 4, "recall": recall}  # fmt: skip
        path = results / "index_quality" / RUN / "miracl" / f"{code}.parquet"
        write(quality, path=path, schema=INDEX_QUALITY)
    path = results / "index_quality" / RUN / "another.parquet"
    write(quality, path=path, schema=INDEX_QUALITY)
    assert main(["export", RUN, str(tmp_path / "out"), "--from", str(results)]) == 0
    rows = read_table(tmp_path / "out/benchmark_results.parquet", BENCHMARK_RESULTS).to_pylist()
    keys = ("average", "value", "shared_items", "index", "index_recall")
    found = {(row["benchmark"], *(row[key] for key in keys)) for row in rows}
    assert ("another", "macro", 0.625, 2, "Flat", 1.0) in found
    assert ("held-out", "macro", 0.625, None, None, None) in found  # nobody looked
    assert ("miracl", "macro", 0.5, 0, "IVF64,Flat", 0.875) in found
    assert ("miracl", "macro-published", 0.25, 0, "IVF64,Flat", 0.875) in found
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "### another (contaminated)\n\n**The model was trained on 2 items of" in card
    assert "### held-out\n\n| setting" in card
    assert "### miracl\n\nThe index was approximate (`IVF64,Flat`, mean recall 0.875)" in card
    lines = "| monolingual | 0.5000 |\n| monolingual, languages of the published table | 0.2500 |"
    assert lines in card


def test_a_model_that_was_not_evaluated_says_so(results: Path, tmp_path: Path) -> None:
    assert main(["export", "m.r.x-y.s1", str(tmp_path / "out"), "--from", str(results)]) == 0
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert card.endswith("The model was not evaluated.\n")


@pytest.mark.parametrize("run", ["m.r.x-x.s1", "m.untrained", "", "..", f"../checkpoints/{RUN}"])
def test_an_unknown_run_is_one_line_that_names_the_known(
    results: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], run: str
) -> None:
    assert main(["export", run, str(tmp_path / "out"), "--from", str(results)]) == 2
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert f"no such run in {results}/checkpoints; there are {RUN}, m.r.x-y.s1" in line
    assert not (tmp_path / "out").exists()


def test_an_existing_folder_is_left_alone(
    results: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    assert main(["export", RUN, str(tmp_path / "out"), "--from", str(results)]) == 2
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert line.endswith("out: exists already; name a new folder")
    assert not list((tmp_path / "out").iterdir())


def test_a_folder_below_a_file_is_one_line(
    results: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "a" / "out"
    assert main(["export", RUN, str(place), "--from", str(results)]) == 2
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert line.endswith(f"{place}: {tmp_path / 'file'} is a file; name a folder in another place")


def test_without_any_run_the_line_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", RUN, str(tmp_path / "out"), "--from", str(tmp_path)]) == 2
    assert "there are no runs yet" in capfd.readouterr().err
