"""Dropout: its rate, its scale, its gradient, and the generator that it draws from."""

import pytest
import torch
from transformers import BertConfig, BertModel

from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.training.dropout import dropout
from hybridbatch.training.packed_pass import packed_vectors


def test_the_rate_is_exact_in_the_mean_and_values_keep_their_mean():
    torch.manual_seed(1)
    values = torch.full((1000, 1001), 3.0)
    found = dropout(values, 0.1)
    share = (found == 0).float().mean().item()
    # A million draws: the standard deviation of the share is .0003.
    assert share == pytest.approx(0.1, abs=0.0012)
    assert found.max().item() == pytest.approx(3 / 0.9, rel=1e-4)
    assert found.mean().item() == pytest.approx(3.0, abs=0.005)
    rows = (found == 0).float().mean(dim=1)
    # Each with 1,001 draws: they must spread like independent draws, neither less nor more.
    assert rows.std().item() == pytest.approx((0.1 * 0.9 / 1001) ** 0.5, rel=0.1)


def test_the_gradient_passes_where_the_value_did():
    torch.manual_seed(2)
    values = torch.ones(50, 3, requires_grad=True)
    found = dropout(values, 0.5)
    found.sum().backward()
    assert torch.equal(values.grad, found.detach())
    assert set(found.detach().unique().tolist()) == {0.0, 2.0}


def test_the_seed_decides_and_rate_0_leaves_everything():
    values = torch.randn(7, 5)
    torch.manual_seed(3)
    first, second = dropout(values, 0.3), dropout(values, 0.3)
    torch.manual_seed(3)
    assert torch.equal(dropout(values, 0.3), first) and not torch.equal(first, second)
    assert dropout(values, 0.0) is values


def test_the_mean_over_masks_is_near_the_vector_without():
    torch.manual_seed(4)
    sizes = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 3}
    model = BertModel(BertConfig(vocab_size=50, intermediate_size=40, **sizes))
    encoder = DualEncoder(model, None, pooling="mean")
    texts = [torch.arange(2, 2 + count).numpy() for count in (9, 7, 2)]

    def vectors():
        return packed_vectors(
            model, texts, pool=encoder.pool, dtype=torch.float32, checkpointing=False
        ).detach()

    plain = (model.eval(), vectors())[1]
    model.train()
    masked = [vectors() for _ in range(200)]
    assert not torch.equal(masked[0], masked[1])
    mean = torch.stack(masked).mean(dim=0)
    assert torch.cosine_similarity(mean, plain).min() > 0.98
