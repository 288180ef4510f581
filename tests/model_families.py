"""A tiny random checkpoint of each family that docs/models.md lists."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

import tiny

WIDTH = 32
_BERT = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
_ROBERTA = {**_BERT, "pad_token_id": 1}  # positions count from 2
_GROUPED = {**_BERT, "num_key_value_heads": 1, "head_dim": 16}
_GPT2 = {"n_embd": WIDTH, "n_layer": 2, "n_head": 2, "n_positions": 64}
_OPT = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "ffn_dim": 64,
    "max_position_embeddings": 64,
}
_XLM = {"emb_dim": WIDTH, "n_layers": 2, "n_heads": 2, "pad_index": 0}
# By `model_type` of config.json: other values of its keys than the defaults.
ACCEPTED: dict[str, dict[str, Any]] = {
    "albert": {**_BERT, "embedding_size": 16},
    "bert": _BERT,
    "big_bird": {**_BERT, "attention_type": "original_full"},
    "biogpt": _ROBERTA,
    "bloom": {"hidden_size": WIDTH, "n_layer": 2, "n_head": 2},
    "camembert": _ROBERTA,
    "deberta-v2": {**_BERT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"],
                   "position_buckets": 8, "position_biased_input": False},
    "distilbert": {"dim": WIDTH, "n_layers": 2, "n_heads": 2, "hidden_dim": 64,
                   "max_position_embeddings": 64},
    "electra": {**_BERT, "embedding_size": 16},
    "ernie": _BERT,
    "esm": {**_ROBERTA, "mask_token_id": 4},
    "eurobert": _GROUPED,
    "gemma": _GROUPED,
    "gemma3_text": {**_GROUPED, "sliding_window": 8, "use_bidirectional_attention": True},
    "gpt2": _GPT2,
    "gpt_neo": {"hidden_size": WIDTH, "num_layers": 2, "num_heads": 2, "window_size": 8,
                "attention_types": [[["global", "local"], 1]], "max_position_embeddings": 64},
    "gpt_neox": _BERT,
    "gptj": {**_GPT2, "rotary_dim": 8},
    "llama": {**_BERT, "num_key_value_heads": 1},
    "longformer": {**_ROBERTA, "attention_window": [8, 8]},
    "mamba": {"hidden_size": WIDTH, "num_hidden_layers": 2, "state_size": 4},
    "mistral": {**_GROUPED, "sliding_window": 8},
    "mobilebert": {**_BERT, "embedding_size": WIDTH, "intra_bottleneck_size": WIDTH},
    "modernbert": {**_BERT, "local_attention": 8},
    "mpnet": _ROBERTA,
    "nomic_bert": _BERT,
    "openai-gpt": _GPT2,
    "opt": {**_OPT, "word_embed_proj_dim": WIDTH},
    "phi": _BERT,
    "qwen2": {**_BERT, "num_key_value_heads": 1},
    "qwen3": _GROUPED,
    "qwen3_moe": {**_GROUPED, "num_experts": 4, "num_experts_per_tok": 2,
                  "moe_intermediate_size": 32},
    "rembert": {**_BERT, "input_embedding_size": 16, "output_embedding_size": 16},
    "roberta": _ROBERTA,
    "roformer": {**_BERT, "embedding_size": WIDTH},
    "squeezebert": {**_BERT, "embedding_size": WIDTH},
    "xglm": {"d_model": WIDTH, "num_layers": 2, "attention_heads": 2, "ffn_dim": 64},
    "xlm": {**_XLM, "max_position_embeddings": 64},
    "xlm-roberta": _ROBERTA,
    "xlm-roberta-xl": _ROBERTA,
    "xlnet": {"d_model": WIDTH, "n_layer": 2, "n_head": 2, "d_inner": 64},
}  # fmt: skip
# The same, and words of the line that refuses it.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "bart": ({"d_model": WIDTH, "encoder_layers": 1, "decoder_layers": 1}, "is_encoder_decoder"),
    "canine": ({**_BERT, "max_position_embeddings": 64}, "no table of word embeddings"),
    "clip": ({}, "a clip takes more than text"),
    "convbert": ({**_BERT, "embedding_size": WIDTH}, "another vector when padding follows"),
    "fnet": (_BERT, "another vector when padding follows"),
    "mt5": ({"d_model": WIDTH, "num_layers": 1}, "is_encoder_decoder"),
    "opt with a projection": ({**_OPT, "word_embed_proj_dim": 16}, "hidden_size is 32, but the"),
    "t5": ({"d_model": WIDTH, "num_layers": 1}, "is_encoder_decoder"),
}


def write_family(folder: Path, kind: str, values: dict[str, Any]) -> Path:
    """A checkpoint of a `model_type` with random weights, and the tokenizer of `tiny`."""
    tiny.write_model(folder)
    config = AutoConfig.for_model(kind.partition(" ")[0], **values)
    if kind != "clip":  # whose weights no one looks at
        config.vocab_size = 128  # more rows than tokens, as most models have
        torch.manual_seed(1)
        (folder / "model.safetensors").unlink()
        AutoModel.from_config(config).save_pretrained(folder)
    else:
        config.save_pretrained(folder)
    if getattr(config, "pad_token_id", None) == 1:
        _pad_with_one(folder)
    return folder


def _pad_with_one(folder: Path) -> None:
    """Exchange the ids 0 and 1, so that padding has the id 1."""
    path = folder / "tokenizer.json"
    values = json.loads(path.read_text())
    values["model"]["vocab"] |= {"[PAD]": 1, "[UNK]": 0}
    for token in values["added_tokens"]:
        token["id"] = values["model"]["vocab"][token["content"]]
    values["added_tokens"].sort(key=lambda token: token["id"])
    PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(values)),
        **{f"{kind}_token": f"[{kind.upper()}]" for kind in ("pad", "unk", "cls", "sep", "mask")},
    ).save_pretrained(folder)
