"""The limits that planning reads from config.json are those of the model that the stages load."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from transformers import AutoConfig, AutoModel

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.token_limits import check_max_tokens
from hybridbatch.planning.model_limits import Limits, limits_of

SIZES = {
    "vocab_size": 50, "max_position_embeddings": 40, "pad_token_id": 1, "hidden_size": 32,
    "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64,
}  # fmt: skip
OWN = {
    "distilbert": {"dim": 32, "n_layers": 1, "n_heads": 2, "hidden_dim": 64},
    "gpt2": {"n_positions": 40, "n_embd": 32, "n_layer": 1, "n_head": 2},
    "electra": {"embedding_size": 32},
    "albert": {"embedding_size": 32},
}
TYPES = (
    "bert",
    "roberta",
    "xlm-roberta",
    "camembert",
    "mpnet",
    "distilbert",
    "electra",
    "albert",
    "gpt2",
)


def most_tokens(model: Any) -> int:
    """The largest number of tokens that the stages accept."""
    encoder = cast(Any, SimpleNamespace(model=model))
    accepted = 0
    for number in range(1, 64):
        try:
            check_max_tokens(encoder, number, key="training.max_tokens")
        except HybridBatchError:
            break
        accepted = number
    return accepted


@pytest.mark.parametrize("kind", TYPES)
def test_the_positions_are_those_that_the_stages_accept(tmp_path: Path, kind: str) -> None:
    config = AutoConfig.for_model(kind, **{**SIZES, **OWN.get(kind, {})})
    config.save_pretrained(tmp_path)
    limits = limits_of(tmp_path)
    assert limits.width == 32
    assert limits.positions == most_tokens(AutoModel.from_config(config)) < 64


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model_type": "qwen3", "hidden_size": 8}'])
def test_what_is_not_known_is_left_to_the_stages(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert limits_of(tmp_path) == limits_of(tmp_path / "nowhere") == Limits()
