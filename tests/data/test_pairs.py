"""Pairs of every source: items, groups, and the checks of the user's own."""

import argparse
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table, table_from_rows
from hybridbatch.data.pairs import Options, build_pairs, run
from hybridbatch.data.sources.catalog import files_of
from hybridbatch.data.sources.merging import merge_pairs
from hybridbatch.schemas import every as schemas

DATA = Path(__file__).parent / "lareqa"
MIRROR = os.environ.get("HYBRIDBATCH_MIRROR", "")
needs_mirror = pytest.mark.skipif(
    not MIRROR or not Path(MIRROR).is_dir(), reason="set HYBRIDBATCH_MIRROR to a folder"
)
OWN = tiny.made_options(Options, "pairs", name="mine", kind="parquet")


def pair(item: str, language: str, question: str, passage: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "item_id": item,
        "question_group": item,
        "passage_group": item,
        "language": language,
        "question": question,
        "passage": passage,
        "source": "mine",
        "split": "train",
        "hard_negatives": [],
    }
    return row | changes


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(table_from_rows(rows, schemas.PAIRS), path)
    return path


def column(table: pa.Table, name: str) -> dict[tuple[str, str], Any]:
    """(item_id, language) -> value."""
    rows = table.select(["item_id", "language", name]).to_pylist()
    return {(row["item_id"], row["language"]): row[name] for row in rows}


def test_the_passage_of_mlqa_r_is_the_gold_sentence() -> None:
    options = tiny.made_options(Options, "pairs", name="mlqa-r", kind="mlqa-r")
    table = build_pairs(options, [DATA / "en.json", DATA / "de.json"])
    assert table.to_pylist()[1] == {
        "item_id": "q2",
        "question_group": "q2",
        "passage_group": "q2",
        "language": "de",
        "question": "Wer hütete den Leuchtturm?",
        "passage": "Seine Wärterin Ann ging 1961.",
        "source": "mlqa-r",
        "split": "train",
        "hard_negatives": [],
    }
    assert list(column(table, "source")) == [
        ("q1", "en"), ("q2", "de"), ("q2", "en"), ("q3", "de"), ("q3", "en"),
    ]  # fmt: skip


@needs_mirror
def test_eight_pairs_of_mlqa_r_items_share_a_passage() -> None:
    paths = [Path(MIRROR) / file.path for file in files_of("mlqa-r")]
    table = build_pairs(tiny.made_options(Options, "pairs", name="mlqa-r", kind="mlqa-r"), paths)
    items = pl.DataFrame(table.select(["item_id", "question_group", "passage_group"])).unique()
    assert items.height == items["question_group"].n_unique() == 1148
    sizes = Counter(Counter(items["passage_group"].to_list()).values())
    assert sizes == {1: 1132, 2: 8}
    # None of the eight pairs shares it in English.
    english = [row["passage"] for row in table.to_pylist() if row["language"] == "en"]
    assert len(english) == len(set(english)) == 1148


@needs_mirror
def test_ntrex_gives_964_items_in_every_language() -> None:
    paths = [Path(MIRROR) / file.path for file in files_of("ntrex-128")]
    table = build_pairs(
        tiny.made_options(Options, "pairs", name="ntrex-128", kind="ntrex-128"), paths
    )
    assert Counter(table["language"].to_pylist()) == dict.fromkeys(
        ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"), 964
    )
    assert set(table["source"].to_pylist()) == {"ntrex-128"}


def test_equal_passages_join_their_groups_across_languages(tmp_path: Path) -> None:
    # 1 and 2 share the German passage (case apart), 2 and 3 the English question.
    rows = [
        pair("1", "de", "Wo liegt Ulm?", "An der Donau."),
        pair("1", "en", "Where is Ulm?", "On the Danube."),
        pair("2", "de", "Wo liegt Linz?", "an der  Donau."),
        pair("2", "en", "Where is it?", "By the Danube."),
        pair("3", "en", "where is IT?", "In Peru."),
        pair("4", "tr", "Bu nerede?", "In Peru."),
    ]
    table = build_pairs(OWN, [written(tmp_path / "pairs.parquet", rows)])
    assert column(table, "passage_group") == {
        ("1", "de"): "1", ("1", "en"): "1", ("2", "de"): "1", ("2", "en"): "1",
        ("3", "en"): "3", ("4", "tr"): "4",
    }  # fmt: skip
    assert column(table, "question_group") == {
        ("1", "de"): "1", ("1", "en"): "1", ("2", "de"): "2", ("2", "en"): "2",
        ("3", "en"): "2", ("4", "tr"): "4",
    }  # fmt: skip


def test_the_stage_names_the_source_as_the_config_does(tmp_path: Path) -> None:
    rows = [pair("b", "en", "Who?", "Ann."), pair("a", "en", "When?", "Now.")]
    args = argparse.Namespace(
        options=json.dumps({"name": "faq", "kind": "parquet"}),
        input=[written(tmp_path / "pairs.parquet", rows)],
        output=tmp_path / "faq.parquet",
    )
    run(args)
    table = read_table(tmp_path / "faq.parquet", schemas.PAIRS)
    assert table["item_id"].to_pylist() == ["a", "b"]
    assert table["source"].to_pylist() == ["faq", "faq"]


