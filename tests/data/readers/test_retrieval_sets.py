"""Retrieval sets of every format: the same three tables come out."""

import json
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.converting import RetrievalSet
from hybridbatch.data.readers.ownsets import read_own_set
from hybridbatch.data.readers.pairtables import read_own_pairs
from hybridbatch.data.readers.passages import passage_batches
from hybridbatch.data.readers.problems import BadDataError
from hybridbatch.data.readers.reading import Reading
from valid_files import (
    CORPUS,
    ENGLISH,
    QRELS,
    QUERIES,
    beir_files,
    lines,
    tables,
    write_beir,
    write_beir_languages,
    write_mteb,
    write_trec,
    write_trec_lines,
    write_trec_xml,
)

# What every writer of `valid_files` holds: query, passage and relevance with their language.
JUDGED = [("en:q1", "en:p1", 1), ("en:q2", "en:p2", 2), ("en:q2", "en:p3", 0)]


def rows_of(table: pa.Table, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in table.to_pylist()]


def judged(found: RetrievalSet) -> list[tuple[Any, ...]]:
    return rows_of(found.qrels, "query_id", "passage_id", "relevance")


@pytest.mark.parametrize(
    "write", [write_beir, write_mteb, write_trec, write_trec_xml, write_trec_lines]
)
def test_formats_of_one_language_give_the_same_tables(tmp_path: Path, write: Any) -> None:
    found = read_own_set(write(tmp_path), reading=ENGLISH)
    assert judged(found) == JUDGED
    assert rows_of(found.queries, "query_id", "item_id", "language", "text") == [
        ("en:q1", "en:q1", "en", "Who keeps the light?"),
        ("en:q2", "en:q2", "en", "Who sleeps?"),
    ]
    assert rows_of(found.passages, "passage_id", "title", "text") == [
        ("en:p1", "Ann", "Ann keeps the light."),
        ("en:p2", "", "Bees sleep at night 😀."),
        ("en:p3", "Only a title", ""),
    ]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_own_tables_state_their_languages(tmp_path: Path, ending: str) -> None:
    found = read_own_set(tables(ending)(tmp_path))
    assert judged(found) == JUDGED
    assert found.queries["item_id"].to_pylist() == ["q1", "q2"]


def test_a_folder_for_each_language(tmp_path: Path) -> None:
    found = read_own_set(write_beir_languages(tmp_path))
    assert [row[0] for row in judged(found)] == [
        "de:q1",
        "de:q2",
        "de:q2",
        "en:q1",
        "en:q2",
        "en:q2",
    ]
    assert found.queries["item_id"].to_pylist() == ["de:q1", "de:q2", "en:q1", "en:q2"]
    parallel = Reading(columns=(("queries.item_id", "_id"),))
    found = read_own_set(tmp_path / "beir", reading=parallel)
    assert found.queries["item_id"].to_pylist() == ["q1", "q2", "q1", "q2"]


