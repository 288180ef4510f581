"""The running first k over shards is the first k of everything, ties and short lists included."""

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridbatch.retrieval import streaming
from hybridbatch.retrieval.streaming import RunningTop, pair_scores, search_exact, search_index


def shards_of(total: int, size: int) -> list[slice]:
    return [slice(begin, min(begin + size, total)) for begin in range(0, total, size)]


def first_k(
    queries: np.ndarray, vectors: np.ndarray, ids: np.ndarray, *, k: int, size: int, bound: float
) -> streaming.Found:
    top = RunningTop(len(queries), k=k)
    for part in shards_of(len(vectors), size):
        names = ids[part]
        search_exact(
            top, queries, vectors[part], lambda rows, names=names: names[rows], bound=bound
        )
    return top.found


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    passages=st.integers(1, 200),
    k=st.integers(1, 40),
    size=st.integers(1, 90),
    block=st.integers(1, 70),
    rounded=st.booleans(),
)
def test_it_is_the_sorted_list_of_all(
    seed: int, passages: int, k: int, size: int, block: int, rounded: bool
) -> None:
    random = np.random.default_rng(seed)
    queries = random.standard_normal((5, 24)).astype(np.float32)
    vectors = random.standard_normal((passages, 24)).astype(np.float32)
    vectors[random.integers(0, passages, passages // 2)] = vectors[0]  # many equal scores
    if not rounded:  # small integers are multiplied and added without rounding
        queries, vectors = np.rint(queries), np.rint(vectors)
    ids = np.array([f"en:{number}" for number in random.permutation(passages)], dtype=object)
    before = streaming.PASSAGE_BLOCK, streaming.QUERY_BLOCK
    streaming.PASSAGE_BLOCK, streaming.QUERY_BLOCK = block, 3
    try:
        found = first_k(queries, vectors, ids, k=k, size=size, bound=1e-3)
    finally:
        streaming.PASSAGE_BLOCK, streaming.QUERY_BLOCK = before
    for query in range(len(queries)):
        rows = np.arange(passages)
        scores = pair_scores(queries, vectors, np.full(passages, query), rows)
        if not rounded:
            assert scores.tolist() == (vectors @ queries[query]).tolist()
        by_id = sorted(rows, key=lambda row: ids[row], reverse=True)
        best = sorted(by_id, key=lambda row: -scores[row])[:k]
        own = found.queries == query
        assert found.ids[own].tolist() == [ids[row] for row in best]
        assert found.scores[own].tolist() == [scores[row] for row in best]
        assert found.ranks()[own].tolist() == list(range(1, len(best) + 1))


@pytest.mark.parametrize("dimension", [7, 31, 96, 384])
def test_equal_vectors_score_equally_wherever_they_lie(dimension: int) -> None:
    random = np.random.default_rng(0)
    vectors = np.repeat(random.standard_normal((1, dimension)).astype(np.float32), 5000, axis=0)
    query = random.standard_normal((1, dimension)).astype(np.float32)
    scores = pair_scores(query, vectors, np.zeros(5000, dtype=np.int64), np.arange(5000))
    assert len(set(scores.tolist())) == 1


def test_it_agrees_with_one_flat_index() -> None:
    random = np.random.default_rng(1)
    vectors = random.standard_normal((3000, 64)).astype(np.float32)
    queries = random.standard_normal((20, 64)).astype(np.float32)
    ids = np.array([f"en:{number:04d}" for number in range(3000)], dtype=object)
    found = first_k(queries, vectors, ids, k=50, size=700, bound=1e-3)
    index = faiss.IndexFlatIP(64)
    index.add(vectors)
    _, rows = index.search(queries, 50)
    assert found.ids.reshape(20, 50).tolist() == ids[rows].tolist()


def test_what_faiss_fills_up_with_minus_one_is_no_passage() -> None:
    random = np.random.default_rng(2)
    vectors = random.standard_normal((64, 8)).astype(np.float32)
    index = faiss.index_factory(8, "IVF8,Flat", faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)  # one list of eight is looked at: fewer than 40 hits
    ids = np.array([f"en:{number}" for number in range(64)], dtype=object)
    top = RunningTop(3, k=40)
    search_index(top, vectors[:3], index, lambda rows: ids[rows], k=40)
    assert 0 < len(top.found.ids) < 3 * 40
    assert set(top.found.ids) <= set(ids)
    assert np.isneginf(top.least).all()
