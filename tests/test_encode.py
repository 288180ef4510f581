"""Which text of a passage is encoded, and what an embedding file holds."""

import numpy as np
import pyarrow as pa
import pytest

from hybridbatch import schemas
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import check_table
from hybridbatch.encode import embedding_table, passage_texts


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
