"""Tables are checked against their schema when written and when read, and never half-written."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hybridbatch.common.artifacts import atomic_file, atomic_folder
from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.schemas import every as schemas

QUERY = {"query_id": "en:1", "item_id": "1", "language": "en", "text": "Who?"}


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "queries.parquet"
    write_table(table_from_rows([QUERY], schemas.QUERIES), path, schemas.QUERIES)
    assert read_table(path, schemas.QUERIES).to_pylist() == [QUERY]
    assert [entry.name for entry in tmp_path.iterdir()] == ["queries.parquet"]


def test_shards_are_read_in_name_order(tmp_path: Path) -> None:
    for shard, query in (("1", "en:2"), ("0", "en:1")):
        row = table_from_rows([QUERY | {"query_id": query}], schemas.QUERIES)
        write_table(row, tmp_path / f"{shard}.parquet", schemas.QUERIES)
    assert read_table(tmp_path, schemas.QUERIES)["query_id"].to_pylist() == ["en:1", "en:2"]


def test_a_null_is_an_error_that_names_the_row(tmp_path: Path) -> None:
    rows = [QUERY, QUERY | {"query_id": "en:2", "text": None}]
    with pytest.raises(HybridBatchError, match=r"q\.parquet: row 1: `text` is null"):
        table = pa.Table.from_pylist(rows)
        write_table(table, tmp_path / "q.parquet", schemas.QUERIES)


def test_a_wrong_type_is_an_error_that_names_the_column(tmp_path: Path) -> None:
    path = tmp_path / "queries.parquet"
    pq.write_table(pa.Table.from_pylist([QUERY | {"text": 5}]), path)
    with pytest.raises(
        HybridBatchError, match="column `text` of queries is int64, expected string"
    ):
        read_table(path, schemas.QUERIES)


def test_missing_and_unexpected_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "queries.parquet"
    pq.write_table(pa.table({"query_id": ["en:1"], "lang": ["en"]}), path)
    with pytest.raises(
        HybridBatchError, match=r"missing: item_id, language, text, unexpected: lang"
    ):
        read_table(path, schemas.QUERIES)


def test_key_must_be_unique(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match=r"query_id='en:1' occurs 2 times"):
        write_table(
            table_from_rows([QUERY, QUERY], schemas.QUERIES),
            tmp_path / "q.parquet",
            schemas.QUERIES,
        )
    assert list(tmp_path.iterdir()) == []


def test_unreadable_and_missing_files(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 half")
    with pytest.raises(
        HybridBatchError, match=r"broken\.parquet: damaged: not a whole Parquet file"
    ):
        read_table(broken, schemas.QUERIES)
    with pytest.raises(HybridBatchError, match="no such file"):
        read_table(tmp_path / "absent.parquet", schemas.QUERIES)


@pytest.mark.parametrize("value_type", [pa.float32(), pa.float16()])
def test_embeddings_may_be_float32_or_float16(tmp_path: Path, value_type: pa.DataType) -> None:
    vectors = pa.array([[1.0, 0.0]], type=pa.list_(value_type, 2))
    table = pa.table({"query_id": ["en:1"], "embedding": vectors}).cast(
        pa.schema(
            [
                pa.field("query_id", pa.string(), nullable=False),
                pa.field("embedding", pa.list_(value_type, 2), nullable=False),
            ]
        )
    )
    write_table(table, tmp_path / "e.parquet", schemas.QUERY_EMBEDDINGS)
    assert read_table(tmp_path / "e.parquet", schemas.QUERY_EMBEDDINGS).num_rows == 1


def test_variable_length_vectors_are_refused(tmp_path: Path) -> None:
    table = pa.table({"query_id": ["en:1"], "embedding": [[1.0, 0.0]]})
    with pytest.raises(HybridBatchError, match="expected fixed-size list of float32 or float16"):
        write_table(table, tmp_path / "e.parquet", schemas.QUERY_EMBEDDINGS)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "model") as folder:
        (folder / "weights").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with atomic_folder(tmp_path / "model") as folder:
            (folder / text).write_text(text)
    assert [entry.name for entry in (tmp_path / "model").glob("[!h]*")] == ["new"]


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_file(path) == expected
