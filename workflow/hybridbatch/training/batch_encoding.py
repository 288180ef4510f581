"""Unit vectors of one batch's texts, with gradients and without padding, in chunks of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from hybridbatch.encoding.batching import TokenIds, pad
from hybridbatch.encoding.encoder import DualEncoder, Precision
from hybridbatch.encoding.packed import can_pack
from hybridbatch.training.packed_pass import group_by_length, packed_vectors

# What one forward pass costs beyond its tokens, in tokens: measured on e5-small and two cores.
_PASS_COST = 64


@dataclass(frozen=True)
class Encoding:
    """How texts become vectors in training: on every path the same.

    checkpointing: compute layers again for their gradients, instead of storing what these need.
    """

    encoder: DualEncoder
    precision: Precision
    checkpointing: bool = False

    def vectors(self, token_ids: Sequence[TokenIds], *, seed: int | None) -> Tensor:
        """Unit vectors (texts, dim) float32, in the order of the texts, with gradients if enabled.

        Args:
            token_ids: the texts.
            seed: of the dropout masks; the same seed and texts give the same masks. None where the
                encoder has no dropout.
        """
        if seed is not None:
            torch.manual_seed(seed)
        order = longest_first([len(ids) for ids in token_ids])
        ordered = [token_ids[i] for i in order]
        vectors = self._packed(ordered) if can_pack(self.encoder.model) else self._padded(ordered)
        place = torch.from_numpy(np.argsort(order)).to(vectors.device)
        return vectors.index_select(0, place)

    def _packed(self, ordered: Sequence[TokenIds]) -> Tensor:
        return packed_vectors(
            self.encoder.model,
            ordered,
            pooling=self.encoder.pooling,
            dtype=torch.bfloat16 if self.precision == "bf16" else torch.float32,
            checkpointing=self.checkpointing,
        )

    def _padded(self, ordered: Sequence[TokenIds]) -> Tensor:
        """For other architectures: texts of similar length share a pass, bf16 is autocast."""
        device = self.encoder.device
        parts = []
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
            for group in group_by_length([len(ids) for ids in ordered], pass_cost=_PASS_COST):
                ids, mask = pad([ordered[i] for i in group], pad_id=self.encoder.pad_id)
                inputs = (
                    torch.from_numpy(ids).to(device),
                    None if mask is None else torch.from_numpy(mask).to(device),
                )
                if self.checkpointing and torch.is_grad_enabled():
                    parts.append(checkpoint(self.encoder, *inputs, use_reentrant=False))
                else:
                    parts.append(self.encoder(*inputs))
        return torch.cat(parts)


def longest_first(lengths: Sequence[int]) -> list[int]:
    """Positions in the order of length, equal lengths as they come."""
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])


def chunks_of(lengths: Sequence[int], *, chunk_tokens: int | None) -> list[list[int]]:
    """Divide texts into chunks of at most `chunk_tokens` tokens, neighbours in the order of length.

    A longer text is a chunk by itself; without a limit all texts are one chunk.

    Returns:
        Positions in `lengths`, the longest texts first.
    """
    chunks: list[list[int]] = []
    room = 0
    for i in longest_first(lengths):
        if not chunks or (chunk_tokens is not None and lengths[i] > room):
            chunks.append([])
            room = chunk_tokens or 0
        chunks[-1].append(i)
        room -= lengths[i]
    return chunks
