"""The gradient of a batch's loss: the batch is encoded whole or in chunks, by several processes.

The loss needs all vectors of a batch at once, but not the activations that they came from. With
more than one chunk, the vectors are computed without gradients, and the loss gives the gradient of
each vector. Then each chunk is computed again, and its vectors' gradients are propagated to the
weights (Gao et al., arXiv 2101.06983). With several processes, each one does this with its share of
the texts; the processes gather all vectors and sum the gradients of the weights. The result equals
that of one pass over the batch. A process without texts encodes a text of another process with a
gradient of zero, because all processes must have the same gradients to sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from hybridbatch.encoding.batching import TokenIds
from hybridbatch.training.batch_encoding import Encoding, chunks_of, longest_first
from hybridbatch.training.processes import Processes

Loss = Callable[[Tensor], Tensor]  # a scalar from the vectors (texts, dim) of a batch


class GradientCache:
    """Loss and gradients of batches; with `chunk_tokens` None, a process's share is one chunk."""

    def __init__(
        self,
        encoding: Encoding,
        parameters: Iterable[Tensor],
        *,
        chunk_tokens: int | None,
        processes: Processes,
    ) -> None:
        self._encoding, self._processes = encoding, processes
        self._parameters = list(parameters)
        self._chunk_tokens = chunk_tokens

    def backward(self, token_ids: Sequence[TokenIds], loss_of: Loss, *, seed: int | None) -> float:
        """Set the gradient of every parameter, and return the loss.

        Args:
            token_ids: all texts of the batch, the same in every process.
            loss_of: the loss from the vectors, which are in the order of the texts.
            seed: seed of the dropout masks of this batch; None without dropout.
        """
        for parameter in self._parameters:
            parameter.grad = None
        own, chunks = self._share(token_ids)
        whole = len(chunks) == 1
        with torch.set_grad_enabled(whole):
            parts = [self._encode(token_ids, chunk, number, seed) for number, chunk in chunks]
        vectors = self._gathered(token_ids, own, torch.cat(parts).detach()).requires_grad_()
        loss = loss_of(vectors)
        loss.backward()  # type: ignore[no-untyped-call]
        assert vectors.grad is not None
        for number, chunk in chunks:
            part = parts[0] if whole else self._encode(token_ids, chunk, number, seed)
            gradient = vectors.grad[chunk] if own else torch.zeros_like(part)
            part.backward(gradient)  # type: ignore[no-untyped-call]
        self._processes.add_up([each.grad for each in self._parameters if each.grad is not None])
        return loss.item()

    @torch.no_grad()
    def loss(self, token_ids: Sequence[TokenIds], loss_of: Loss) -> float:
        """The loss without gradients and dropout; the encoder must not be in training mode."""
        own, chunks = self._share(token_ids)
        parts = [self._encode(token_ids, chunk, number, None) for number, chunk in chunks]
        return loss_of(self._gathered(token_ids, own, torch.cat(parts))).item()

    def _share(
        self, token_ids: Sequence[TokenIds]
    ) -> tuple[list[int], list[tuple[int, list[int]]]]:
        """The positions of this process's texts, chunk after chunk, and its numbered chunks.

        A process without texts has one chunk with the shortest text of the batch.
        """
        lengths = [len(ids) for ids in token_ids]
        shares = self._processes.shares(longest_first(lengths))
        chunks = []
        number = 0
        for rank, share in enumerate(shares):
            for chunk in chunks_of([lengths[i] for i in share], chunk_tokens=self._chunk_tokens):
                if rank == self._processes.rank:
                    chunks.append((number, [share[i] for i in chunk]))
                number += 1
        own = [i for _, chunk in chunks for i in chunk]
        return own, chunks or [(number, [int(np.argmin(lengths))])]

    def _encode(
        self, token_ids: Sequence[TokenIds], chunk: Sequence[int], number: int, seed: int | None
    ) -> Tensor:
        # Each chunk has a seed, so that it has the same masks when it is computed again.
        own_seed = None if seed is None else (seed + number) % 2**63
        return self._encoding.vectors([token_ids[i] for i in chunk], seed=own_seed)

    def _gathered(self, token_ids: Sequence[TokenIds], own: Sequence[int], part: Tensor) -> Tensor:
        """The vectors of all texts; this process has computed the rows `own`."""
        vectors = part.new_zeros(len(token_ids), part.shape[1])
        vectors[own] = part[: len(own)]
        self._processes.add_up([vectors])
        return vectors
