"""One FAISS index per language; what cannot be indexed is one clear line."""

import argparse
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tiny
from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.retrieval.index import (
    Options,
    build_index,
    is_exact,
    map_index,
    read_index,
    read_vectors,
    run,
    stored_vectors,
    write_indexes,
)
from hybridbatch.schemas.every import PASSAGE_EMBEDDINGS
from ranking_cases import random_case, unit, write_vectors

CASE = unit(
    random_case(0, sizes={"de": 70, "en": 50, "zh": 1}, queries=1, dimension=16, values=None)
)


def test_rows_of_an_index_are_the_languages_passages_in_file_order(tmp_path: Path) -> None:
    order = sorted(CASE.passages, key=lambda passage: passage[::-1])  # languages are mixed
    file = write_vectors(
        {p: CASE.passages[p] for p in order}, tmp_path / "passages.parquet", PASSAGE_EMBEDDINGS
    )
    run(
        argparse.Namespace(
            options=tiny.options_text("index"), embeddings=file, output=tmp_path / "indexes"
        )
    )
    assert sorted(path.name for path in (tmp_path / "indexes").glob("*.faiss")) == [
        "de.faiss",
        "en.faiss",
        "zh.faiss",
    ]
    index = read_index(tmp_path / "indexes", "en", vectors=50, dimension=16)
    assert is_exact(index)
    english = [passage for passage in order if passage.startswith("en:")]
    stored = index.reconstruct_n(0, 50)
    assert np.array_equal(stored, np.stack([CASE.passages[p] for p in english]).astype("float32"))


@pytest.mark.parametrize("factory", ["Flat", "SQ8", "HNSW8", "IVF4,Flat"])
def test_factories_find_and_repeat(tmp_path: Path, factory: str) -> None:
    file = write_vectors(CASE.passages, tmp_path / "passages.parquet", PASSAGE_EMBEDDINGS)
    vectors = read_vectors(file, PASSAGE_EMBEDDINGS)
    english = {p: v for p, v in CASE.passages.items() if not p.startswith("zh:")}
    file = write_vectors(english, tmp_path / "passages.parquet", PASSAGE_EMBEDDINGS)
    vectors = read_vectors(file, PASSAGE_EMBEDDINGS)
    digests = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        write_indexes(vectors, folder, tiny.made_options(Options, "index", factory=factory))
        digests.append([sha256_file(folder / f"{code}.faiss") for code in ("de", "en")])
    assert digests[0] == digests[1]
    index = read_index(tmp_path / "a", "de", vectors=70, dimension=16)
    assert is_exact(index) == (factory == "Flat")
    assert index.metric_type == faiss.METRIC_INNER_PRODUCT
    scores, found = index.search(vectors.values[:1], 1)
    assert np.allclose(vectors.values[:70][found[0, 0]], vectors.values[0])
    assert scores[0, 0] == pytest.approx(1, abs=0.02)


def test_shards_and_half_precision(tmp_path: Path) -> None:
    names = list(CASE.passages)
    for shard, part in (("0", names[:80]), ("1", names[80:])):
        write_vectors(
            {p: CASE.passages[p] for p in part},
            tmp_path / "passages" / f"{shard}.parquet",
            PASSAGE_EMBEDDINGS,
            dtype="float16",
        )
    vectors = read_vectors(tmp_path / "passages", PASSAGE_EMBEDDINGS)
    assert vectors.ids.to_pylist() == names
    assert vectors.values.dtype == np.float32
    assert np.allclose(vectors.values, CASE.passage_vectors, atol=1e-3)
    assert {code: len(rows) for code, rows in vectors.rows_of_languages().items()} == {
        "de": 70,
        "en": 50,
        "zh": 1,
    }


def test_bad_factories() -> None:
    vectors = CASE.passage_vectors
    with pytest.raises(HybridBatchError, match="index factory 'Flatt': FAISS rejects it for 16 d"):
        build_index(vectors, factory="Flatt", sample=100, seed=1)
    with pytest.raises(HybridBatchError, match="index factory 'PQ7': FAISS rejects it for 16 dim"):
        build_index(vectors, factory="PQ7", sample=100, seed=1)
    with pytest.raises(HybridBatchError, match="'IVF90,Flat': cannot be trained on a sample of 60"):
        build_index(vectors, factory="IVF90,Flat", sample=60, seed=1)


