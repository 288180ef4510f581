"""The user's own pairs, in each format that is read."""

import json
from pathlib import Path

import pytest

from hybridbatch import schemas
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import check_table
from hybridbatch.sources.ownpairs import read_own_pairs

ROWS = [
    {"item_id": "007", "language": "en", "question": "Is it NA?", "passage": 'It is "NA", yes.'},
    {"item_id": "007", "language": "tr", "question": "NA mı?", "passage": "Evet, öyle."},
]
COMPLETED = {
    "question_group": "007",
    "passage_group": "007",
    "source": "mine",
    "split": "train",
    "hard_negatives": [],
}


def lines(*rows: dict) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


CSV = (
    "item_id,language,question,passage\n"
    '007,en,Is it NA?,"It is ""NA"", yes."\n'
    '007,tr,NA mı?,"Evet, öyle."\n'
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.jsonl", lines(*ROWS)),
        ("mine.csv", CSV),
        ("mine.tsv", CSV.replace("en,Is", "en\tIs").replace("tr,NA", "tr\tNA")
         .replace("007,", "007\t").replace("?,", "?\t").replace("item_id,language,question,passage",
         "item_id\tlanguage\tquestion\tpassage")),
    ],
)  # fmt: skip
def test_four_columns_are_enough(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    table = read_own_pairs(tmp_path / name, source="mine")
    check_table(table, schemas.PAIRS, origin=name)
    assert table.to_pylist() == [row | COMPLETED for row in ROWS]


def test_given_columns_stay(tmp_path: Path) -> None:
    given = COMPLETED | {"passage_group": "p", "hard_negatives": ["no", "nein"]}
    (tmp_path / "mine.jsonl").write_text(lines(*(row | given for row in ROWS)), encoding="utf-8")
    table = read_own_pairs(tmp_path / "mine.jsonl", source="other")
    assert table.to_pylist() == [row | given for row in ROWS]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mine.jsonl", lines({"item_id": "1"}), "missing: language, question, passage"),
        ("mine.jsonl", lines(ROWS[0] | {"answer": "x"}), "unexpected: answer"),
        ("mine.jsonl", lines(ROWS[0] | {"question": None}, ROWS[1]), "row 0: `question` is null"),
        ("mine.jsonl", lines(ROWS[0] | {"item_id": 7}), "column `item_id` of pairs is int64"),
        ("mine.jsonl", lines(ROWS[0], ROWS[0]), "occurs 2 times"),
        ("mine.jsonl", '{"item_id": "1"', "not readable as jsonl"),
        ("mine.csv", "", "not readable as csv"),
        ("mine.xlsx", "x", "pairs are read from .parquet, .jsonl, .json, .csv, .tsv"),
    ],
)
def test_what_is_wrong_stands_in_one_line(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(HybridBatchError) as caught:
        read_own_pairs(tmp_path / name, source="mine")
    assert str(tmp_path / name) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match=r"none\.jsonl: no such file"):
        read_own_pairs(tmp_path / "none.jsonl", source="mine")
