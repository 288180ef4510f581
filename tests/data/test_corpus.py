"""A corpus is cut into shards, and checked as a whole once all parts are there."""

import argparse
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.data import benchmarks, corpus, shards
from hybridbatch.data.sources.miracl import corpus_path
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.preflight import check_files
from hybridbatch.schemas.every import PASSAGES, QRELS, SHARDS
from miracl_fixture import write_corpus
from tiny_config import config
from valid_files import write_beir_languages


def passages(*ids: str) -> pa.Table:
    rows = [
        {"passage_id": id, "language": id.partition(":")[0], "title": "", "text": f"text of {id}"}
        for id in ids
    ]
    return table_from_rows(rows, PASSAGES)


def cut(folder: Path, part: str, source: Path, *, size: int, language: str | None = None) -> Path:
    kind = "miracl" if language else "parquet"
    options = {"part": part, "kind": kind, "shard_passages": size, "language": language}
    output = folder / part
    corpus.run(argparse.Namespace(options=json.dumps(options), input=source, output=output))
    return output


def check(folder: Path, parts: list[Path], *judged: str) -> list[dict[str, object]]:
    rows = [{"query_id": "en:q", "passage_id": id, "relevance": 1} for id in judged]
    write_table(table_from_rows(rows, QRELS), folder / "qrels.parquet", QRELS)
    shards.run(
        argparse.Namespace(
            parts=parts, qrels=folder / "qrels.parquet", output=folder / "shards.parquet"
        )
    )
    return read_table(folder / "shards.parquet", SHARDS).to_pylist()


def test_a_file_is_cut_into_shards_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "_BATCH", 4)  # batches end elsewhere than shards
    ids = [f"{number}#0" for number in range(13)]
    write_corpus(tmp_path, "sw", ids, files=1)
    part = cut(tmp_path, "sw-0000", tmp_path / corpus_path("sw", 0), size=5, language="sw")
    tables = [read_table(file, PASSAGES) for file in sorted(part.glob("*.parquet"))]
    assert [file.name for file in sorted(part.glob("*.parquet"))] == [
        f"sw-0000.sw.000{number}.parquet" for number in range(3)
    ]
    assert [table.num_rows for table in tables] == [5, 5, 3]
    whole = pa.concat_tables(tables)
    assert whole["passage_id"].to_pylist() == [f"sw:{id}" for id in ids]
    assert whole["title"].to_pylist()[6:8] == ["T6", ""]


def test_own_passages_are_cut_by_language(tmp_path: Path) -> None:
    source = tmp_path / "passages.parquet"
    write_table(passages("de:1", "en:1", "de:2", "en:2", "de:3"), source, PASSAGES)
    part = cut(tmp_path, "part-0000", source, size=2)
    found = {
        file.stem: read_table(file, PASSAGES)["passage_id"].to_pylist()
        for file in part.glob("*.parquet")
    }
    assert found == {
        "part-0000.de.0000": ["de:1", "de:2"],
        "part-0000.de.0001": ["de:3"],
        "part-0000.en.0000": ["en:1", "en:2"],
    }


def test_a_wrong_id_names_the_file(tmp_path: Path) -> None:
    source = tmp_path / "passages.parquet"
    table = passages("de:1").set_column(0, "passage_id", pa.array(["en:1"]))
    write_table(table.cast(PASSAGES.arrow), source, PASSAGES)
    with pytest.raises(HybridBatchError, match=r"passages.parquet: row 0: `passage_id` is 'en:1'"):
        cut(tmp_path, "part-0000", source, size=2)
    assert not (tmp_path / "part-0000").exists()


def test_the_shards_of_all_parts_are_listed(tmp_path: Path) -> None:
    parts = []
    for number, ids in enumerate((["de:1", "de:2", "de:3"], ["de:4", "en:1"])):
        source = tmp_path / f"{number}.parquet"
        write_table(passages(*ids), source, PASSAGES)
        parts.append(cut(tmp_path, f"part-000{number}", source, size=2))
    rows = check(tmp_path, parts, "de:4", "en:1")
    assert [(row["shard"], row["language"], row["passages"]) for row in rows] == [
        ("part-0000.de.0000", "de", 2),
        ("part-0000.de.0001", "de", 1),
        ("part-0001.de.0000", "de", 1),
        ("part-0001.en.0000", "en", 1),
    ]
    assert check(tmp_path, parts[::-1], "de:4", "en:1") == rows


