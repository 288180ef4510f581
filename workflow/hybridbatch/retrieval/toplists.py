"""The first k passages of each query: FAISS proposes them, the shared scores order them.

A candidate is packed into one 64-bit key whose ascending order is the ranking's: descending score,
then ascending column. Sorting and merging lists is then sorting keys.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridbatch.retrieval.columns import Floats, Ints
from hybridbatch.retrieval.ranking import Pool

Keys = NDArray[np.uint64]

NO_CANDIDATE = np.uint64(np.iinfo(np.uint64).max)
# FAISS is asked for more than k, since its own rounding may order near-equal scores otherwise.
_MARGIN = 16
_SIGN = np.uint32(1 << 31)


@dataclass(frozen=True)
class LanguageIndex:
    """The FAISS index of one language.

    Attributes:
        index: searched by inner product.
        exact: whether it compares every vector at full precision.
        columns: (n,) the pool's column of each of its vectors.
    """

    index: Any
    exact: bool
    columns: Ints


def pack(scores: Floats, columns: Ints) -> Keys:
    """Keys in ranking order; a column of -1 is no candidate and comes last."""
    # Floats of one sign order as their bits do. Adding zero turns -0.0, which equals 0.0, into it.
    bits = (scores + np.float32(0)).view(np.uint32)
    ascending = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    keys = (~ascending).astype(np.uint64) << np.uint64(32) | columns.astype(np.uint64)
    return np.where(columns < 0, NO_CANDIDATE, keys)


def unpack(keys: Keys) -> tuple[Floats, Ints]:
    """The scores and columns of keys that hold a candidate."""
    ascending = ~(keys >> np.uint64(32)).astype(np.uint32)
    bits = np.where(ascending & _SIGN, ascending ^ _SIGN, ~ascending)
    return bits.view(np.float32), (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def language_lists(
    index: LanguageIndex,
    query_vectors: Floats,
    scores: Floats,
    *,
    k: int,
    columns: slice,
    bound: float,
) -> Keys:
    """The sorted keys (b, min(k, passages)) of one language for a block of queries.

    A list is short, filled up with NO_CANDIDATE, where an approximate index finds fewer. With an
    exact index the list is the first k by `scores`: where rounding could hide a passage from
    FAISS, it is taken from `scores` instead.

    Args:
        index: the language's index.
        query_vectors: (b, d) float32.
        scores: (b, p) of the same queries.
        k: the length of the lists.
        columns: the language's columns.
        bound: how far FAISS's score may be from ours, by rounding.
    """
    size = len(index.columns)
    length, asked = min(k, size), min(k + _MARGIN, size)
    if length == 0:
        return np.empty((len(query_vectors), 0), dtype=np.uint64)
    found_scores, found = index.index.search(query_vectors, asked)
    candidates = np.where(found < 0, -1, index.columns[found])
    own_scores = np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)
    keys = np.sort(pack(own_scores, candidates), axis=1)[:, :length]
    if index.exact and asked < size:
        # What FAISS left out scores at most its last score, so by ours at most `bound` more.
        last_kept, _ = unpack(keys[:, -1])
        unsure = np.flatnonzero(found_scores[:, -1].astype(np.float64) + bound >= last_kept)
        keys[unsure] = _lists_by_scores(scores[unsure, columns], length, columns.start)
    return keys


def merge(lists: list[Keys], *, k: int) -> Keys:
    """The sorted keys (b, at most k) of the union of lists (b, ...)."""
    return np.sort(np.concatenate(lists, axis=1), axis=1)[:, :k]


def rounding_bound(query_vectors: Floats, passage_vectors: Floats) -> float:
    """How far two float32 inner products of the same vectors can be apart, whatever the order.

    Each is within gamma |x| |y| of the true value, gamma = d u / (1 - d u) and u = 2^-24 (Higham,
    Accuracy and Stability of Numerical Algorithms, section 3.1).
    """
    longest = [
        float(np.sqrt(np.einsum("nd,nd->n", vectors, vectors).max(initial=0.0)))
        for vectors in (query_vectors, passage_vectors)
    ]
    return norm_rounding_bound(query_vectors.shape[1], longest[0] * longest[1])


def norm_rounding_bound(dimension: int, norms: float) -> float:
    """As `rounding_bound`, of vectors whose norms' product is at most `norms`."""
    relative = dimension * 2.0**-24
    # One part in a thousand more covers the rounding of the norms themselves.
    return 2.002 * relative / (1 - relative) * norms


def language_columns(pool: Pool, code: int) -> slice:
    """The columns of a language."""
    return slice(int(pool.starts[code]), int(pool.starts[code + 1]))


def _lists_by_scores(scores: Floats, length: int, first_column: int) -> Keys:
    columns = np.broadcast_to(np.arange(scores.shape[1]) + first_column, scores.shape)
    return np.sort(pack(scores, columns), axis=1)[:, :length]
