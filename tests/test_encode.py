"""Which text of a passage is encoded, and what an embedding file holds."""

from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import check_table, read_table, table_from_rows, write_table
from hybridbatch.encoding.encode import (
    Options,
    embedding_table,
    encode_shard,
    encode_table,
    passage_texts,
)
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.schemas import every as schemas
from tiny import write_model


def passages(*rows: tuple[str, str]) -> pa.Table:
    titles, texts = zip(*rows, strict=True)
    return pa.table({"title": titles, "text": texts})


def test_title_and_text_are_joined_by_the_template() -> None:
    table = passages(("Paris", "The capital."), ("", "No title."), ("{text}", "Braces {title}."))
    assert passage_texts(table, template="{title} {text}") == [
        "Paris The capital.",
        "No title.",
        "{text} Braces {title}.",
    ]
    assert passage_texts(table, template="{text}")[0] == "The capital."


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_embedding_table_keeps_the_vectors(dtype: str) -> None:
    vectors = np.array([[0.6, 0.8], [1.0, 0.0]], dtype=np.float32)
    ids = pa.chunked_array([["en:1", "en:2"]])
    table = embedding_table(ids, vectors, schema=schemas.QUERY_EMBEDDINGS, dtype=dtype)
    check_table(table, schemas.QUERY_EMBEDDINGS, origin="test")
    stored = np.array(table["embedding"].to_pylist(), dtype=np.float32)
    np.testing.assert_array_equal(stored, vectors.astype(dtype).astype(np.float32))


def test_a_broken_vector_names_its_text() -> None:
    vectors = np.array([[1.0, 0.0], [np.nan, 0.0]], dtype=np.float32)
    ids = pa.chunked_array([["en:1", "en:2"]])
    with pytest.raises(HybridBatchError, match="the vector of 'en:2' is not finite"):
        embedding_table(ids, vectors, schema=schemas.QUERY_EMBEDDINGS, dtype="float32")


def write_shard(path: Path, count: int) -> Path:
    rows = [
        {"passage_id": f"en:{n}", "language": "en", "title": "T" * (n % 2), "text": "ab" * (1 + n)}
        for n in range(count)
    ]
    write_table(table_from_rows(rows, schemas.PASSAGES), path, schemas.PASSAGES)
    return path


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_shard_encoded_in_pieces_is_the_shard_encoded_at_once(tmp_path: Path, dtype: str) -> None:
    encode = partial(
        encode_table,
        DualEncoder.load(write_model(tmp_path / "model"), pooling="mean", device="cpu"),
        options=Options(
            pooling="mean",
            query_prefix="query: ",
            passage_prefix="passage: ",
            passage_template="{title} {text}",
            max_tokens=32,
            tokens_per_batch=128,
            precision="fp32",
            dtype=dtype,
            device="cpu",
            threads=1,
        ),
        precision="fp32",
    )
    shard = write_shard(tmp_path / "shard.parquet", 10)
    files = {piece: tmp_path / f"{piece}.parquet" for piece in (100, 10, 4, 1)}
    for piece, file in files.items():
        encode_shard(encode, shard, file, piece=piece)
    tables = {piece: read_table(file, schemas.PASSAGE_EMBEDDINGS) for piece, file in files.items()}
    ids = [f"en:{n}" for n in range(10)]
    vectors = {
        piece: np.array(table["embedding"].to_pylist(), dtype=np.float32)
        for piece, table in tables.items()
    }
    assert len(np.unique(vectors[100], axis=0)) == 10
    for piece, pieces in ((100, 1), (10, 1), (4, 3), (1, 10)):
        assert pq.ParquetFile(files[piece]).metadata.num_row_groups == pieces
        assert tables[piece].schema == tables[100].schema
        assert tables[piece]["passage_id"].to_pylist() == ids
        # Other batches may round the last bit otherwise.
        np.testing.assert_allclose(
            vectors[piece], vectors[100], rtol=0, atol=2e-3 if dtype == "float16" else 1e-6
        )


def test_a_shard_that_fails_in_a_later_piece_leaves_no_file(tmp_path: Path) -> None:
    def encode(rows: pa.Table, schema: schemas.Schema, **_: object) -> pa.Table:
        broken = [identifier == "en:5" for identifier in rows["passage_id"].to_pylist()]
        vectors = np.where(broken, np.nan, 1.0).astype(np.float32)[:, None]
        return embedding_table(rows["passage_id"], vectors, schema=schema, dtype="float32")

    shard = write_shard(tmp_path / "shard.parquet", 10)
    with pytest.raises(HybridBatchError, match="the vector of 'en:5' is not finite"):
        encode_shard(encode, shard, tmp_path / "vectors.parquet", piece=4)
    assert [path.name for path in tmp_path.iterdir()] == ["shard.parquet"]
