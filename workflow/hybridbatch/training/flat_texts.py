"""Token ids of many texts in one array: one array per short text takes more memory than its ids."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hybridbatch.encoding.batching import TokenIds

_AT_A_TIME = 1 << 20  # token ids in one indexing operation


@dataclass(frozen=True)
class FlatTexts:
    """n texts; text i is `ids[offsets[i] : offsets[i + 1]]`.

    ids: int32 (tokens,). offsets: int64 (n + 1,).
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def collected(cls, groups: Iterable[Sequence[TokenIds]]) -> FlatTexts:
        """The texts of all groups; one group at a time is in memory."""
        # Python's array grows in place; concatenating NumPy arrays would hold all ids twice.
        ids, lengths = array("i"), array("q", [0])
        for group in groups:
            for text in group:
                ids.frombytes(text.astype(np.int32, copy=False).tobytes())
                lengths.append(len(text))
        return cls(np.frombuffer(ids, dtype=np.int32), np.cumsum(lengths, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> TokenIds:
        """The token ids of a text, a view."""
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def mark(self, seen: NDArray[np.bool_]) -> None:
        """Set `seen[id]` to True for every id that occurs; `seen` is (vocabulary,)."""
        for part in self._parts():
            seen[part] = True

    def renumber(self, numbers: NDArray[np.int32]) -> None:
        """Replace every id by `numbers[id]`, in place."""
        for part in self._parts():
            part[:] = numbers[part]

    def _parts(self) -> Iterable[NDArray[np.int32]]:
        # NumPy converts indices to 64 bits: parts keep the memory for this small.
        return (self.ids[i : i + _AT_A_TIME] for i in range(0, len(self.ids), _AT_A_TIME))
