"""Token ids of many texts in one array: an array for each costs more than a short text does."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hybridbatch.encoding.batching import TokenIds

_AT_A_TIME = 1 << 20  # token ids that are looked up together


@dataclass(frozen=True)
class FlatTexts:
    """n texts; text i is `ids[offsets[i] : offsets[i + 1]]`.

    ids: int32 (tokens,). offsets: int64 (n + 1,).
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def collected(cls, groups: Iterable[Sequence[TokenIds]]) -> FlatTexts:
        """The texts of all groups, of which one at a time is in memory."""
        # Python's array grows where it stands; joining NumPy's would hold all ids twice.
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
        """Set `seen`, one per id of the vocabulary, for every id that occurs."""
        for part in self._parts():
            seen[part] = True

    def renumber(self, numbers: NDArray[np.int32]) -> None:
        """Replace every id by its number, in place."""
        for part in self._parts():
            part[:] = numbers[part]

    def _parts(self) -> Iterable[NDArray[np.int32]]:
        # Indices are widened to 64 bits: in parts, so that this needs little memory.
        return (self.ids[i : i + _AT_A_TIME] for i in range(0, len(self.ids), _AT_A_TIME))
