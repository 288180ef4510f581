"""Training only the used rows gives the same result as training the whole table."""

import numpy as np
import pytest
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel

import tiny
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.training.batch_encoding import Encoding
from hybridbatch.training.compaction import compact
from hybridbatch.training.flat_texts import FlatTexts
from hybridbatch.training.gradient_cache import GradientCache
from hybridbatch.training.loss import info_nce
from hybridbatch.training.processes import Processes

WORDS = "embeddings.word_embeddings.weight"
TEXTS = ["ab", "bc", "abc", "cb"]


def bert(folder):
    return DualEncoder.load(tiny.write_model(folder), pooling="mean", device="cpu")


def xlm_roberta(folder):
    """Positions count from the padding id, 1, which also occurs inside the texts."""
    torch.manual_seed(2)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3}
    config = XLMRobertaConfig(
        vocab_size=120, intermediate_size=40, max_position_embeddings=40, pad_token_id=1, **sizes
    )
    tokenizer = bert(folder).tokenizer
    tokenizer.pad_token_id = 1
    return DualEncoder(XLMRobertaModel(config), tokenizer, pooling="mean").eval()


def texts_of(encoder):
    ids = encoder.tokenize(TEXTS, prefix="", max_tokens=60)
    return [*ids[:3], np.append(ids[3], np.int32(1))]


def renumbered(compaction, texts):
    flat = FlatTexts.collected([texts])
    flat.renumber(compaction.numbers())
    return list(flat)


def train(encoder, texts, *, decay, steps=4):
    """Steps of AdamW; unused rows have no gradient, so only decay could change them."""
    parameters = [
        {"params": [each], "weight_decay": 0.0 if name.endswith(WORDS) else decay}
        for name, each in encoder.named_parameters()
    ]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3)
    cache = GradientCache(
        Encoding(encoder, "fp32"),
        encoder.parameters(),
        chunk_tokens=None,
        processes=Processes(),
    )
    for _ in range(steps):
        cache.backward(
            texts, lambda vectors: info_nce(vectors[:2], vectors[2:], temperature=0.1), seed=None
        )
        optimizer.step()


@pytest.mark.parametrize("make", [bert, xlm_roberta])
def test_the_result_is_that_of_the_whole_table(make, tmp_path):
    base, whole, small = (make(tmp_path) for _ in range(3))
    train(whole, texts_of(whole), decay=0.01)
    compaction = compact(small, [FlatTexts.collected([texts_of(small)])])
    rows = small.model.get_input_embeddings().num_embeddings
    used = np.unique(np.concatenate(texts_of(base)))
    assert len(used) <= rows < len(base.model.state_dict()[WORDS])
    train(small, renumbered(compaction, texts_of(small)), decay=0.01)
    compaction.expand(small)
    for name, weights in whole.model.state_dict().items():
        assert torch.equal(small.model.state_dict()[name], weights), name
    changed = (small.model.state_dict()[WORDS] != base.model.state_dict()[WORDS]).any(dim=1)
    # The padding row never has a gradient.
    assert set(np.flatnonzero(changed)) == set(used) - {
        base.model.get_input_embeddings().padding_idx
    }


def test_rows_that_no_text_uses_are_not_decayed(tmp_path):
    base, encoder = bert(tmp_path), bert(tmp_path)
    compaction = compact(encoder, [FlatTexts.collected([texts_of(encoder)])])
    small = renumbered(compaction, texts_of(encoder))
    expected = Encoding(base, "fp32").vectors(texts_of(base), seed=None)
    assert torch.equal(Encoding(encoder, "fp32").vectors(small, seed=None), expected)
    with torch.no_grad():
        encoder.model.get_input_embeddings().weight.mul_(0.5)
    compaction.expand(encoder)
    after, before = (each.model.state_dict()[WORDS] for each in (encoder, base))
    used = np.unique(np.concatenate(texts_of(base)))
    rest = np.setdiff1d(np.arange(len(before)), used)
    assert torch.equal(after[rest], before[rest])
    assert torch.equal(after[used], before[used] * 0.5)
    assert encoder.model.config.vocab_size == len(after)