def test_a_file_that_polars_wrote_will_do(tmp_path: Path) -> None:
    rows = [pair("a", "en", "When?", "Now.", hard_negatives=["Never."])]
    pl.DataFrame(rows).write_parquet(tmp_path / "pairs.parquet")
    table = build_pairs(OWN, [tmp_path / "pairs.parquet"])
    assert table.schema == schemas.PAIRS.arrow
    assert table["hard_negatives"].to_pylist() == [["Never."]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": " "}, "row 1: `question` is blank"),
        ({"passage": "\n"}, "row 1: `passage` is blank"),
        ({"passage_group": ""}, "row 1: `passage_group` is blank"),
        ({"language": "english"}, "row 1: `language`: 'english' is not a language code"),
        ({"split": "dev"}, "row 1: `split` is 'dev'; use one of train, validation, test"),
        ({"split": "test"}, "row 1: item '1' has split 'test' here, but another in an earlier"),
        ({"question_group": "9"}, "row 1: item '1' has question_group '9' here, but another"),
        ({"passage_group": "9"}, "row 1: item '1' has passage_group '9' here, but another"),
        ({"hard_negatives": [""]}, "row 1: `hard_negatives` holds a blank text"),
        ({"hard_negatives": ["No.", "Ja."]}, "row 1: `hard_negatives` holds the passage of its"),
        ({"language": "en"}, "row 1: item_id='1', language='en' occurs 2 times, first in row 0"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    rows = [pair("1", "en", "Is it?", "Yes."), pair("1", "de", "Ist es?", "Ja.") | changes]
    path = written(tmp_path / "pairs.parquet", rows)
    with pytest.raises(HybridBatchError) as caught:
        build_pairs(OWN, [path])
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_null_among_the_hard_negatives_is_named(tmp_path: Path) -> None:
    pl.DataFrame([pair("1", "en", "Is it?", "Yes.", hard_negatives=["No.", None])]).write_parquet(
        tmp_path / "pairs.parquet"
    )
    with pytest.raises(HybridBatchError, match="row 0: `hard_negatives` holds a null"):
        build_pairs(OWN, [tmp_path / "pairs.parquet"])


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match=r"pairs\.parquet: no rows"):
        build_pairs(OWN, [written(tmp_path / "pairs.parquet", [])])


def test_wrong_inputs(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match="source mine needs a file of pairs"):
        build_pairs(OWN, [])
    with pytest.raises(HybridBatchError, match="kind is 'x'; use parquet or"):
        build_pairs(tiny.made_options(Options, "pairs", name="x", kind="x"), [])
    with pytest.raises(HybridBatchError, match="no such file or folder; correct"):
        build_pairs(OWN, [tmp_path / "none.parquet"])
    rows = [pair("1", "en", "Is it?", "Yes.")]
    files = [written(tmp_path / name, rows) for name in ("a.parquet", "b.parquet")]
    with pytest.raises(
        HybridBatchError, match=r"a\.parquet, .*b\.parquet: row 1: item_id='1', lang"
    ):
        build_pairs(OWN, files)


def test_merging_keeps_ids_of_two_sources_apart_and_joins_equal_texts() -> None:
    # Both sources call an item `1`; they are different. `f2` has the passage of `w1`.
    wiki = [
        pair("1", "en", "Who?", "Ann.", source="wiki"),
        pair("w1", "en", "What?", "A bridge.", source="wiki"),
    ]
    faq = [
        pair("1", "en", "Where?", "Here.", source="faq"),
        pair("f2", "en", "Which thing?", "a bridge.", source="faq"),
    ]
    merged = merge_pairs([table_from_rows(rows, schemas.PAIRS) for rows in (wiki, faq)])
    assert merged["item_id"].to_pylist() == ["wiki:1", "w1", "faq:1", "f2"]
    assert merged["question_group"].to_pylist() == ["wiki:1", "w1", "faq:1", "f2"]
    assert merged["passage_group"].to_pylist() == ["wiki:1", "f2", "faq:1", "f2"]
    assert merged["source"].to_pylist() == ["wiki", "wiki", "faq", "faq"]
    assert merged.schema == schemas.PAIRS.arrow


def test_one_source_stays_as_it_is() -> None:
    table = table_from_rows([pair("1", "en", "Who?", "Ann.")], schemas.PAIRS)
    assert merge_pairs([table]).equals(table)


def test_nothing_or_the_same_source_twice_cannot_be_merged() -> None:
    table = table_from_rows([pair("1", "en", "Who?", "Ann.")], schemas.PAIRS)
    with pytest.raises(HybridBatchError, match="no file of pairs"):
        merge_pairs([])
    with pytest.raises(HybridBatchError, match="item_id='1', language='en' occurs 2 times"):
        merge_pairs([table, table])
