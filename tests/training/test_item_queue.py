"""Candidates: drawn without replacement, one item per group, and no item is lost."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from hybridbatch.training.item_queue import Candidates, Stream, capacity, matching

GROUPS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=20)


def arrays(groups):
    questions, passages = zip(*groups, strict=True)
    return {"question_group": np.array(questions), "passage_group": np.array(passages)}


def candidates_of(groups, *, seed=1):
    return Candidates(np.arange(len(groups)), **arrays(groups), stream=Stream(seed, "test"))


def test_every_item_is_drawn_before_any_is_drawn_again():
    candidates = candidates_of([(i, i) for i in range(10)])
    drawn = [item for _ in range(4) for item in candidates.draw(5).tolist()]
    assert sorted(drawn[:10]) == list(range(10))
    assert sorted(drawn[10:]) == list(range(10))
    assert drawn[:10] != drawn[10:]


def test_what_a_permutation_has_left_comes_first_into_the_next_batch():
    candidates = candidates_of([(i, i) for i in range(10)])
    first = candidates.draw(4).tolist() + candidates.draw(4).tolist()
    left = set(range(10)) - set(first)
    assert set(candidates.draw(4)[:2].tolist()) == left


def test_an_item_that_conflicts_is_first_in_line_for_the_next_batch():
    # Items 0 and 1 have the same question; the other eight have different ones.
    groups = [(0, 0), (0, 1)] + [(i, i) for i in range(2, 10)]
    candidates = candidates_of(groups, seed=3)
    for _ in range(40):
        waiting = candidates.state()[2:]
        batch = candidates.draw(5).tolist()
        assert not {0, 1} <= set(batch)
        assert batch[:1] == waiting[:1] or not waiting


def test_a_dead_end_is_rearranged():
    # A batch that takes (0, 0) first must give it back: only (0, 1) and (1, 0) make two.
    candidates = candidates_of([(0, 0), (0, 1), (1, 0)])
    for _ in range(10):
        assert sorted(candidates.draw(2).tolist()) == [1, 2]


def test_a_group_with_more_than_its_share_does_not_pile_up():
    # Nine of twelve items share a question, so at most one of them fits into a batch of 4.
    candidates = candidates_of([(0, i) for i in range(9)] + [(i, i) for i in range(9, 12)])
    for _ in range(200):
        candidates.draw(4)
    assert len(candidates.state()) - 2 <= 2 * 12


@given(groups=GROUPS, seed=st.integers(0, 5), wanted=st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_batches_are_full_and_free_of_conflicts(groups, seed, wanted):
    count = capacity(np.arange(len(groups)), **arrays(groups), limit=wanted)
    candidates = candidates_of(groups, seed=seed)
    for _ in range(12):
        batch = [groups[item] for item in candidates.draw(count)]
        assert len(batch) == count
        assert len({question for question, _ in batch}) == count
        assert len({passage for _, passage in batch}) == count


@given(seed=st.integers(0, 50), twins=st.integers(0, 6), count=st.integers(2, 5))
@settings(max_examples=100, deadline=None)
def test_every_permutation_is_drawn_completely(seed, twins, count):
    """Forty items, some with the same question: counts differ by the waiting entries alone."""
    groups = [(i // 2 if i < 2 * twins else i + 100, i) for i in range(40)]
    candidates = candidates_of(groups, seed=seed)
    drawn: Counter[int] = Counter()
    for _ in range(60):
        drawn.update(candidates.draw(count).tolist())
        epoch, position, *waiting = candidates.state()
        order = Stream(seed, "test").at(epoch).permutation(np.arange(40))
        begun = Counter(dict.fromkeys(range(40), epoch - 1))
        begun.update(order[:position].tolist())
        begun.subtract(waiting)
        assert drawn == begun


@given(groups=GROUPS)
@settings(max_examples=200, deadline=None)
def test_capacity_is_the_maximum_matching(groups):
    given_arrays = arrays(groups)
    found = capacity(np.arange(len(groups)), **given_arrays, limit=100)
    graph = csr_array(
        (np.ones(len(groups)), (given_arrays["question_group"], given_arrays["passage_group"])),
        shape=(8, 8),
    )
    assert found == int((maximum_bipartite_matching(graph) >= 0).sum())


def test_capacity_stops_at_the_limit():
    groups = [(i, i) for i in range(1000)]
    assert capacity(np.arange(1000), **arrays(groups), limit=32) == 32


def test_matching_grows_from_its_start():
    # From item 0 the path 1 - 0 - 2 leads to two items.
    assert sorted(matching([0, 0, 1], [0, 1, 0], start=[0], limit=2)) == [1, 2]


@pytest.mark.parametrize("stop", [0, 1, 7, 30])
def test_restored_candidates_continue_identically(stop):
    groups = [(i // 2, i) for i in range(11)]
    candidates, copy = candidates_of(groups), candidates_of(groups)
    for _ in range(stop):
        candidates.draw(4)
    copy.restore(candidates.state())
    assert [candidates.draw(4).tolist() for _ in range(20)] == [
        copy.draw(4).tolist() for _ in range(20)
    ]


def test_streams_are_independent_of_each_other_and_of_the_order_of_use():
    stream = Stream(1, "items", "en")
    late = stream.at(7).random(4)
    assert np.array_equal(Stream(1, "items", "en").at(7).random(4), late)
    for other in (Stream(2, "items", "en"), Stream(1, "items", "de"), Stream(1, "items")):
        assert not np.array_equal(other.at(7).random(4), late)
    assert not np.array_equal(stream.at(8).random(4), late)