def test_a_judged_passage_that_is_missing_is_named(tmp_path: Path) -> None:
    source = tmp_path / "passages.parquet"
    write_table(passages("de:1"), source, PASSAGES)
    parts = [cut(tmp_path, "part-0000", source, size=2)]
    with pytest.raises(HybridBatchError, match=r"2 judged passages .* the first is 'de:2'"):
        check(tmp_path, parts, "de:1", "de:3", "de:2")


def test_an_id_in_two_parts_is_an_error(tmp_path: Path) -> None:
    parts = []
    for number in range(2):
        source = tmp_path / f"{number}.parquet"
        write_table(passages(f"de:{number}", "de:both"), source, PASSAGES)
        parts.append(cut(tmp_path, f"part-000{number}", source, size=10))
    with pytest.raises(HybridBatchError, match="passage_id 'de:both' occurs twice in the corpus"):
        check(tmp_path, parts, "de:1")


def test_own_passages_need_a_title_or_a_text_as_in_memory(tmp_path: Path) -> None:
    source = tmp_path / "passages.parquet"
    rows = passages("de:1", "de:2", "de:3").to_pylist()
    rows[1] |= {"title": "A title", "text": ""}
    write_table(table_from_rows(rows, PASSAGES), source, PASSAGES)
    part = cut(tmp_path, "part-0000", source, size=5)
    assert read_table(part / "part-0000.de.0000.parquet", PASSAGES).num_rows == 3
    rows[2]["text"] = " "
    write_table(table_from_rows(rows, PASSAGES), source, PASSAGES)
    with pytest.raises(HybridBatchError, match=r"row 2: `text` is blank and so is `title`"):
        cut(tmp_path, "part-0001", source, size=5)


def test_own_passages_of_one_language_are_cast_and_get_its_prefix(tmp_path: Path) -> None:
    source = tmp_path / "passages.parquet"
    pq.write_table(pa.table({"passage_id": [1, 2], "text": ["One.", "Two."]}), source)
    options = {"part": "p", "kind": "parquet", "shard_passages": 2, "reading": {"language": "de"}}
    output = tmp_path / "p"
    corpus.run(argparse.Namespace(options=json.dumps(options), input=source, output=output))
    (row, _) = read_table(output / "p.de.0000.parquet", PASSAGES).to_pylist()
    assert row == {"passage_id": "de:1", "language": "de", "title": "", "text": "One."}


def test_a_beir_folder_is_cut_in_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries and judgements, passages of each language, and the whole, as the rules run them."""
    monkeypatch.setattr(corpus, "_BATCH", 2)
    path = write_beir_languages(tmp_path)
    plan = Plan(config(benchmarks=[{"name": "mine", "path": str(path), "sharded": True}]))
    check_files(plan, mirror=None, raw="results/raw")
    assert plan.benchmark_files("mine", raw="r") == [str(path)]
    options = plan.benchmarks_options("mine")
    benchmarks.run(argparse.Namespace(options=options, input=[path], output=tmp_path / "results"))
    folders = []
    for part in plan.corpora.parts("mine"):
        folders.append(tmp_path / part.name)
        corpus.run(
            argparse.Namespace(
                options=plan.corpus_options("mine", part.name),
                input=Path(part.path),
                output=folders[-1],
            )
        )
    qrels, listed = tmp_path / "results" / "qrels.parquet", tmp_path / "shards.parquet"
    shards.run(argparse.Namespace(parts=folders, qrels=qrels, output=listed))
    assert read_table(listed, SHARDS).to_pylist() == [
        {
            "shard": f"part-000{n}.{code}.0000",
            "part": f"part-000{n}",
            "language": code,
            "passages": 3,
        }
        for n, code in enumerate(("de", "en"))
    ]
    first = read_table(folders[0] / "part-0000.de.0000.parquet", PASSAGES).to_pylist()
    assert [row["passage_id"] for row in first] == ["de:p1", "de:p2", "de:p3"]
    with (path / "de" / "corpus.jsonl").open("a") as file:
        file.write('{"_id": "p4", "title": "", "text": ""}\n{')
    with pytest.raises(HybridBatchError, match=r"corpus\.jsonl: line 4: `text` is blank and so is"):
        corpus.run(
            argparse.Namespace(
                options=plan.corpus_options("mine", "part-0000"),
                input=path / "de" / "corpus.jsonl",
                output=folders[0],
            )
        )


def test_sharded_pairs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("item_id,language,question,passage\n1,en,Who?,Ann.\n")
    entry = {"name": "mine", "path": str(tmp_path / "mine.csv"), "sharded": True}
    with pytest.raises(HybridBatchError, match="needs queries, passages and qrels; pairs are eval"):
        check_files(Plan(config(benchmarks=[entry])), mirror=None, raw="results/raw")
