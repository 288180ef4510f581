"""Tiny random sentence-transformers folders, of the shapes that real models have."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, processors
from torch import nn
from transformers import (
    AutoTokenizer,
    DistilBertConfig,
    DistilBertModel,
    GPT2Config,
    GPT2Model,
    PretrainedConfig,
    Qwen3Config,
    Qwen3Model,
)

import tiny

# Of several lengths, cut at 24 tokens, in other scripts, and equal but for case.
TEXTS = ["x7?", "ab " * 40, "ßß العـ 12", "UPPER", "upper", ".", "a b c d e f"]
WIDTH = 32


def write_distilbert(folder: Path) -> Path:
    """A DistilBertModel, whose config calls its width `dim`, with the tokenizer of `tiny`."""
    return _write(folder, DistilBertModel, DistilBertConfig(
        vocab_size=_vocabulary(folder), dim=WIDTH, n_layers=2, n_heads=2, hidden_dim=64,
        max_position_embeddings=64,
    ))  # fmt: skip


def write_decoder(folder: Path, *, padding_side: str = "right") -> Path:
    """A Qwen3Model; as with Qwen3-Embedding, the tokenizer ends each text with one token."""
    config = Qwen3Config(
        vocab_size=_vocabulary(folder), hidden_size=WIDTH, num_hidden_layers=2, head_dim=16,
        num_attention_heads=2, num_key_value_heads=1, intermediate_size=64, pad_token_id=0,
        max_position_embeddings=64, bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    return _write(folder, Qwen3Model, config, ends=True, padding_side=padding_side)


def write_gpt2(folder: Path) -> Path:
    """A GPT2Model, whose config calls width and positions `n_embd` and `n_positions`."""
    return _write(folder, GPT2Model, GPT2Config(
        vocab_size=_vocabulary(folder), n_embd=WIDTH, n_layer=2, n_head=2, n_positions=40,
        bos_token_id=2, eos_token_id=3,
    ))  # fmt: skip


def _vocabulary(folder: Path) -> int:
    tiny.write_model(folder)
    return len(AutoTokenizer.from_pretrained(folder))


def _write(
    folder: Path,
    kind: type,
    config: PretrainedConfig,
    *,
    ends: bool = False,
    padding_side: str = "right",
) -> Path:
    torch.manual_seed(3)
    kind(config).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side=padding_side)
    if ends:
        backend: Tokenizer = tokenizer.backend_tokenizer
        backend.post_processor = processors.TemplateProcessing(
            single="$A [SEP]", special_tokens=[("[SEP]", 3)]
        )
    tokenizer.save_pretrained(folder)
    return folder


def write_sentence_model(
    folder: Path,
    base: Path,
    *,
    pooling: str = "mean",
    outputs: int | None = None,
    activation: nn.Module | None = None,
    bias: bool = True,
    unit: bool = True,
    prompts: dict[str, str] | None = None,
) -> Path:
    """A folder as sentence-transformers saves it: transformer, pooling, maybe Dense and Normalize.

    Without `outputs` there is no Dense; without `unit` no Normalize.
    """
    torch.manual_seed(5)
    modules: list[nn.Module] = [
        Transformer(str(base), max_seq_length=24),
        Pooling(WIDTH, pooling),  # type: ignore[arg-type]
    ]
    if outputs is not None:
        layer = activation or nn.Tanh()
        modules.append(Dense(WIDTH, outputs, bias=bias, activation_function=layer))
    if unit:
        modules.append(Normalize())
    model = SentenceTransformer(modules=modules, device="cpu", prompts=prompts)
    model.save_pretrained(str(folder))
    return folder


def write_labse(folder: Path) -> Path:
    """The shape of LaBSE: BERT, first token, Dense with tanh, Normalize."""
    base = tiny.write_model(folder.parent / f"{folder.name}-base")
    return write_sentence_model(folder, base, pooling="cls", outputs=WIDTH)


def write_distiluse(folder: Path) -> Path:
    """The shape of distiluse: DistilBERT, mean, Dense with tanh to another size, no Normalize."""
    base = write_distilbert(folder.parent / f"{folder.name}-base")
    return write_sentence_model(folder, base, outputs=20, unit=False)
