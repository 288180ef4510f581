import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from hybridbatch.encoding.packed import LengthGroup, PackedModel, can_pack, length_groups

SIZES = {
    "vocab_size": 50,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 30,
    "pad_token_id": 1,
}


def random_model(kind: str):
    torch.manual_seed(1)
    if kind == "bert":
        return BertModel(BertConfig(**SIZES)).eval()
    return XLMRobertaModel(XLMRobertaConfig(**SIZES)).eval()


def test_neighbours_of_one_length_share_a_group():
    assert length_groups([3, 3, 2, 3]) == [
        LengthGroup(rows=slice(0, 6), texts=2, tokens=3),
        LengthGroup(rows=slice(6, 8), texts=1, tokens=2),
        LengthGroup(rows=slice(8, 11), texts=1, tokens=3),
    ]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
def test_hidden_states_equal_the_model_s_own(kind):
    model = random_model(kind)
    # 1 is the padding id: RoBERTa gives it no position of its own, even inside a text.
    texts = [[0, 5, 1, 9, 2], [0, 7, 8, 6, 2], [0, 4, 2]]
    packed = PackedModel(model, dtype=torch.float32)
    first, second = packed.hidden_states([np.array(ids, np.int32) for ids in texts])
    assert (first.shape, second.shape) == ((2, 5, 24), (1, 3, 24))
    for text, states in zip(texts, [*first, *second], strict=True):
        with torch.no_grad():
            expected = model(torch.tensor([text]), attention_mask=torch.ones(1, len(text)))
        torch.testing.assert_close(states, expected.last_hidden_state[0], atol=1e-5, rtol=0)


def test_the_model_itself_is_left_as_it_was():
    model = random_model("bert")
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    PackedModel(model, dtype=torch.bfloat16).hidden_states([np.array([0, 5, 2], np.int32)])
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name]) and weight.dtype == torch.float32


def test_bf16_products_give_float32_states_close_to_float32_s():
    model = random_model("bert")
    texts = [np.array([0, 5, 9, 2], np.int32)]
    (exact,) = PackedModel(model, dtype=torch.float32).hidden_states(texts)
    (rounded,) = PackedModel(model, dtype=torch.bfloat16).hidden_states(texts)
    assert rounded.dtype == torch.float32
    assert torch.cosine_similarity(exact, rounded, dim=-1).min() > 0.9999


def test_other_architectures_and_activations_are_refused():
    other = DistilBertModel(DistilBertConfig(dim=24, n_layers=1, n_heads=3, hidden_dim=40))
    relu = BertModel(BertConfig(**SIZES, hidden_act="relu"))
    assert not can_pack(other) and not can_pack(relu)
    with pytest.raises(TypeError, match="DistilBertModel"):
        PackedModel(other, dtype=torch.float32)