def test_mteb_names_languages_before_the_tables(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_mteb(tmp_path / "a")
    top = tmp_path / "mteb"
    top.mkdir()
    for language in ("de", "en"):
        for name, to in (("corpus", "corpus"), ("queries", "queries"), ("data", "qrels")):
            source = tmp_path / "a" / "mteb" / name
            (top / f"{language}-{to}").mkdir()
            for file in source.iterdir():
                (top / f"{language}-{to}" / file.name).write_bytes(file.read_bytes())
    found = read_own_set(top)
    assert found.passages["passage_id"].to_pylist() == [
        f"{code}:p{number}" for code in ("de", "en") for number in (1, 2, 3)
    ]


def test_mteb_from_saved_datasets(tmp_path: Path) -> None:
    datasets.disable_progress_bars()
    top = tmp_path / "mteb"
    own = [{k: v for k, v in row.items() if k != "metadata"} for row in CORPUS]
    judged_rows = [dict(zip(("query-id", "corpus-id", "score"), row, strict=True)) for row in QRELS]
    parts = (
        ("corpus", "corpus", own),
        ("queries", "queries", QUERIES),
        ("default", "test", judged_rows),
    )
    for name, split, rows in parts:
        saved = {split: datasets.Dataset.from_list(rows)}
        if name == "default":
            saved["dev"] = saved["test"].select([0])
        datasets.DatasetDict(saved).save_to_disk(top / name)
    assert judged(read_own_set(top, reading=ENGLISH)) == JUDGED
    dev = read_own_set(top, reading=Reading(language="en", split="dev"))
    assert judged(dev) == JUDGED[:1]
    assert dev.queries["query_id"].to_pylist() == ["en:q1"]  # q2 has no judgement in dev


def test_several_splits_without_test_must_be_chosen(tmp_path: Path) -> None:
    path = write_beir(tmp_path)
    (path / "qrels" / "test.tsv").rename(path / "qrels" / "dev.tsv")
    (path / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp2\t1\n")
    with pytest.raises(HybridBatchError, match=r"judgements of dev, train; set `split` to one"):
        read_own_set(path, reading=ENGLISH)
    train = read_own_set(path, reading=Reading(language="en", split="train"))
    assert judged(train) == [("en:q1", "en:p2", 1)]


@pytest.mark.parametrize("write", [write_trec, write_trec_lines])
def test_collections_of_trec_are_cut_into_shards(tmp_path: Path, write: Any) -> None:
    folder = write(tmp_path)
    (file,) = folder.glob("collection.*")
    whole = pa.concat_tables(passage_batches(file, ENGLISH, format="trec", rows=2))
    assert whole.equals(read_own_set(folder, reading=ENGLISH).passages)


def test_pairs_are_trained_on_the_judgements_of_train(tmp_path: Path) -> None:
    path = write_beir(tmp_path)
    (path / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp2\t1\n")
    assert judged(read_own_set(path, reading=ENGLISH)) == JUDGED
    pairs = read_own_pairs(path, source="mine", reading=ENGLISH)
    assert rows_of(pairs, "question", "passage") == [
        ("Who keeps the light?", "Bees sleep at night 😀.")
    ]
    test = read_own_pairs(path, source="mine", reading=Reading(language="en", split="test"))
    assert test.num_rows == 2


def test_the_language_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match="no language; set `language`, or put each language"):
        read_own_set(write_beir(tmp_path))


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = write_beir(tmp_path)
    (path / "corpus.jsonl").write_text(
        lines([*CORPUS, {"_id": "p 4", "text": "x"}, {"_id": "p5", "text": " "}, {"_id": "p6"}])
    )
    (path / "queries.jsonl").write_text(lines([*QUERIES, {"_id": "q1", "text": "Again?"}]) + "{")
    with (path / "qrels" / "test.tsv").open("a") as file:
        file.write("q9\tp1\t1\nq1\tp9\t1\nq1\tp2\t-1\nq2\tp1\tmany\nq2\tp1\n")
    with pytest.raises(BadDataError) as caught:
        read_own_set(path, reading=ENGLISH)
    told = "\n".join(caught.value.problems)
    for expected in (
        "queries.jsonl: line 4: not readable as JSON (column 2",
        "queries.jsonl: line 3: query_id='en:q1' occurs 2 times, first in line 1",
        "corpus.jsonl: line 4: `passage_id` 'en:p 4' holds white space",
        "corpus.jsonl: line 5: `text` is blank and so is `title`",
        "corpus.jsonl: line 6: `text` is null; give it a value",
        "test.tsv: line 5: `query_id` 'q9' is not among the query ids",
        "test.tsv: line 6: `passage_id` 'p9' is not among the passage ids",
        "test.tsv: line 7: `relevance` is -1; use 0 for not relevant",
        "test.tsv: line 8: `score` is 'many'; make it a whole number",
        "test.tsv: line 9 has 2 columns, the header 3",
    ):
        assert expected in told
    assert caught.value.count == len(caught.value.problems) == 10
    assert "\n" not in str(caught.value)


def test_only_the_first_problems_are_shown_and_all_counted(tmp_path: Path) -> None:
    path = write_beir(tmp_path)
    (path / "corpus.jsonl").write_text(lines([{"_id": f"p{n}", "text": ""} for n in range(1000)]))
    with pytest.raises(BadDataError, match="the first of 1,000 problems") as caught:
        read_own_set(path, reading=ENGLISH)
    assert len(caught.value.problems) == 20


def test_an_id_of_two_languages_needs_its_language(tmp_path: Path) -> None:
    path = tables("csv")(tmp_path)
    rows = "query_id,language,text\n1,en,Who?\n1,de,Wer?\n2,de,Wann?\n"
    (path / "queries.csv").write_text(rows)
    (path / "qrels.csv").write_text("query_id,passage_id,relevance\nde:1,p1,1\n1,p1,1\n2,p1,1\n")
    with pytest.raises(
        HybridBatchError, match=r"qrels\.csv: line 3: `query_id` '1' is an id in seve"
    ):
        read_own_set(path)
    (path / "qrels.csv").write_text("query_id,passage_id,relevance\nde:1,p1,1\nen:1,p1,1\n2,p1,1\n")
    assert [row[0] for row in judged(read_own_set(path))] == ["de:1", "en:1", "de:2"]


def test_columns_of_a_set_are_named_with_their_table(tmp_path: Path) -> None:
    path = tables("csv")(tmp_path)
    (path / "queries.csv").write_text("nr,language,words,note\nq1,en,Who?,x\nq2,en,When?,y\n")
    reading = Reading(columns=(("queries.query_id", "nr"), ("queries.text", "words")))
    assert read_own_set(path, reading=reading).queries["text"].to_pylist() == ["Who?", "When?"]
    with pytest.raises(
        HybridBatchError, match=r"missing: query_id, text, unexpected: nr, words, no"
    ):
        read_own_set(path)


def test_a_table_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tables("csv")(tmp_path)
    (path / "qrels.csv").unlink()
    with pytest.raises(HybridBatchError, match="queries, passages without qrels; a benchmark's"):
        read_own_set(path)


def test_pairs_are_a_benchmark_across_languages(tmp_path: Path) -> None:
    """Two items share a passage; the second passage of a question is an item of its group."""
    rows = [
        ("1", "en", "Who?", "Ann.", "1"),
        ("1", "de", "Wer?", "Anna.", "1"),
        ("2", "en", "Which?", "Ann.", "2"),
        ("3", "en", "Who?", "It was her.", "1"),
    ]
    names = ("item_id", "language", "question", "passage", "question_group")
    text = lines([dict(zip(names, row, strict=True)) for row in rows])
    (tmp_path / "mine.jsonl").write_text(text)
    found = read_own_set(tmp_path / "mine.jsonl")
    assert rows_of(found.queries, "query_id", "item_id", "text") == [
        ("en:1", "1", "Who?"), ("de:1", "1", "Wer?"), ("en:2", "2", "Which?"),
    ]  # fmt: skip
    assert rows_of(found.passages, "passage_id", "text") == [
        ("en:1", "Ann."), ("de:1", "Anna."), ("en:3", "It was her."),
    ]  # fmt: skip
    relevant = {query: set() for query in ("en:1", "de:1", "en:2")}
    for query, passage, _ in judged(found):
        relevant[query].add(passage)
    assert relevant == {
        "en:1": {"en:1", "de:1", "en:3"},
        "de:1": {"en:1", "de:1", "en:3"},
        "en:2": {"en:1"},
    }


def test_a_retrieval_set_is_pairs(tmp_path: Path) -> None:
    path = write_beir(tmp_path)
    with (path / "qrels" / "test.tsv").open("a") as file:
        file.write("q1\tp2\t1\n")
    table = read_own_pairs(path, source="mine", reading=ENGLISH)
    assert rows_of(table, "item_id", "question_group", "passage") == [
        ("en:q1", "en:q1", "Ann Ann keeps the light."),
        ("en:q1+1", "en:q1", "Bees sleep at night 😀."),
        ("en:q2", "en:q2", "Bees sleep at night 😀."),
    ]


def test_types_are_cast_without_loss(tmp_path: Path) -> None:
    path = tables("parquet")(tmp_path)
    queries = pl.DataFrame(
        {"query_id": [1, 2], "item_id": [7, 8], "language": ["en", "en"], "text": ["Who?", "When?"]}
    ).with_columns(pl.col("language").cast(pl.Categorical))
    queries.write_parquet(path / "queries.parquet")
    passages = pa.table(
        {
            "passage_id": pa.array([10, 11], pa.uint16()),
            "language": pa.array(["en", "en"]).dictionary_encode(),
            "title": pa.nulls(2),
            "text": pa.array(["Ann.", "Now."], pa.string_view()),
        }
    )
    pq.write_table(passages, path / "passages.parquet")
    for relevance in (pa.int64(), pa.uint8(), pa.float64()):
        qrels = {
            "query_id": [1, 2],
            "passage_id": [10, 11],
            "relevance": pa.array([1, 2], relevance),
        }
        pq.write_table(pa.table(qrels), path / "qrels.parquet")
        found = read_own_set(path)
        assert judged(found) == [("en:1", "en:10", 1), ("en:2", "en:11", 2)]
    assert found.queries["item_id"].to_pylist() == ["7", "8"]
    half = pa.table({"query_id": [1, 2], "passage_id": [10, 11], "relevance": [0.5, 2.0**40]})
    pq.write_table(half, path / "qrels.parquet")
    with pytest.raises(
        BadDataError, match=r"row 0: `relevance` is 0\.5; make it a whole"
    ) as caught:
        read_own_set(path)
    assert caught.value.count >= 2


@pytest.mark.parametrize("wrong", ["1_000", "１", "", "1.5", "0x1", "9" * 30])
def test_relevance_in_a_text_file_is_written_in_digits(tmp_path: Path, wrong: str) -> None:
    path = tables("csv")(tmp_path)
    judgements = "query_id,passage_id,relevance\nq1,p1,1.0\nq2,p2, 2\n"
    (path / "qrels.csv").write_text(judgements)
    assert [row[2] for row in judged(read_own_set(path))] == [1, 2]
    (path / "qrels.csv").write_text(f"{judgements}q2,p3,{wrong}\n", encoding="utf-8")
    with pytest.raises(HybridBatchError, match=r"line 4: `relevance` is .*; make it a whole"):
        read_own_set(path)


def test_trec_topics_have_several_fields(tmp_path: Path) -> None:
    path = write_trec(tmp_path)
    reading = Reading(language="en", columns=(("queries.text", "desc"),))
    assert read_own_set(path, reading=reading).queries["text"].to_pylist() == ["More.", "More."]
    text = (path / "collection.trec").read_text().replace("</DOC>", "", 1)
    (path / "collection.trec").write_text(text)
    with pytest.raises(HybridBatchError, match=r"line 1: an entry begins inside another; look for"):
        read_own_set(path, reading=ENGLISH)


def test_two_files_of_one_table_are_refused(tmp_path: Path) -> None:
    path = write_beir(tmp_path)
    (path / "corpus.jsonl.gz").write_bytes(b"")
    with pytest.raises(HybridBatchError, match=r"corpus\.jsonl\.gz is there too; keep one of them"):
        read_own_set(path, reading=ENGLISH)


def test_a_folder_of_languages_may_not_hold_other_layouts(tmp_path: Path) -> None:
    beir_files(tmp_path / "set" / "tr")
    (tmp_path / "set" / "notes").mkdir()
    (tmp_path / "set" / "notes" / "x.jsonl").write_text(json.dumps({"a": 1}))
    assert read_own_set(tmp_path / "set").passages.num_rows == len(CORPUS)
