"""What training shares with a benchmark: a shared item stops, a shared text is counted."""

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table, table_from_rows
from hybridbatch.data.overlap import find_overlap, run
from hybridbatch.schemas import every as schemas

# Queries and passages of the benchmark.
QUERIES = [("en:7", "7", "Who built it?"), ("de:7", "7", "Wer hat es gebaut?"), ("en:8", "8", "?")]
PASSAGES = [("en:a", "Ann built it."), ("de:a", "Ann hat es gebaut."), ("en:b", "It is Straße 5.")]


def pair(item: str, language: str, question: str, passage: str, split: str) -> dict[str, Any]:
    return {
        "item_id": item,
        "question_group": item,
        "passage_group": item,
        "language": language,
        "question": question,
        "passage": passage,
        "source": "faq",
        "split": split,
        "hard_negatives": [],
    }


TRAINING = [
    pair("1", "en", "Who BUILT  it?", "Nobody knows.", "train"),
    pair("2", "en", "Where?", "it is STRASSE 5.", "validation"),
    pair("3", "en", "Who built it?", "Ann built it.", "test"),  # not trained on
    pair("4", "hi", "Ann hat es gebaut.", "Who built it?", "train"),  # the wrong way round
]
SHARED = [*TRAINING, pair("7", "ar", "من بناه؟", "بنته آن.", "train")]


def tables(rows: list[dict[str, Any]]) -> tuple[pa.Table, pa.Table, pa.Table]:
    queries = [
        {"query_id": query, "item_id": item, "language": query[:2], "text": text}
        for query, item, text in QUERIES
    ]
    passages = [
        {"passage_id": passage, "language": passage[:2], "title": "", "text": text}
        for passage, text in PASSAGES
    ]
    return (
        table_from_rows(rows, schemas.PAIRS),
        table_from_rows(queries, schemas.QUERIES),
        table_from_rows(passages, schemas.PASSAGES),
    )


def arguments(folder: Path, rows: list[dict[str, Any]], **options: Any) -> argparse.Namespace:
    pairs, queries, passages = tables(rows)
    (folder / "benchmark").mkdir()
    pq.write_table(pairs, folder / "pairs.parquet")
    pq.write_table(queries, folder / "benchmark" / "queries.parquet")
    pq.write_table(passages, folder / "benchmark" / "passages.parquet")
    return argparse.Namespace(
        allow_contaminated=False,
        options=json.dumps({"recipe": "quick", "benchmark": "bridges", **options}),
        pairs=[folder / "pairs.parquet"],
        benchmark=folder / "benchmark",
        output=folder / "overlap.parquet",
    )


def found(table: pa.Table) -> list[tuple[str, str, str, str]]:
    return [
        (row["kind"], row["item_id"], row["language"], row["text"]) for row in table.to_pylist()
    ]


def test_questions_are_held_against_queries_and_passages_against_passages() -> None:
    assert found(find_overlap(*tables(TRAINING))) == [
        ("passage", "2", "en", "it is STRASSE 5."),
        ("question", "1", "en", "Who BUILT  it?"),
    ]


def test_hard_negatives_are_held_against_passages() -> None:
    negatives = ["ANN hat es gebaut.", "Nobody.", "Who built it?", "It is Straße  5."]
    rows = [
        TRAINING[0] | {"hard_negatives": negatives},
        TRAINING[2] | {"hard_negatives": ["It is Straße 5."]},  # of split test
    ]
    assert [row for row in found(find_overlap(*tables(rows))) if row[0] == "hard_negative"] == [
        ("hard_negative", "1", "en", "ANN hat es gebaut."),
        ("hard_negative", "1", "en", "It is Straße  5."),
    ]


def test_a_shared_item_is_found_by_its_id_in_whatever_language() -> None:
    assert found(find_overlap(*tables(SHARED)))[0] == ("item", "7", "ar", "من بناه؟")


def test_only_the_languages_trained_on_count() -> None:
    assert found(find_overlap(*tables(SHARED), languages=("en",))) == [
        ("passage", "2", "en", "it is STRASSE 5."),
        ("question", "1", "en", "Who BUILT  it?"),
    ]


def test_nothing_in_common() -> None:
    table = find_overlap(*tables(TRAINING[3:]))
    assert table.num_rows == 0
    assert table.schema == schemas.OVERLAP.arrow


def test_shared_texts_are_counted_and_do_not_stop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run(arguments(tmp_path, TRAINING))
    message = "recipe quick and bridges share 0 of 2 items; 1 training questions, 1 training pass"
    assert message in caplog.text
    assert read_table(tmp_path / "overlap.parquet", schemas.OVERLAP).num_rows == 2


def test_a_shared_item_stops_unless_allowed(tmp_path: Path) -> None:
    args = arguments(tmp_path, SHARED)
    message = (
        r"recipe quick trains on 1 of the 2 items of benchmark bridges \(source faq\), of which 0 "
        r"also share a question; drop the source .* or set `allow_contaminated: true`, or, if "
        r"the ids are equal by chance, give the items other ids"
    )
    with pytest.raises(HybridBatchError, match=message):
        run(args)
    assert not args.output.exists()
    args.allow_contaminated = True
    run(args)
    assert read_table(args.output, schemas.OVERLAP)["kind"].to_pylist() == [
        "item",
        "passage",
        "question",
    ]


def test_the_error_says_how_many_shared_ids_share_a_question_too(tmp_path: Path) -> None:
    rows = [
        pair("7", "en", "who BUILT it?", "Nobody.", "train"),
        pair("7", "de", "Wer?", "Niemand.", "train"),  # counts once, with the other language
        pair("8", "en", "Who built it?", "Ann.", "train"),  # the question of another item
    ]
    with pytest.raises(HybridBatchError, match=r"on 2 of the 2 items .*, of which 1 also share a"):
        run(arguments(tmp_path, rows))


def test_a_shared_item_of_a_language_that_is_not_trained_on_does_not_stop(tmp_path: Path) -> None:
    args = arguments(tmp_path, SHARED, languages=["en", "hi"])
    run(args)
    assert read_table(args.output, schemas.OVERLAP).num_rows == 2
