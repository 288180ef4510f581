"""BERT's forward pass with gradients on texts of several lengths without padding.

The packed matrix (tokens, hidden) has the tokens of all texts one after another. All operations
except attention use it as a whole. Attention uses rectangles: padded groups of texts of similar
length. Copies of a row pad them; as keys, they are masked, and they have no gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from hybridbatch.encoding.batching import TokenIds
from hybridbatch.training.dropout import dropout

# The fixed cost of one call of attention, in tokens: measured on e5-small with two cores.
_CALL_COST = 48


@dataclass(frozen=True)
class Rectangle:
    """Texts that share one call of attention: `rows` of the padded matrix, `texts` * `tokens` rows.

    `mask` (texts, tokens) is True for a token of a text; None if all texts are equally long.
    """

    rows: slice
    texts: int
    tokens: int
    mask: Tensor | None


@dataclass(frozen=True)
class Layout:
    """The positions of the packed rows in the padded matrix, which is all rectangles in a row.

    places: for each padded row, the packed row that it copies, int64 (padded,). homes: for each
    packed row, its padded row, int64 (tokens,). filling: the padded rows that are only padding,
    int64.
    """

    rectangles: tuple[Rectangle, ...]
    places: Tensor
    homes: Tensor
    filling: Tensor


def layout_of(lengths: Sequence[int], *, device: torch.device) -> Layout:
    """The cheapest rectangles for neighbouring texts of `lengths` tokens, longest first."""
    rectangles = []
    masks = []
    start = first = 0
    for group in group_by_length(lengths, pass_cost=_CALL_COST):
        count = len(group)
        sizes = np.array(lengths[first : first + count])
        mask = np.arange(sizes.max())[None, :] < sizes[:, None]
        shown = None if mask.all() else torch.from_numpy(mask).to(device)
        texts, tokens = mask.shape
        rows = slice(start, start + mask.size)
        rectangles.append(Rectangle(rows, texts, tokens, shown))
        masks.append(mask.ravel())
        start, first = start + mask.size, first + count
    real = np.concatenate(masks)
    places = np.where(real, np.cumsum(real) - 1, 0)
    index = (places, np.flatnonzero(real), np.flatnonzero(~real))
    return Layout(tuple(rectangles), *(torch.from_numpy(each).to(device) for each in index))


def group_by_length(lengths: Sequence[int], *, pass_cost: int) -> list[list[int]]:
    """Divide texts into groups with the least total cost; each group is padded to one length.

    A group costs its number of texts times its greatest length, plus `pass_cost`. The best groups
    are runs of texts sorted by length; dynamic programming finds them.

    Args:
        lengths: tokens of each text, in any order.
        pass_cost: the fixed cost of a group, in tokens.

    Returns:
        Positions in `lengths`, the longest texts first.
    """
    sizes = np.array(lengths, dtype=np.int64)
    order = np.argsort(-sizes, kind="stable")
    sizes = sizes[order]
    count = len(sizes)
    costs = np.zeros(count + 1, dtype=np.int64)  # the least cost of the first n texts
    begins = np.zeros(count + 1, dtype=np.int64)  # where the last group of these begins
    starts = np.arange(count)
    for end in range(1, count + 1):
        choices = costs[:end] + sizes[:end] * (end - starts[:end]) + pass_cost
        begins[end] = np.argmin(choices)
        costs[end] = choices[begins[end]]
    groups = []
    end = count
    while end:
        groups.append(order[begins[end] : end].tolist())
        end = int(begins[end])
    return groups[::-1]


def packed_vectors(
    model: Any,
    token_ids: Sequence[TokenIds],
    *,
    pool: Callable[[Tensor, Tensor | None], Tensor],
    dtype: torch.dtype,
    checkpointing: bool,
) -> Tensor:
    """Unit vectors (texts, dim) float32 of texts in order of length, longest first.

    Args:
        model: of BERT's architecture (`packed.can_pack`), in training mode for dropout.
        token_ids: the texts.
        pool: unit vectors from the last hidden states and their mask, as `DualEncoder.pool`.
        dtype: type of the matrix products; the residual stream and the layer norms are float32.
        checkpointing: compute each layer again for its gradient instead of storing its activations.
    """
    layout = layout_of([len(ids) for ids in token_ids], device=model.device)
    hidden = _embeddings(model.embeddings, token_ids)
    for layer in model.encoder.layer:
        if checkpointing and torch.is_grad_enabled():
            hidden = checkpoint(_layer, layer, hidden, layout, dtype, use_reentrant=False)
        else:
            hidden = _layer(layer, hidden, layout, dtype)
    padded = _spread(hidden, layout)
    pooled = [
        pool(
            padded[each.rows].view(each.texts, each.tokens, -1),
            None if each.mask is None else each.mask.to(hidden.dtype),
        )
        for each in layout.rectangles
    ]
    return torch.cat(pooled)


class _Reorder(torch.autograd.Function):
    """Rows of a matrix in another order.

    `back` selects the gradient of each row; the rows at `empty` have a gradient of zero. torch's
    indexing would sum gradients row by row, which is slow; here, only one counts for each row.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, index: Tensor, back: Tensor, empty: Tensor) -> Tensor:
        ctx.back, ctx.empty = back, empty
        return rows.index_select(0, index)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        rows = gradients[0].index_select(0, ctx.back)
        if len(ctx.empty):
            rows.index_fill_(0, ctx.empty, 0.0)
        return rows, None, None, None


