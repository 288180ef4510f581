"""Inference with BERT's architecture on texts of several lengths without padding.

The tokens of all texts of a batch stand one after another in a matrix (tokens, hidden), which the
linear layers take whole; only attention goes text by text, all texts of one length at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import BertModel, RobertaModel, XLMRobertaModel

from hybridbatch.encoding.batching import TokenIds

_ARCHITECTURES = (BertModel, RobertaModel, XLMRobertaModel)
# Up to this many tokens two batched products are faster on processors than the fused attention,
# which is made for scores that no cache holds.
_SHORT = 128


@dataclass(frozen=True)
class LengthGroup:
    """Texts of one length: their rows in the packed matrix, how many, and tokens in each."""

    rows: slice
    texts: int
    tokens: int


def length_groups(lengths: Sequence[int]) -> list[LengthGroup]:
    """Runs of equal length among neighbouring texts of `lengths` tokens."""
    groups = []
    start = 0
    for tokens, run in groupby(lengths):
        texts = sum(1 for _ in run)
        groups.append(LengthGroup(slice(start, start + texts * tokens), texts, tokens))
        start += texts * tokens
    return groups


@dataclass(frozen=True)
class _Linear:
    weight: Tensor
    bias: Tensor

    def __call__(self, inputs: Tensor) -> Tensor:
        return F.linear(inputs, self.weight, self.bias)


@dataclass(frozen=True)
class _Layer:
    query: _Linear
    key: _Linear
    value: _Linear
    attention_output: _Linear
    attention_norm: nn.LayerNorm
    feed_up: _Linear
    feed_down: _Linear
    output_norm: nn.LayerNorm


class PackedModel:
    """The weights of a BertModel or (XLM-)RobertaModel, cast once for the matrix products.

    The residual stream, the layer norms and the hidden states that come out are float32.
    """

    def __init__(self, model: Any, *, dtype: torch.dtype) -> None:
        if not can_pack(model):
            raise TypeError(f"{type(model).__name__} is not of BERT's architecture")
        self._embed = model.embeddings
        self._dtype = dtype
        self._heads = int(model.config.num_attention_heads)
        self._layers = [_layer(layer, dtype) for layer in model.encoder.layer]

    @torch.inference_mode()
    def hidden_states(self, token_ids: Sequence[TokenIds]) -> list[Tensor]:
        """Last hidden states, one (texts, tokens, hidden) per group of equally long neighbours.

        Texts of one length should be neighbours: every group costs a call of attention.
        """
        groups = length_groups([len(ids) for ids in token_ids])
        hidden = torch.cat(list(self._embeddings(token_ids, groups)))
        for layer in self._layers:
            context = self._attention(layer, hidden.to(self._dtype), groups)
            hidden = layer.attention_norm(hidden.add_(layer.attention_output(context)))
            inner = F.gelu(layer.feed_up(hidden.to(self._dtype)))
            hidden = layer.output_norm(hidden.add_(layer.feed_down(inner)))
        return [hidden[group.rows].view(group.texts, group.tokens, -1) for group in groups]

    def _embeddings(
        self, token_ids: Sequence[TokenIds], groups: Sequence[LengthGroup]
    ) -> Iterator[Tensor]:
        first = 0
        for group in groups:
            ids = np.stack(token_ids[first : first + group.texts]).astype(np.int64)
            first += group.texts
            device = self._embed.word_embeddings.weight.device
            yield self._embed(torch.from_numpy(ids).to(device)).flatten(0, 1)

    def _attention(self, layer: _Layer, inputs: Tensor, groups: Sequence[LengthGroup]) -> Tensor:
        projected = (layer.query(inputs), layer.key(inputs), layer.value(inputs))
        context = torch.empty_like(projected[0])
        for group in groups:
            query, key, value = (self._heads_of(part, group) for part in projected)
            self._heads_of(context, group).copy_(_attend(query, key, value))
        return context

    def _heads_of(self, matrix: Tensor, group: LengthGroup) -> Tensor:
        """The group's rows as (texts, heads, tokens, width of a head), without a copy."""
        shape = (group.texts, group.tokens, self._heads, -1)
        return matrix[group.rows].view(shape).transpose(1, 2)


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(q k' / sqrt(width)) v for (texts, heads, tokens, width)."""
    if query.shape[2] > _SHORT or query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    return torch.softmax(scores, dim=-1) @ value  # computes in float32 whatever it is given


def can_pack(model: nn.Module) -> bool:
    """Whether PackedModel computes what `model` does."""
    if type(model) not in _ARCHITECTURES:
        return False
    config: Any = model.config
    return bool(
        config.hidden_act == "gelu" and not config.is_decoder and not config.add_cross_attention
    )


def _layer(layer: Any, dtype: torch.dtype) -> _Layer:
    def linear(module: nn.Linear) -> _Linear:
        return _Linear(module.weight.detach().to(dtype), module.bias.detach().to(dtype))

    attention = layer.attention
    return _Layer(
        query=linear(attention.self.query),
        key=linear(attention.self.key),
        value=linear(attention.self.value),
        attention_output=linear(attention.output.dense),
        attention_norm=attention.output.LayerNorm,
        feed_up=linear(layer.intermediate.dense),
        feed_down=linear(layer.output.dense),
        output_norm=layer.output.LayerNorm,
    )
