"""InfoNCE, computed by hand and by a loop."""

import math

import pytest
import torch
import torch.nn.functional as F

from hybridbatch.training.loss import info_nce


def test_two_pairs_and_a_hard_negative_by_hand():
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    passages = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
    # Similarities / 0.5: query 0 has 2, 1.2, 1.6; query 1 has 0, 1.6, 1.2. The positives are
    # 2 and 1.6.
    first = math.log(math.exp(2.0) + math.exp(1.2) + math.exp(1.6)) - 2.0
    second = math.log(math.exp(0.0) + math.exp(1.6) + math.exp(1.2)) - 1.6
    loss = info_nce(queries, passages, temperature=0.5)
    assert loss.item() == pytest.approx((first + second) / 2, abs=1e-6)


@pytest.mark.parametrize("hard", [0, 5])
def test_it_equals_a_plain_loop(hard):
    generator = torch.Generator().manual_seed(0)
    queries = F.normalize(torch.randn(7, 16, generator=generator), dim=1)
    passages = F.normalize(torch.randn(7 + hard, 16, generator=generator), dim=1)
    total = 0.0
    for i, query in enumerate(queries.tolist()):
        cosines = [
            sum(a * b for a, b in zip(query, passage, strict=True)) for passage in passages.tolist()
        ]
        weights = [math.exp(cosine / 0.02) for cosine in cosines]
        total += -math.log(weights[i] / sum(weights))
    loss = info_nce(queries, passages, temperature=0.02)
    assert loss.item() == pytest.approx(total / 7, rel=1e-5)


def test_equal_passages_give_the_logarithm_of_their_number():
    vectors = torch.ones(4, 1)
    assert info_nce(vectors, vectors, temperature=0.02).item() == pytest.approx(math.log(4))


def test_it_is_computed_in_float32_under_autocast():
    vectors = F.normalize(torch.randn(8, 32, generator=torch.Generator().manual_seed(1)), dim=1)
    plain = info_nce(vectors, vectors.roll(1, 0), temperature=0.02)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = info_nce(vectors, vectors.roll(1, 0), temperature=0.02)
    assert cast.dtype == torch.float32
    assert cast.item() == plain.item()