def _spread(packed: Tensor, layout: Layout) -> Tensor:
    """The padded matrix of a packed one."""
    none = layout.filling[:0]
    padded: Tensor = _Reorder.apply(packed, layout.places, layout.homes, none)  # type: ignore[no-untyped-call]
    return padded


def _gather(padded: Tensor, layout: Layout) -> Tensor:
    """The packed matrix of a padded one."""
    index = (layout.homes, layout.places, layout.filling)
    packed: Tensor = _Reorder.apply(padded, *index)  # type: ignore[no-untyped-call]
    return packed


def _embeddings(embeddings: Any, token_ids: Sequence[TokenIds]) -> Tensor:
    """The input of the first layer, (tokens, hidden) float32."""
    device = embeddings.word_embeddings.weight.device
    ids = torch.from_numpy(np.concatenate(token_ids).astype(np.int64)).to(device)
    positions = torch.from_numpy(np.concatenate([_positions(embeddings, e) for e in token_ids]))
    output: Tensor = embeddings(
        input_ids=ids[None],
        token_type_ids=torch.zeros_like(ids)[None],
        position_ids=positions.to(device)[None],
    )
    return output[0]


def _positions(embeddings: Any, ids: TokenIds) -> NDArray[np.int64]:
    """The position numbers of a text: RoBERTa counts from its padding id and skips padding."""
    padding = getattr(embeddings, "padding_idx", None)
    if padding is None:
        return np.arange(len(ids), dtype=np.int64)
    counted = ids != padding
    positions: NDArray[np.int64] = np.cumsum(counted) * counted + padding
    return positions


def _layer(layer: Any, hidden: Tensor, layout: Layout, dtype: torch.dtype) -> Tensor:
    attention = layer.attention
    attended = _linear(attention.output.dense, _attention(layer, hidden, layout, dtype), dtype)
    hidden = attention.output.LayerNorm(hidden + _dropout(attention.output, attended))
    inner = F.gelu(_linear(layer.intermediate.dense, hidden.to(dtype), dtype))
    fed = _dropout(layer.output, _linear(layer.output.dense, inner, dtype))
    output: Tensor = layer.output.LayerNorm(hidden + fed)
    return output


def _dropout(module: Any, inputs: Tensor) -> Tensor:
    return dropout(inputs, module.dropout.p) if module.training else inputs


def _linear(module: Any, inputs: Tensor, dtype: torch.dtype) -> Tensor:
    return F.linear(inputs, module.weight.to(dtype), module.bias.to(dtype))


def _attention(layer: Any, hidden: Tensor, layout: Layout, dtype: torch.dtype) -> Tensor:
    """The output of the attention heads for each token, (tokens, hidden) in `dtype`."""
    module = layer.attention.self
    three = (module.query, module.key, module.value)
    weight = torch.cat([each.weight for each in three]).to(dtype)
    bias = torch.cat([each.bias for each in three]).to(dtype)
    projected = F.linear(hidden.to(dtype), weight, bias)
    padded = _spread(projected, layout)
    found = [
        _attend(
            padded[each.rows].view(each.texts, each.tokens, 3, module.num_attention_heads, -1),
            each.mask,
            rate=module.dropout.p if module.training else 0.0,
        )
        for each in layout.rectangles
    ]
    return _gather(torch.cat(found), layout)


def _attend(projected: Tensor, mask: Tensor | None, *, rate: float) -> Tensor:
    """Attention within each text: from (texts, tokens, 3, heads, width) to (rows, hidden)."""
    query, key, value = projected.permute(2, 0, 3, 1, 4).unbind(0)
    seen = None if mask is None else mask[:, None, None, :]
    if rate and query.device.type == "cpu":
        # On the CPU, torch has no fused attention with dropout, and its fallback is slow.
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(2, 3)
        if seen is not None:
            scores = scores.masked_fill(~seen, -torch.inf)
        weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(scores.dtype)
        context: Tensor = dropout(weights, rate) @ value
    else:
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=seen, dropout_p=rate)
    return context.transpose(1, 2).flatten(2).flatten(0, 1)
