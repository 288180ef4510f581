"""Casts of pairs, and files that readers of libraries stumble over."""

import gzip
import json
import logging
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.pairtables import read_own_pairs
from hybridbatch.data.readers.problems import BadDataError
from hybridbatch.data.readers.reading import Reading
from valid_files import FLAT, PAIRS, lines, separated

COLUMNS = ("item_id", "language", "question", "passage")


def texts(table: pa.Table) -> list[dict[str, str]]:
    return table.select(list(COLUMNS)).to_pylist()


def read(path: Path, **reading: object) -> pa.Table:
    return read_own_pairs(path, source="mine", reading=Reading(**reading))


def written(path: Path, table: pa.Table) -> Path:
    pq.write_table(table, path)
    return path


def test_four_columns_are_enough_in_parquet_too(tmp_path: Path) -> None:
    table = read(written(tmp_path / "a.parquet", pa.Table.from_pylist(PAIRS)))
    assert texts(table) == PAIRS
    assert set(table["split"].to_pylist()) == {"train"}


def test_nulls_in_parquet_are_defaults_or_refused(tmp_path: Path) -> None:
    rows = [row | {"split": None, "passage_group": None, "hard_negatives": None} for row in PAIRS]
    rows[1] |= {"split": "train", "hard_negatives": ["No."]}
    table = read(written(tmp_path / "a.parquet", pa.Table.from_pylist(rows)))
    assert table["passage_group"].to_pylist() == ["1", "1", "2", "2"]
    assert table["hard_negatives"].to_pylist() == [[], ["No."], [], []]
    rows = [row | {"question": None} if row["item_id"] == "2" else row for row in PAIRS]
    rows[0] = rows[0] | {"language": None}
    with pytest.raises(BadDataError) as caught:
        read(written(tmp_path / "b.parquet", pa.Table.from_pylist(rows)))
    assert [line.partition("b.parquet: ")[2] for line in caught.value.problems] == [
        "row 0: `language` is null; give it a value",
        "row 2: `question` is null; give it a value",
        "row 3: `question` is null; give it a value",
    ]


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_every_type_of_text_is_text(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.Table.from_pylist(PAIRS)
    cast = pa.table({name: table[name].cast(kind) for name in table.column_names})
    assert texts(read(written(tmp_path / "a.parquet", cast))) == PAIRS


def test_a_folder_may_mix_types_and_formats(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(PAIRS)
    written(tmp_path / "a.parquet", table.slice(0, 2))
    large = pa.table({n: table[n].cast(pa.large_string()) for n in table.column_names})
    written(tmp_path / "b.parquet", large.slice(2, 2))
    assert texts(read(tmp_path)) == PAIRS
    (tmp_path / "b.parquet").unlink()
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(lines(PAIRS[2:]).encode()))
    assert texts(read(tmp_path)) == PAIRS


def test_a_key_in_two_files_names_the_folder(tmp_path: Path) -> None:
    for name in "ab":
        written(tmp_path / f"{name}.parquet", pa.Table.from_pylist(PAIRS[:1]))
    with pytest.raises(HybridBatchError, match="item_id='1', language='en' occurs 2 times"):
        read(tmp_path)


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.null()), pa.large_list(pa.large_string()), pa.list_view(pa.string())],
)
def test_lists_are_cast(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.Table.from_pylist(PAIRS)
    table = table.append_column("hard_negatives", pa.array([[]] * 4, type=kind))
    file = tmp_path / "a.arrow"  # Parquet has no list views
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    assert read(file)["hard_negatives"].to_pylist() == [[]] * 4


def test_integer_ids_are_texts_and_numbers_elsewhere_are_not(tmp_path: Path) -> None:
    rows = [row | {"item_id": int(row["item_id"])} for row in PAIRS]
    assert texts(read(written(tmp_path / "a.parquet", pa.Table.from_pylist(rows)))) == PAIRS
    (tmp_path / "a.jsonl").write_text(lines(rows))
    assert texts(read(tmp_path / "a.jsonl")) == PAIRS
    rows = [row | {"passage": 1} for row in PAIRS]
    with pytest.raises(HybridBatchError, match="column `passage` is int64; write it as texts"):
        read(written(tmp_path / "b.parquet", pa.Table.from_pylist(rows)))


def test_text_that_is_not_utf8_in_parquet_is_damage(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(PAIRS)
    wrong = pa.array([b"\xff\xfe"] * 4, pa.binary()).view(pa.string())
    table = table.set_column(2, "question", wrong)
    with pytest.raises(HybridBatchError, match=r"a\.parquet: damaged: .*UTF8"):
        read(written(tmp_path / "a.parquet", table))


def test_a_shuffled_dataset_is_read_in_its_order(tmp_path: Path) -> None:
    datasets.disable_progress_bars()
    own = datasets.Dataset.from_list(PAIRS).select([3, 0])
    own.save_to_disk(tmp_path / "saved")
    assert texts(read(tmp_path / "saved")) == [PAIRS[3], PAIRS[0]]


def test_a_field_of_a_csv_file_may_be_long(tmp_path: Path) -> None:
    rows = [PAIRS[0] | {"passage": "long " * 60_000}]
    (tmp_path / "a.csv").write_text(separated(rows, ","), encoding="utf-8")
    (tmp_path / "a.tsv").write_text(separated(rows, "\t"), encoding="utf-8")
    assert texts(read(tmp_path / "a.csv")) == rows == texts(read(tmp_path / "a.tsv"))


def test_a_quoted_text_may_hold_what_looks_like_a_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [PAIRS[0], PAIRS[1] | {"passage": 'a table:\n1,en,"Who?",Ann.\n2,en,When?,Now.'}]
    (tmp_path / "a.csv").write_text(separated(rows, ","), encoding="utf-8")
    with caplog.at_level(logging.INFO):
        assert texts(read(tmp_path / "a.csv")) == rows
    # The first row takes lines 2 and 3.
    assert "hold a line that looks like a row, the first in line 4" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"item_id": "\\ud83d"}', "line 1: a text holds half a character"),
        ('{"\\udc00": "1"}', "line 1: a text holds half a character"),
        ("[" * 200_000, "line 1: not readable as JSON (brackets are nested too deep)"),
        ('{"a":' * 100_000, "line 1: not readable as JSON (brackets are nested too deep)"),
        ('{"item_id": ' + "7" * 5000 + "}", "line 1: not readable as JSON (a number has thou"),
        ('{"item_id": "1", "item_id": "2"}', "line 1: key 'item_id' occurs twice in an object"),
    ],
)
def test_json_that_python_cannot_hold_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.jsonl").write_text(text + "\n")
    with pytest.raises(HybridBatchError) as caught:
        read(tmp_path / "a.jsonl")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_half_characters_that_make_a_whole_one_are_read(tmp_path: Path) -> None:
    row = PAIRS[0] | {"question": "😀?"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    assert "\\ud83d" in (tmp_path / "a.jsonl").read_text()
    assert texts(read(tmp_path / "a.jsonl")) == [row]


def test_columns_are_mapped_and_others_left_unread(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        {"nr": row["item_id"], "lang": row["language"], "query": row["question"],
         "text": row["passage"], "note": "x"}
        for row in FLAT
    ]  # fmt: skip
    (tmp_path / "a.tsv").write_text(separated(rows, "\t"), encoding="utf-8")
    columns = (("item_id", "nr"), ("language", "lang"), ("question", "query"), ("passage", "text"))
    with caplog.at_level(logging.INFO):
        assert texts(read(tmp_path / "a.tsv", columns=columns)) == FLAT
    assert "columns left unread: note" in caplog.text
    with pytest.raises(
        HybridBatchError, match=r"no column 'words' for `passage`; its columns are nr"
    ):
        read(tmp_path / "a.tsv", columns=(*columns[:3], ("passage", "words")))


def test_a_file_of_one_language_needs_neither_language_nor_ids(tmp_path: Path) -> None:
    rows = [{"question": "Wer?", "passage": "Anna."}, {"question": "Wann?", "passage": "Jetzt."}]
    (tmp_path / "my faq.csv").write_text(separated(rows, ","))
    found = texts(read(tmp_path / "my faq.csv", language="de"))
    assert found[1] == {"item_id": "my_faq-1", "language": "de", **rows[1]}
    with pytest.raises(HybridBatchError, match="missing: item_id, language"):
        read(tmp_path / "my faq.csv")
    (tmp_path / "mine").mkdir()
    (tmp_path / "my faq.csv").rename(tmp_path / "mine" / "de.csv")
    assert set(read(tmp_path / "mine")["language"].to_pylist()) == {"de"}
    (tmp_path / "mine" / "de.csv").rename(tmp_path / "mine" / "dev.csv")  # CLDR has no language dev
    with pytest.raises(HybridBatchError, match="missing: item_id, language"):
        read(tmp_path / "mine")


def test_a_stated_language_and_a_given_one_must_agree(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(separated(PAIRS, ","))
    with pytest.raises(HybridBatchError, match="column `language` and `language: en` differ"):
        read(tmp_path / "a.csv", language="en")


def test_semicolons_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("item_id;language;question;passage\n1;en;Who?;Ann.\n")
    with pytest.raises(
        HybridBatchError, match="the header is separated by semicolons; write commas"
    ):
        read(tmp_path / "a.csv")


def test_a_truncated_gzip_file_is_one_line(tmp_path: Path) -> None:
    data = gzip.compress(lines(PAIRS).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(data[:-20])
    with pytest.raises(HybridBatchError, match=r"a\.jsonl\.gz: cannot be unpacked"):
        read(tmp_path / "a.jsonl.gz")


def test_an_empty_optional_value_of_a_csv_file_is_its_default(tmp_path: Path) -> None:
    rows = [row | {"passage_group": "", "split": ""} for row in FLAT]
    rows[0]["passage_group"] = rows[1]["passage_group"] = "p"
    (tmp_path / "a.csv").write_text(separated(rows, ","), encoding="utf-8")
    table = read(tmp_path / "a.csv")
    assert table["passage_group"].to_pylist() == ["p", "p", "2", "2"]
    assert set(table["split"].to_pylist()) == {"train"}
    (tmp_path / "a.csv").write_text(separated([FLAT[0] | {"question": ""}], ","))
    with pytest.raises(HybridBatchError, match="line 2: `question` is blank"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.tsv", "a.csv"])
def test_a_stray_carriage_return_does_not_end_a_row(tmp_path: Path, name: str) -> None:
    text = separated(FLAT[2:], "\t" if name == "a.tsv" else ",").replace("When?", "When?\rNow?")
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    with pytest.raises(HybridBatchError, match="line 2 holds a carriage return"):
        read(tmp_path / name)
