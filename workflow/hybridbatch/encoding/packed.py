"""Inference with BERT's architecture on texts of several lengths without padding.

A matrix (tokens, hidden) holds the tokens of all texts of a batch one after another. The linear
layers use it as a whole; only attention is computed within each text, for all texts of one length
at a time.
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
# Up to this many tokens, two batched products are faster on CPUs than the fused attention, which is
# made for scores that do not fit into the cache.
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
    query_key_value: _Linear  # one product, whose columns are the three one after another
    attention_output: _Linear
    attention_norm: nn.LayerNorm
    feed_up: _Linear
    feed_down: _Linear
    output_norm: nn.LayerNorm


class PackedModel:
    """The weights of a BertModel or (XLM-)RobertaModel, cast once for the matrix products.

    The residual stream, the layer norms and the returned hidden states are float32.
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
        projected = layer.query_key_value(inputs)
        context = torch.empty_like(inputs)
        for group in groups:
            heads = (group.texts, group.tokens, self._heads, -1)
            parts = projected[group.rows].view(group.texts, group.tokens, 3, self._heads, -1)
            # One copy arranges all three as the batched products need them.
            query, key, value = parts.permute(2, 0, 3, 1, 4).contiguous().flatten(1, 2)
            attended = _attend(query, key, value).view(group.texts, self._heads, group.tokens, -1)
            context[group.rows].view(heads).copy_(attended.transpose(1, 2))
        return context


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(q k' / sqrt(width)) v for contiguous (texts * heads, tokens, width)."""
    if query.shape[1] > _SHORT or query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value)
    scores = torch.baddbmm(
        query.new_empty(1, 1, 1), query, key.transpose(1, 2), beta=0, alpha=query.shape[2] ** -0.5
    )
    # Softmax is also faster in float32: the CPU's vector units convert before and after it.
    return torch.softmax(scores.float(), dim=-1).to(value.dtype) @ value


def can_pack(model: nn.Module) -> bool:
    """Whether PackedModel computes what `model` does."""
    if type(model) not in _ARCHITECTURES:
        return False
    config: Any = model.config
    plain = config.hidden_act == "gelu" and not config.is_decoder and not config.add_cross_attention
    # Layers with adapters compute more than the product with their weight.
    return plain and all(type(each) is nn.Linear for each in _linear_layers(model))


def _linear_layers(model: Any) -> Iterator[nn.Module]:
    for layer in model.encoder.layer:
        attention = layer.attention
        yield from (attention.self.query, attention.self.key, attention.self.value)
        yield from (attention.output.dense, layer.intermediate.dense, layer.output.dense)


def _layer(layer: Any, dtype: torch.dtype) -> _Layer:
    def linear(*modules: nn.Linear) -> _Linear:
        """One product for modules with the same inputs."""
        return _Linear(
            torch.cat([each.weight.detach() for each in modules]).to(dtype),
            torch.cat([each.bias.detach() for each in modules]).to(dtype),
        )

    attention = layer.attention
    return _Layer(
        query_key_value=linear(attention.self.query, attention.self.key, attention.self.value),
        attention_output=linear(attention.output.dense),
        attention_norm=attention.output.LayerNorm,
        feed_up=linear(layer.intermediate.dense),
        feed_down=linear(layer.output.dense),
        output_norm=layer.output.LayerNorm,
    )
