"""The gradient of a batch's loss, encoded whole or in chunks, in one process or in several.

A loss over all vectors of a batch needs them all at once, but not what they were computed from.
With more than one chunk the vectors are computed without gradients, the loss gives the gradient of
each vector, and each chunk is computed again to carry its vectors' gradients to the weights (Gao
et al., arXiv 2101.06983). With several processes each one does so with its share of the texts; the
vectors of all are gathered, and the gradients of the weights added up. The result is that of one
pass over the batch. A process without a text encodes one of another's with a gradient of zero, so
that it has the same parameters' gradients to add up.
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
    """Loss and gradients of batches; `chunk_tokens` None encodes a share in one pass."""

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
            loss_of: of the vectors in the order of the texts.
            seed: of the dropout masks of this batch; None without dropout.
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
        """The loss alone, without dropout: for an encoder that is not in training mode."""
        own, chunks = self._share(token_ids)
        parts = [self._encode(token_ids, chunk, number, None) for number, chunk in chunks]
        return loss_of(self._gathered(token_ids, own, torch.cat(parts))).item()

    def _share(
        self, token_ids: Sequence[TokenIds]
    ) -> tuple[list[int], list[tuple[int, list[int]]]]:
        """The texts of this process, chunk after chunk, and its numbered chunks.

        Without a text of its own it has one chunk all the same, of the batch's shortest text.
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
        # A seed for each chunk, so that its masks are the same when it is computed again.
        own_seed = None if seed is None else (seed + number) % 2**63
        return self._encoding.vectors([token_ids[i] for i in chunk], seed=own_seed)

    def _gathered(self, token_ids: Sequence[TokenIds], own: Sequence[int], part: Tensor) -> Tensor:
        """The vectors of all texts, of which this process has computed the rows `own`."""
        vectors = part.new_zeros(len(token_ids), part.shape[1])
        vectors[own] = part[: len(own)]
        self._processes.add_up([vectors])
        return vectors
