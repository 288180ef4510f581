"""Unit vectors of the texts of a batch, with gradients, in chunks, without padding if possible."""

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

# The fixed cost of one forward pass, in tokens: measured on e5-small with two cores.
_PASS_COST = 64


@dataclass(frozen=True)
class Encoding:
    """How training encodes texts, on every path.

    checkpointing: compute each layer again for its gradient instead of storing its activations.
    """

    encoder: DualEncoder
    precision: Precision
    checkpointing: bool = False

    def vectors(self, token_ids: Sequence[TokenIds], *, seed: int | None) -> Tensor:
        """Unit vectors (texts, dim) float32, in the order of the texts, with gradients if enabled.

        Args:
            token_ids: the texts.
            seed: seed of the dropout masks; the same seed and texts give the same masks. None for
                an encoder without dropout.
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
            pool=self.encoder.pool,
            dtype=torch.bfloat16 if self.precision == "bf16" else torch.float32,
            checkpointing=self.checkpointing,
        )

    def _padded(self, ordered: Sequence[TokenIds]) -> Tensor:
        """For other architectures: texts of similar length share a pass; autocast gives bf16."""
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
    """Positions sorted by length, longest first; equal lengths keep their order."""
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])


def chunks_of(lengths: Sequence[int], *, chunk_tokens: int | None) -> list[list[int]]:
    """Sort texts by length and divide them into chunks of at most `chunk_tokens` tokens.

    A longer text is a chunk of its own. Without a limit, all texts are one chunk.

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
