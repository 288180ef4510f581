"""What an artifact carries: the record of what made it, and the digests of its files."""

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.records import (
    FOLDER_RECORD,
    Record,
    check_digests,
    current,
    making,
    outside_keys,
    place_of,
    read_record,
    record_key,
    write_digest_of,
)
from hybridbatch.common.table_writer import table_writer
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.schemas.queries import QUERIES

ROW = {"query_id": "en:1", "item_id": "1", "language": "en", "text": "Who?"}
RECORD = Record("train", '{"steps": 5}', "0123", "torch==2.13.0", {"results/pairs/a.parquet": "d"})


def test_made_changes_with_every_part_and_not_with_the_order_of_inputs() -> None:
    two = {"a": "1", "b": "2"}
    same = [Record("s", "{}", "c", "v", each) for each in (two, dict(reversed(two.items())))]
    others = [
        Record("t", "{}", "c", "v", two),
        Record("s", '{"k": 1}', "c", "v", two),
        Record("s", "{}", "d", "v", two),
        Record("s", "{}", "c", "w", two),
        Record("s", "{}", "c", "v", {"a": "2", "b": "1"}),
    ]
    assert len({record.made for record in same}) == 1
    assert len({record.made for record in (*same, *others)}) == 6


def test_a_parquet_file_carries_the_record_of_its_block(tmp_path: Path) -> None:
    table = table_from_rows([ROW], QUERIES)
    with making(RECORD):
        write_table(table, tmp_path / "a.parquet", QUERIES)
        with table_writer(tmp_path / "b.parquet", QUERIES) as writer:
            writer.write(table)
    assert current() is None
    assert read_record(tmp_path / "a.parquet") == read_record(tmp_path / "b.parquet") == RECORD
    # The rows that are read do not carry it on to the next file.
    write_table(read_table(tmp_path / "a.parquet", QUERIES), tmp_path / "c.parquet", QUERIES)
    with pytest.raises(HybridBatchError, match=r"c\.parquet: has no record of what made it"):
        read_record(tmp_path / "c.parquet")


def test_a_folder_carries_the_record_and_the_digest_of_each_file(tmp_path: Path) -> None:
    with making(RECORD), atomic_folder(tmp_path / "model") as folder:
        (folder / "config.json").write_text("{}")
        (folder / "deep").mkdir()
        (folder / "deep" / "weights").write_bytes(b"\0\1\2")
    assert read_record(tmp_path / "model") == RECORD
    check_digests(tmp_path / "model", needed=True)
    listed = json.loads((tmp_path / "model" / FOLDER_RECORD).read_text())["files"]
    assert sorted(listed) == ["config.json", "deep/weights"]


@pytest.mark.parametrize("content", [b"\0\1\3", b"\0\1", b"", b"\0\1\2\3"])
def test_a_changed_file_of_a_folder_is_named(tmp_path: Path, content: bytes) -> None:
    with atomic_folder(tmp_path / "model") as folder:
        (folder / "weights").write_bytes(b"\0\1\2")
    (tmp_path / "model" / "weights").write_bytes(content)
    with pytest.raises(HybridBatchError, match=r"weights: damaged or changed.*remove .*model"):
        check_digests(tmp_path / "model")
    (tmp_path / "model" / "weights").unlink()
    with pytest.raises(HybridBatchError, match=r"model/weights: missing, though"):
        check_digests(tmp_path / "model")


def test_the_record_of_another_file_lies_beside_it(tmp_path: Path) -> None:
    index = tmp_path / "de.faiss"
    index.write_bytes(b"index")
    with making(RECORD):
        write_digest_of(index, place_of(index), name=index.name)
    assert read_record(index) == RECORD
    check_digests(index, needed=True)
    index.write_bytes(b"indes")
    with pytest.raises(HybridBatchError, match=r"de\.faiss: damaged"):
        check_digests(index)


def test_a_folder_from_elsewhere_is_accepted_unless_a_record_is_needed(tmp_path: Path) -> None:
    check_digests(tmp_path)
    with pytest.raises(HybridBatchError, match="has no record"):
        check_digests(tmp_path, needed=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"code": "0123"', '"code": "0124"'),
        lambda text: text.replace("train", "trein"),
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"stage"', '"stege"'),
    ],
)
def test_a_damaged_record_is_one_line(tmp_path: Path, damage) -> None:
    with making(RECORD), atomic_folder(tmp_path / "model") as folder:
        (folder / "config.json").write_text("{}")
    path = tmp_path / "model" / FOLDER_RECORD
    path.write_text(damage(path.read_text()))
    with pytest.raises(HybridBatchError, match="damaged") as found:
        read_record(tmp_path / "model")
    assert "\n" not in str(found.value) and str(tmp_path) in str(found.value)


def test_a_copied_folder_gets_a_record_of_its_own(tmp_path: Path) -> None:
    with making(RECORD), atomic_folder(tmp_path / "model") as folder:
        (folder / "weights").write_bytes(b"w")
    other = Record("publish", "{}", "c", "", {})
    with making(other), atomic_folder(tmp_path / "published") as folder:
        for path in (tmp_path / "model").iterdir():
            os.link(path, folder / path.name)
    assert read_record(tmp_path / "published") == other
    assert read_record(tmp_path / "model") == RECORD


def test_records_name_artifacts_by_their_place_and_files_from_outside_by_their_name() -> None:
    assert record_key("results/pairs/a.parquet") == "results/pairs/a.parquet"
    assert record_key("/tmp/job/results/pairs/a.parquet") == "results/pairs/a.parquet"
    mine = "/home/me/data/mine.parquet"
    assert outside_keys([mine]) == {mine: "outside/mine.parquet"}
    # Files of one name in several folders are told apart by where they lie below their own folder.
    files = ["/m/config.json", "/m/1_Pooling/config.json"]
    assert list(outside_keys(files).values()) == [
        "outside/config.json",
        "outside/1_Pooling/config.json",
    ]


def test_the_record_is_readable_by_any_parquet_reader(tmp_path: Path) -> None:
    with making(RECORD):
        write_table(table_from_rows([ROW], QUERIES), tmp_path / "a.parquet", QUERIES)
    found = json.loads(pq.read_metadata(tmp_path / "a.parquet").metadata[b"hybridbatch"])
    assert (found["stage"], found["made"]) == ("train", RECORD.made)
