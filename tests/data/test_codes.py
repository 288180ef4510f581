"""Other codes of a language become its one code in every file of the user's; the log says so."""

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import table_from_rows
from hybridbatch.data import benchmarks, corpus
from hybridbatch.data.pairs import Options, build_pairs
from hybridbatch.data.sources.codes import with_one_code
from hybridbatch.schemas import every as schemas

GIVEN = {"he": "iw", "zh-Hans": "zh-CN", "sr": "srp_Cyrl", "de": "de"}


def write_benchmark(folder: Path, codes: dict[str, str]) -> list[Path]:
    """One question and passage in each language, under the codes that are its values."""
    folder.mkdir()
    queries: list[dict[str, Any]] = [
        {"query_id": f"{code}:q", "item_id": "q", "language": code, "text": f"{language}?"}
        for language, code in codes.items()
    ]
    passages = [
        {"passage_id": f"{code}:q:1", "language": code, "title": "", "text": f"{language}."}
        for language, code in codes.items()
    ]
    qrels = [
        {"query_id": query["query_id"], "passage_id": passage["passage_id"], "relevance": 1}
        for query in queries
        for passage in passages
    ]
    files = []
    for rows, schema in (
        (queries, schemas.QUERIES), (passages, schemas.PASSAGES), (qrels, schemas.QRELS)
    ):  # fmt: skip
        files.append(folder / f"{schema.name}.parquet")
        pq.write_table(table_from_rows(rows, schema), files[-1])
    return files


def test_a_benchmark_is_the_same_under_any_codes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = tiny.made_options(
        benchmarks.Options, "benchmarks", name="mine", kind="parquet", most_passages=None
    )
    caplog.set_level(logging.INFO)
    usual = benchmarks.build_benchmark(
        options, write_benchmark(tmp_path / "usual", {code: code for code in GIVEN})
    )
    assert "is read as" not in caplog.text
    files = write_benchmark(tmp_path / "other", GIVEN)
    assert benchmarks.build_benchmark(options, files) == usual
    assert f"{files[0]}: language zh-CN is read as zh-Hans (Simplified Chinese)" in caplog.text
    assert f"{files[2]}: language iw is read as he (Hebrew)" in caplog.text
    assert usual.qrels["passage_id"].to_pylist()[:2] == ["de:q:1", "he:q:1"]


def test_two_codes_of_a_language_must_not_give_an_id_twice(tmp_path: Path) -> None:
    options = tiny.made_options(
        benchmarks.Options, "benchmarks", name="mine", kind="parquet", most_passages=None
    )
    files = write_benchmark(tmp_path / "twice", {"one": "iw", "two": "he"})
    with pytest.raises(HybridBatchError, match=r"query_id=.he:q. occurs 2 times"):
        benchmarks.build_benchmark(options, files)


def test_pairs_of_any_codes_have_the_language_to_train_on(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("item_id,language,question,passage\n1,zh_CN,q,p\n1,no,s,t\n", encoding="utf-8")
    table = build_pairs(Options(name="mine", kind="parquet"), [path])
    assert table["language"].to_pylist() == ["no", "zh-Hans"]


def test_the_shards_of_a_corpus_are_named_by_the_one_code(tmp_path: Path) -> None:
    rows = [
        {"passage_id": f"{code}:{n}", "language": code, "title": "", "text": "x"}
        for n, code in enumerate(("arb", "ar", "zh-TW"))
    ]
    pq.write_table(table_from_rows(rows, schemas.PASSAGES), tmp_path / "passages.parquet")
    source = tmp_path / "passages.parquet"
    options = tiny.made_options(corpus.Options, "corpus", part="p", kind="parquet")
    tables = corpus.checked_tables(options, source)
    counts = corpus.cut(tables, tmp_path / "part", part="p", size=10, origin=source)
    assert counts == {"p.ar.0000": 2, "p.zh-Hant.0000": 1}


def test_an_id_without_a_code_stays() -> None:
    table = pa.table({"query_id": ["iw", "iw:1", ":1", "xx:1"]})
    found = with_one_code(table, ids=("query_id",), origin="qrels.parquet")
    assert found["query_id"].to_pylist() == ["iw", "he:1", ":1", "xx:1"]
    assert found.schema == table.schema
