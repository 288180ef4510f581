"""Train only those rows of the word-embedding table that the training texts use.

The table is most of a small multilingual model, and a training set uses only a part of it. Rows
that no text uses have no gradient. Training the small table gives the same result as training the
whole table without weight decay of the unused rows, which stay as in the base model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.training.flat_texts import FlatTexts


@dataclass(frozen=True)
class Compaction:
    """How the small table follows from the whole one.

    whole: the base model's table, (vocabulary, hidden). kept: the rows of the whole table that the
    small one has, ascending, int64. used: whether a text uses each of these rows, bool.
    """

    whole: Tensor
    kept: NDArray[np.int64]
    used: NDArray[np.bool_]

    def numbers(self) -> NDArray[np.int32]:
        """The row of the small table for each row of the whole one, int32; 0 for removed rows."""
        numbers = np.zeros(len(self.whole), dtype=np.int32)
        numbers[self.kept] = np.arange(len(self.kept), dtype=np.int32)
        return numbers

    @torch.no_grad()
    def expand(self, encoder: DualEncoder) -> None:
        """Give the encoder the whole table again, with the trained values of the used rows."""
        small = encoder.model.get_input_embeddings()
        rows = torch.from_numpy(self.kept[self.used]).to(small.weight.device)
        trained = small.weight[torch.from_numpy(self.used).to(small.weight.device)]
        table = self.whole.index_copy_(0, rows, trained)
        encoder.model.set_input_embeddings(_embedding(table, small))


def compact(encoder: DualEncoder, texts: Iterable[FlatTexts]) -> Compaction:
    """Reduce the encoder's word-embedding table to the rows that `texts` use."""
    table = encoder.model.get_input_embeddings()
    used = np.zeros(table.num_embeddings, dtype=bool)
    for some in texts:
        some.mark(used)
    # Padding keeps its number, because some models compute positions from it.
    padding = encoder.pad_id if table.padding_idx is None else table.padding_idx
    kept = used.copy()
    kept[: max(padding, encoder.pad_id) + 1] = True
    rows = np.flatnonzero(kept)
    whole = table.weight.detach()
    small = whole[torch.from_numpy(rows).to(whole.device)]
    encoder.model.set_input_embeddings(_embedding(small, table))
    return Compaction(whole, rows, used[rows])


def _embedding(weight: Tensor, like: nn.Embedding) -> nn.Embedding:
    count, width = weight.shape
    return nn.Embedding(count, width, padding_idx=like.padding_idx, _weight=weight)
