"""The first k passages of each query: FAISS proposes them, the shared scores order them.

A candidate is packed into one 64-bit key. Keys in ascending order are in ranking order: descending
score, then ascending column. Lists are therefore sorted and merged by sorting keys.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridbatch.retrieval.columns import Floats, Ints
from hybridbatch.retrieval.ranking import Pool

Keys = NDArray[np.uint64]

NO_CANDIDATE = np.uint64(np.iinfo(np.uint64).max)
# FAISS is asked for more than k, because its rounding may order near-equal scores differently.
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
    """Keys in ranking order; a column of -1 means no candidate and comes last."""
    # Floats of one sign have the same order as their bits. Adding zero turns -0.0 into 0.0.
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

    If an approximate index finds fewer passages, NO_CANDIDATE fills the list. With an exact index,
    the list is the first k by `scores`: if FAISS may have missed a passage by rounding, the list is
    made from `scores` instead.

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
        # A passage that FAISS left out has at most FAISS's last score, or `bound` more by ours.
        last_kept, _ = unpack(keys[:, -1])
        unsure = np.flatnonzero(found_scores[:, -1].astype(np.float64) + bound >= last_kept)
        keys[unsure] = _lists_by_scores(scores[unsure, columns], length, columns.start)
    return keys


def merge(lists: list[Keys], *, k: int) -> Keys:
    """The sorted keys (b, at most k) of the union of lists (b, ...)."""
    return np.sort(np.concatenate(lists, axis=1), axis=1)[:, :k]


def rounding_bound(query_vectors: Floats, passage_vectors: Floats) -> float:
    """How far two float32 inner products of the same vectors can be apart, in any order of sums.

    Each is within gamma |x| |y| of the true value, gamma = d u / (1 - d u) and u = 2^-24 (Higham,
    Accuracy and Stability of Numerical Algorithms, section 3.1).
    """
    longest = [
        float(np.sqrt(np.einsum("nd,nd->n", vectors, vectors).max(initial=0.0)))
        for vectors in (query_vectors, passage_vectors)
    ]
    return norm_rounding_bound(query_vectors.shape[1], longest[0] * longest[1])


def norm_rounding_bound(dimension: int, norms: float) -> float:
    """Like `rounding_bound`, for vectors whose norms have a product of at most `norms`."""
    relative = dimension * 2.0**-24
    # One part in a thousand more covers the rounding of the norms themselves.
    return 2.002 * relative / (1 - relative) * norms


def language_columns(pool: Pool, code: int) -> slice:
    """The columns of a language."""
    return slice(int(pool.starts[code]), int(pool.starts[code + 1]))


def _lists_by_scores(scores: Floats, length: int, first_column: int) -> Keys:
    columns = np.broadcast_to(np.arange(scores.shape[1]) + first_column, scores.shape)
    return np.sort(pack(scores, columns), axis=1)[:, :length]
