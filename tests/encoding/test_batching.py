import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.encoding.batching import batch_end, order_by_length, pad

token_lists = st.lists(
    st.lists(st.integers(0, 99), min_size=1, max_size=9).map(lambda ids: np.array(ids, np.int32)),
    min_size=1,
    max_size=30,
)


def texts(*lists: list[int]) -> list[np.ndarray]:
    return [np.array(ids, dtype=np.int32) for ids in lists]


def test_the_longest_text_comes_first_and_equal_lengths_go_by_their_tokens():
    assert order_by_length(texts([7], [1, 9], [3, 4, 5], [1, 2])) == [2, 3, 1, 0]


@given(token_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_change_the_order_of_the_batches(token_ids, random):
    shuffled = list(token_ids)
    random.shuffle(shuffled)
    first = [token_ids[i].tolist() for i in order_by_length(token_ids)]
    assert first == [shuffled[i].tolist() for i in order_by_length(shuffled)]


def test_a_batch_is_filled_up_to_its_budget_with_padding_counted():
    lengths = [5, 4, 4, 2, 1]
    assert batch_end(lengths, 0, tokens_per_batch=14) == 2  # 2 texts of width 5, 3 would be 15
    assert batch_end(lengths, 2, tokens_per_batch=14) == 5  # 3 texts of width 4
    assert batch_end(lengths, 0, tokens_per_batch=15) == 3


def test_a_text_longer_than_the_budget_is_a_batch_of_its_own():
    assert batch_end([100, 3], 0, tokens_per_batch=10) == 1


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=60).map(lambda x: sorted(x, reverse=True)),
    st.integers(1, 200),
)
def test_batches_cover_every_text_once_within_the_budget(lengths, budget):
    start = 0
    while start < len(lengths):
        end = batch_end(lengths, start, tokens_per_batch=budget)
        assert end > start
        assert end - start == 1 or (end - start) * lengths[start] <= budget
        start = end
    assert start == len(lengths)


def test_padding_fills_the_right_and_is_masked():
    ids, mask = pad(texts([5, 6, 7], [8]), pad_id=1)
    assert ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert mask is not None
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert ids.dtype == mask.dtype == np.int64


def test_equally_long_texts_need_no_mask():
    ids, mask = pad(texts([5, 6], [8, 9]), pad_id=1)
    assert ids.tolist() == [[5, 6], [8, 9]]
    assert mask is None


@given(token_lists)
def test_the_mask_gives_the_texts_back(token_ids):
    ids, mask = pad(token_ids, pad_id=-1)
    kept = np.ones_like(ids) if mask is None else mask
    for row, row_mask, expected in zip(ids, kept, token_ids, strict=True):
        assert row[row_mask == 1].tolist() == expected.tolist()
        assert (row[row_mask == 0] == -1).all()


@pytest.mark.parametrize("budget", [0, 1])
def test_a_budget_below_one_text_still_moves_on(budget):
    assert batch_end([3, 3], 0, tokens_per_batch=budget) == 1