@pytest.mark.parametrize("factory", ["IVF60,Flat", "IVF4,PQ4", "PQ2x6"])
def test_too_few_vectors_for_a_factory_become_an_exact_index(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, factory: str
) -> None:
    file = write_vectors(CASE.passages, tmp_path / "passages.parquet", PASSAGE_EMBEDDINGS)
    write_indexes(
        read_vectors(file, PASSAGE_EMBEDDINGS),
        tmp_path,
        tiny.made_options(Options, "index", factory=factory),
    )
    sizes = {"de": 70, "en": 50, "zh": 1}
    exact = {
        code: is_exact(read_index(tmp_path, code, vectors=size, dimension=16))
        for code, size in sizes.items()
    }
    # 60 lists and 2^6 = 64 codes are fewer than the 70 German vectors; 2^8 codes are not.
    assert exact == {"de": factory == "IVF4,PQ4", "en": True, "zh": True}
    assert f"50 vectors are too few to train {factory}: Flat instead" in caplog.messages


@pytest.mark.parametrize(
    ("identifier", "vector", "message"),
    [
        ("de:x", [np.nan, 1.0], "vector of passage_id 'de:x' holds NaN or infinity"),
        ("de:x", [np.inf, 1.0], "vector of passage_id 'de:x' holds NaN or infinity"),
        ("de:x", [2.0, 0.0], "vector of passage_id 'de:x' has length 2, expected 1"),
        ("x", [0.6, 0.8], "passage_id 'x' must begin with its language and a colon"),
    ],
)
def test_bad_vectors(tmp_path: Path, identifier: str, vector: list[float], message: str) -> None:
    vectors = {"de:1": np.array([1.0, 0.0]), identifier: np.array(vector)}
    file = write_vectors(vectors, tmp_path / "passages.parquet", PASSAGE_EMBEDDINGS)
    with pytest.raises(HybridBatchError, match=rf"passages.parquet: .*{message}"):
        read_vectors(file, PASSAGE_EMBEDDINGS)


def test_missing_vectors(tmp_path: Path) -> None:
    kind = pa.list_(pa.field("element", pa.float32(), nullable=False), 2)
    for values, message in (([[1.0, 0.0], None], "row 1: the id or"), ([], "no embeddings")):
        ids = pa.array([f"de:{i}" for i in range(len(values))], pa.string())
        table = pa.table({"passage_id": ids, "embedding": pa.array(values, kind)})
        pq.write_table(table, tmp_path / "passages.parquet")
        with pytest.raises(HybridBatchError, match=message):
            read_vectors(tmp_path / "passages.parquet", PASSAGE_EMBEDDINGS)


def test_shards_of_two_models(tmp_path: Path) -> None:
    for shard, vector in (("0", [1.0, 0.0]), ("1", [1.0, 0.0, 0.0])):
        write_vectors(
            {f"de:{shard}": np.array(vector)},
            tmp_path / "passages" / f"{shard}.parquet",
            PASSAGE_EMBEDDINGS,
        )
    with pytest.raises(HybridBatchError, match="the shards differ in type or dimension"):
        read_vectors(tmp_path / "passages", PASSAGE_EMBEDDINGS)


def test_an_index_of_other_vectors(tmp_path: Path) -> None:
    vectors = CASE.passage_vectors
    faiss.write_index(
        build_index(vectors, factory="Flat", sample=100, seed=1), str(tmp_path / "de.faiss")
    )
    (tmp_path / "en.faiss").write_bytes(b"not an index")
    other = faiss.IndexFlatL2(16)
    other.add(vectors)
    faiss.write_index(other, str(tmp_path / "zh.faiss"))
    for language, count, message in (
        ("de", 120, r"de.faiss: holds 121 vectors of 16 dimensions, .* have 120 of 16"),
        ("en", 121, r"en.faiss: damaged: not a whole FAISS index"),
        ("zh", 121, r"zh.faiss: not an inner-product index"),
        ("fr", 121, r"fr.faiss: no such file"),
    ):
        with pytest.raises(HybridBatchError, match=message):
            read_index(tmp_path, language, vectors=count, dimension=16)


def test_an_index_is_trained_on_a_sample_drawn_with_its_seed() -> None:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((400, 8)).astype(np.float32)

    def centroids(**options: int) -> list[float]:
        index = build_index(vectors, factory="IVF4,Flat", **options)
        return index.quantizer.reconstruct_n(0, 4).ravel().tolist()

    assert centroids(sample=200, seed=1) == centroids(sample=200, seed=1)
    assert centroids(sample=200, seed=1) != centroids(sample=200, seed=2)
    assert centroids(sample=400, seed=1) == centroids(sample=9999, seed=2)


def test_one_shard_has_one_index(tmp_path: Path) -> None:
    file = write_vectors(CASE.passages, tmp_path / "shard.parquet", PASSAGE_EMBEDDINGS)
    output = tmp_path / "shard.faiss"
    run(argparse.Namespace(options=tiny.options_text("index"), embeddings=file, output=output))
    mapped = map_index(output, factory="Flat", vectors=121, dimension=16)
    stored = stored_vectors(mapped)
    assert stored.tolist() == read_vectors(file, PASSAGE_EMBEDDINGS).values.tolist()
