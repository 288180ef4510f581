"""Batches in few padded passes: they have the least cost and the vectors of single texts."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tiny
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.training.batch_encoding import Encoding
from hybridbatch.training.packed_pass import group_by_length


def cost(groups, lengths, pass_cost):
    return sum(len(group) * max(lengths[i] for i in group) + pass_cost for group in groups)


def test_texts_of_similar_length_share_a_pass():
    # Two passes: 2 * 50 + 64 and 3 * 10 + 64, in all 258; one pass: 5 * 50 + 64 = 314.
    assert group_by_length([10, 50, 9, 48, 10], pass_cost=64) == [[1, 3], [0, 4, 2]]
    assert group_by_length([10, 50, 9, 48, 10], pass_cost=200) == [[1, 3, 0, 4, 2]]
    assert group_by_length([], pass_cost=64) == []


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=8), pass_cost=st.integers(0, 60))
def test_no_division_of_neighbours_is_cheaper(lengths, pass_cost):
    groups = group_by_length(lengths, pass_cost=pass_cost)
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    best = min(
        cost(np.split(np.array(order), cuts), lengths, pass_cost)
        for number in range(len(order))
        for cuts in map(list, combinations(range(1, len(order)), number))
    )
    assert cost(groups, lengths, pass_cost) == best


def test_vectors_come_in_the_order_of_the_texts_with_gradients(tmp_path):
    encoder = DualEncoder.load(tiny.write_model(tmp_path), pooling="mean", device="cpu")
    token_ids = encoder.tokenize(
        ["a", "b" * 40, "c", "d" * 39, "ef" * 10], prefix="", max_tokens=60
    )
    vectors = Encoding(encoder, "fp32").vectors(token_ids, seed=None)
    with torch.no_grad():
        for vector, ids in zip(vectors, token_ids, strict=True):
            alone = encoder(torch.from_numpy(ids.astype(np.int64))[None])
            assert torch.allclose(vector, alone[0], atol=1e-6)
    assert vectors.requires_grad


def test_bf16_gives_nearly_the_same_float32_vectors(tmp_path):
    encoder = DualEncoder.load(tiny.write_model(tmp_path), pooling="cls", device="cpu")
    token_ids = encoder.tokenize(["abc", "d" * 40], prefix="", max_tokens=60)
    vectors = Encoding(encoder, "bf16").vectors(token_ids, seed=None)
    assert vectors.dtype == torch.float32
    exact = Encoding(encoder, "fp32").vectors(token_ids, seed=None)
    assert (vectors * exact).sum(dim=1).tolist() == pytest.approx([1, 1], abs=1e-3)
