"""The user's own pairs, in each format that is read."""

import json
import sys
from pathlib import Path

import datasets
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import check_table
from hybridbatch.data.readers.pairtables import read_own_pairs
from hybridbatch.schemas import every as schemas

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


TSV = (
    "item_id\tlanguage\tquestion\tpassage\n"
    '007\ten\tIs it NA?\tIt is "NA", yes.\n'
    "007\ttr\tNA mı?\tEvet, öyle.\n"
)
HEAD = "item_id,language,question,passage\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.jsonl", lines(*ROWS)),
        ("mine.csv", CSV),
        ("mine.tsv", TSV),
    ],
)
def test_four_columns_are_enough(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    table = read_own_pairs(tmp_path / name, source="mine")
    check_table(table, schemas.PAIRS, origin=name)
    assert table.to_pylist() == [row | COMPLETED for row in ROWS]


def test_a_saved_dataset_is_read(tmp_path: Path) -> None:
    hard = [["no"], None]
    rows = [row | {"hard_negatives": own} for row, own in zip(ROWS, hard, strict=True)]
    datasets.Dataset.from_list(rows).save_to_disk(tmp_path / "mine")
    table = read_own_pairs(tmp_path / "mine", source="mine")
    own = [{"hard_negatives": ["no"]}, {"hard_negatives": []}]
    assert table.to_pylist() == [a | COMPLETED | b for a, b in zip(ROWS, own, strict=True)]


def test_a_broken_dataset_is_named(tmp_path: Path) -> None:
    datasets.Dataset.from_list([ROWS[0] | {"passage": None}]).save_to_disk(tmp_path / "null")
    with pytest.raises(HybridBatchError, match="null: row 0: `passage` is null; give it a value"):
        read_own_pairs(tmp_path / "null", source="mine")
    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "cut")
    (data,) = (tmp_path / "cut").glob("*.arrow")
    data.write_bytes(data.read_bytes()[:40])
    with pytest.raises(HybridBatchError, match="cut: not readable as a dataset"):
        read_own_pairs(tmp_path / "cut", source="mine")


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
        ("mine.jsonl", lines(ROWS[1], ROWS[0] | {"passage": None}), "line 2: `passage` is null"),
        ("mine.jsonl", lines(ROWS[0] | {"passage": 7}), "line 1: `passage` is 7; make it a text"),
        ("mine.jsonl", lines(ROWS[0] | {"item_id": True}), "line 1: `item_id` is True; make it a"),
        ("mine.jsonl", lines(ROWS[0] | {"hard_negatives": "x"}), "'x'; make it a list of texts"),
        ("mine.jsonl", lines(ROWS[0], ROWS[0]), "occurs 2 times"),
        ("mine.jsonl", "", "no rows; it should hold at least one"),
        ("mine.jsonl", lines(ROWS[0]) + '\n{"item_id": "1"', "line 3: not readable as JSON (col"),
        ("mine.jsonl", '["1"]', "line 1 is not a JSON object; write one object per line"),
        ("mine.jsonl", json.dumps(ROWS[0] | {"question": "\ud83d"}), "holds half a character"),
        ("mine.csv", "", "no header; its first line should name the columns"),
        ("mine.csv", HEAD, "no rows; it should hold at least one"),
        ("mine.csv", HEAD + "1,en,Is it?,Yes,no\n", "line 2 has 5 columns, the header 4; look for"),
        ("mine.csv", HEAD + "1,en,Is it?\n", "line 2 has 3 columns, the header 4; look for"),
        (
            "mine.csv",
            HEAD.replace("\n", ",hard_negatives\n1,en,Who?,Ann.,No\n"),
            "use .jsonl or .parquet",
        ),
        ("mine.tsv", TSV + "8\ten\tIs it?\tYes\tno\n", "line 4 has 5 columns, the header 4"),
        ("mine.odd", "x", "data are read from .parquet, .arrow, .feather, .ipc, .jsonl, .json"),
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


def test_a_quotation_mark_is_a_text_in_tab_separated_lines(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "item_id": str(n), "question": '"To be" is by whom?'} for n in range(3)]
    text = "".join("\t".join(row.values()) + "\n" for row in rows)
    (tmp_path / "mine.tsv").write_text(TSV.splitlines(keepends=True)[0] + text, encoding="utf-8")
    found = read_own_pairs(tmp_path / "mine.tsv", source="mine").to_pylist()
    assert [{key: row[key] for key in ROWS[0]} for row in found] == rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        # The mark stands for itself; or the text has no end; or it ends rows later, at a mark
        # inside a text, at the end of one, or where the number of columns is right by chance.
        ('1,en,"To be" is by whom?,W. S.\n', "line 2 is not readable as csv"),
        ('1,en,Who?,W. S.\n2,en,"Who?,W. S.\n3,en,Who?,W. S.\n', "line 3 is not readable as csv"),
        ('1,en,"Who?,W. S.\n2,en,Is it "so"?,Yes.\n', "line 2 is not readable as csv"),
        ('1,en,"Who?,W. S.\n2,en,Who?,W. S. said "so"\n', "line 2 is not readable as csv"),
    ],
)
def test_rows_are_not_swallowed_by_a_quotation_mark(
    tmp_path: Path, rows: str, message: str
) -> None:
    (tmp_path / "mine.csv").write_text(HEAD + rows, encoding="utf-8")
    with pytest.raises(HybridBatchError, match=message):
        read_own_pairs(tmp_path / "mine.csv", source="mine")


def test_a_quoted_text_may_have_lines(tmp_path: Path) -> None:
    text = HEAD + '1,en,Who?,"W. S.,\nthat is, it was, I think, he."\n'
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    (row,) = read_own_pairs(tmp_path / "mine.csv", source="mine").to_pylist()
    assert row["passage"] == "W. S.,\nthat is, it was, I think, he."


@pytest.mark.parametrize(("name", "text"), [("mine.jsonl", lines(*ROWS)), ("mine.csv", CSV)])
@pytest.mark.parametrize("encoding", ["iso-8859-9", "utf-16"])
def test_a_file_in_another_encoding_is_named(
    tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    (tmp_path / name).write_text(text, encoding=encoding)
    with pytest.raises(
        HybridBatchError, match=rf"{name}: line \d: the text is not UTF-8; save the file as"
    ):
        read_own_pairs(tmp_path / name, source="mine")


def test_what_only_some_rows_give_is_filled_in(tmp_path: Path) -> None:
    second = ROWS[1] | {"hard_negatives": ["Hayır."]}
    third = ROWS[0] | {"item_id": "8", "hard_negatives": None}
    (tmp_path / "mine.jsonl").write_text(lines(ROWS[0], second, third), encoding="utf-8")
    table = read_own_pairs(tmp_path / "mine.jsonl", source="mine")
    assert table["hard_negatives"].to_pylist() == [[], ["Hayır."], []]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match=r"none\.jsonl: no such file or folder"):
        read_own_pairs(tmp_path / "none.jsonl", source="mine")


def test_without_the_extra_a_saved_dataset_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(HybridBatchError, match=r"make setup EXTRAS=datasets"):
        read_own_pairs(tmp_path, source="mine")
