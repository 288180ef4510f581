"""Keys sort as trec_eval ranks, and an exact index never loses a passage to rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hybridbatch.retrieval.index import build_index, is_exact
from hybridbatch.retrieval.toplists import (
    NO_CANDIDATE,
    LanguageIndex,
    language_lists,
    merge,
    pack,
    rounding_bound,
    unpack,
)


@given(
    scores=hnp.arrays(
        np.float32, 12, elements=st.floats(-2, 2, width=32) | st.sampled_from([0.0, -0.0, 1.0])
    )
)
def test_keys_sort_by_descending_score_then_column(scores: np.ndarray) -> None:
    columns = np.arange(12)
    in_order, order = unpack(np.sort(pack(scores, columns)))
    assert order.tolist() == sorted(columns, key=lambda column: (-scores[column], column))
    assert np.array_equal(in_order, scores[order])


def test_a_missing_candidate_comes_last() -> None:
    keys = np.sort(pack(np.array([0.5, -1e30, 9.0], np.float32), np.array([3, 2**32 - 2, -1])))
    assert keys[2] == NO_CANDIDATE
    assert unpack(keys[:2])[1].tolist() == [3, 2**32 - 2]


def test_merge_keeps_the_first_of_all() -> None:
    one = pack(np.array([[0.9, 0.2]], np.float32), np.array([[4, 5]]))
    other = pack(np.array([[0.9, 0.3, 0.1]], np.float32), np.array([[2, 0, 1]]))
    scores, columns = unpack(merge([one, other], k=3))
    assert columns.tolist() == [[2, 4, 0]]
    assert scores[0].tolist() == [np.float32(0.9), np.float32(0.9), np.float32(0.3)]
    assert merge([one, other], k=9).shape == (1, 5)


def unit_rows(random: np.random.Generator, rows: int, dimension: int) -> np.ndarray:
    drawn = random.standard_normal((rows, dimension)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def lists_of(
    passages: np.ndarray, queries: np.ndarray, scores: np.ndarray, *, k: int, factory: str = "Flat"
) -> np.ndarray:
    index = build_index(passages, factory=factory, sample=100_000, seed=1)
    return language_lists(
        LanguageIndex(index, is_exact(index), np.arange(len(passages))),
        queries,
        scores,
        k=k,
        columns=slice(0, len(passages)),
        bound=rounding_bound(queries, passages),
    )


@pytest.mark.parametrize("spread", [1.0, 1e-6, 0.0])
@pytest.mark.parametrize("k", [1, 5, 199, 200, 500])
def test_an_exact_index_gives_the_first_k_by_our_scores(spread: float, k: int) -> None:
    # With a small spread hundreds of passages are within rounding of each other.
    random = np.random.default_rng(7)
    passages = unit_rows(random, 1, 96) + spread * unit_rows(random, 200, 96)
    passages = (passages / np.linalg.norm(passages, axis=1, keepdims=True)).astype(np.float32)
    queries = unit_rows(random, 6, 96)
    # Scores in another summation order, hence with other rounding, than FAISS's.
    scores = np.add.reduce(queries[:, None, :] * passages[None], axis=2, dtype=np.float32)
    wanted = np.sort(pack(scores, np.broadcast_to(np.arange(200), scores.shape)), axis=1)[:, :k]
    assert np.array_equal(lists_of(passages, queries, scores, k=k), wanted)


def test_an_approximate_index_may_find_fewer() -> None:
    random = np.random.default_rng(3)
    passages, queries = unit_rows(random, 300, 16), unit_rows(random, 4, 16)
    scores = queries @ passages.T
    keys = lists_of(passages, queries, scores, k=100, factory="IVF16,Flat")  # visits one of 16
    lengths = (keys != NO_CANDIDATE).sum(axis=1)
    assert keys.shape == (4, 100)
    assert (lengths > 0).all() and (lengths < 100).all()
    for row, length in zip(range(4), lengths, strict=True):
        found, columns = unpack(keys[row, :length])
        assert np.array_equal(found, scores[row, columns])
        assert (np.diff(found) <= 0).all()


def test_rounding_bound() -> None:
    # gamma = 384 u / (1 - 384 u) with u = 2^-24, twice, for vectors of length 1.
    bound = rounding_bound(np.eye(384, dtype=np.float32), np.eye(384, dtype=np.float32))
    assert bound == pytest.approx(2 * 384 * 2.0**-24, rel=2e-3)
    assert bound >= 2 * 384 * 2.0**-24
    random = np.random.default_rng(0)
    one, other = unit_rows(random, 50, 384), unit_rows(random, 60, 384)
    exact = one.astype(np.float64) @ other.T.astype(np.float64)
    assert np.abs(one @ other.T - exact).max() < bound / 2


def test_an_empty_language() -> None:
    passages = np.zeros((0, 4), np.float32)
    empty = LanguageIndex(None, True, np.zeros(0, np.int64))
    keys = language_lists(
        empty, np.ones((2, 4), np.float32), passages, k=5, columns=slice(0, 0), bound=0
    )
    assert keys.shape == (2, 0)
