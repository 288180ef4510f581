"""The first pass in integers changes nothing: the same passages and scores as without it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridbatch.retrieval import first_pass, search
from hybridbatch.retrieval.ranking import blocks
from hybridbatch.retrieval.streaming import Found, RunningTop, search_exact, search_rounded
from hybridbatch.retrieval.toplists import norm_rounding_bound

KINDS = ("random", "one direction", "clusters", "near ties", "ties", "zeros", "one large")


def unit(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)


def draw(kind: str, random: np.random.Generator, *, passages: int, dimension: int) -> np.ndarray:
    """Unit vectors (passages, dimension), or zeros among them."""
    vectors = random.standard_normal((passages, dimension))
    if kind == "one direction":  # embeddings of one model have much in common
        vectors += 8 * random.standard_normal(dimension)
    if kind == "clusters":
        centres = 5 * random.standard_normal((4, dimension))
        vectors = centres[random.integers(0, 4, passages)] + 0.05 * vectors
    if kind == "near ties":  # apart by less than eight bits can tell, and by single bits of floats
        apart = 10.0 ** random.integers(-8, -2, (passages, 1))
        vectors = random.standard_normal(dimension) + apart * vectors
    if kind == "ties":
        vectors = vectors[random.integers(0, min(3, passages), passages)]
    if kind == "zeros":
        vectors[random.integers(0, passages, passages // 2)] = 0
    if kind == "one large":  # a dimension for which a common scale is coarse
        vectors[:, 0] += 40
    return unit(vectors)


def both(
    queries: np.ndarray, vectors: np.ndarray, *, k: int, shard: int, block: int
) -> tuple[Found, Found, int]:
    """The first k without and with the first pass, and how many pairs it scored again."""
    ids = np.array([f"en:{number:05d}" for number in range(len(vectors))], dtype=object)
    ids = ids[np.random.default_rng(0).permutation(len(ids))]
    bound = norm_rounding_bound(vectors.shape[1], 1.01)
    plain, rounded = RunningTop(len(queries), k=k), RunningTop(len(queries), k=k)
    middle = len(queries) // 2
    parts = [first_pass.round_queries(each) for each in (queries[:middle], queries[middle:])]
    scored = 0
    for first, last in blocks(len(vectors), shard):
        own, names = vectors[first:last], ids[first:last]
        search_exact(plain, queries, own, lambda rows, n=names: n[rows], bound=bound)
        passages = [first_pass.round_block(own, *each) for each in blocks(len(own), block)]
        scored += search_rounded(
            rounded, parts, passages, own, lambda rows, n=names: n[rows], bound=bound
        )
    return plain.found, rounded.found, scored


def assert_equal(one: Found, other: Found) -> None:
    assert one.queries.tolist() == other.queries.tolist()
    assert one.ids.tolist() == other.ids.tolist()
    assert one.scores.tobytes() == other.scores.tobytes()


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    kind=st.sampled_from(KINDS),
    passages=st.integers(1, 400),
    dimension=st.sampled_from([1, 2, 7, 24, 65]),
    k=st.integers(1, 40),
    shard=st.integers(1, 200),
    block=st.integers(1, 150),
)
def test_the_lists_are_the_same_to_the_last_bit(
    seed: int, kind: str, passages: int, dimension: int, k: int, shard: int, block: int
) -> None:
    random = np.random.default_rng(seed)
    vectors = draw(kind, random, passages=passages, dimension=dimension)
    queries = unit(random.standard_normal((5, dimension)))
    queries[0] = vectors[0]  # a query that is a passage
    queries[1] = 0
    assert_equal(*both(queries, vectors, k=k, shard=shard, block=block)[:2])


def test_few_pairs_are_scored_again() -> None:
    random = np.random.default_rng(3)
    vectors = draw("one direction", random, passages=40_000, dimension=96)
    queries = draw("one direction", random, passages=50, dimension=96)
    plain, rounded, scored = both(queries, vectors, k=10, shard=20_000, block=2048)
    assert_equal(plain, rounded)
    assert 50 * 10 <= scored < 0.02 * 50 * 40_000


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**16), kind=st.sampled_from(KINDS))
def test_a_threshold_lets_through_whatever_reaches_it(seed: int, kind: str) -> None:
    """Checked with products in 64-bit floats, a hair above and below the score to be reached."""
    random = np.random.default_rng(seed)
    vectors = draw(kind, random, passages=64, dimension=24)
    queries = unit(random.standard_normal((3, 24)))
    part, block = first_pass.round_queries(queries), first_pass.round_block(vectors, 0, 64)
    products = first_pass.multiply(block, part, first_pass.buffer(part))
    exact = vectors.astype(np.float64) @ queries.astype(np.float64).T
    for wanted in exact:
        least = wanted.astype(np.float32)
        passed = products >= first_pass.integer_thresholds(part, block, least, bound=1e-6)
        assert passed[exact >= wanted].all()
    reached = first_pass.scores_reached(part, block, products.min(axis=0), bound=1e-6)
    assert (exact >= reached).all()


def test_threads_share_the_rounded_passages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage's own division of the work gives what one thread without a first pass gives."""
    random = np.random.default_rng(5)
    vectors = draw("near ties", random, passages=3000, dimension=24)
    queries = draw("near ties", random, passages=7, dimension=24)
    ids = np.array([f"en:{number:05d}" for number in range(3000)], dtype=object)
    monkeypatch.setattr(search, "pays", lambda **_: True)
    monkeypatch.setattr(search, "_ROUNDED_TOGETHER", 1000)
    shares = search._shares(queries, 2)
    tops = [RunningTop(len(share), k=20) for share in shares]
    with ThreadPoolExecutor(2, initializer=first_pass.one_thread) as workers:
        rounded = search._rounded(shares, passages=3000)
        search._search_vectors(tops, shares, rounded, vectors, lambda rows: ids[rows], workers)
    alone = RunningTop(7, k=20)
    search_exact(
        alone, queries, vectors, lambda rows: ids[rows], bound=norm_rounding_bound(24, 1.01)
    )
    found = search.join([top.found for top in tops], [len(share) for share in shares])
    assert_equal(found, alone.found)


def test_small_work_is_done_without_it() -> None:
    assert not first_pass.pays(queries=1000, passages=10_000, dimension=384)
