"""The first k passages of each query over shards that are searched one after another.

Only the first k so far of each query are in memory. In the exact search, a matrix product finds the
few passages of a block that may belong to them. Each of these is scored again on its own: the score
then depends only on the two vectors, so equal vectors always tie. Equal scores are ordered by
passage_id, the greater first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridbatch.retrieval import first_pass
from hybridbatch.retrieval.columns import Floats, Ints
from hybridbatch.retrieval.first_pass import RoundedBlock, RoundedQueries
from hybridbatch.retrieval.ranking import blocks

Ids = NDArray[np.object_]
# Passages and queries of one matrix product: the scores stay in a core's cache.
PASSAGE_BLOCK, QUERY_BLOCK = 2048, 512
# Pairs of vectors that are scored at once; they stay in the cache too.
_PAIRS = 256


@dataclass(frozen=True)
class Found:
    """Passages by query, best first.

    Attributes:
        queries: (n,) the query's row, ascending.
        scores: (n,) float32, descending within a query.
        ids: (n,) passage ids as str, descending among equal scores.
    """

    queries: Ints
    scores: Floats
    ids: Ids

    def ranks(self) -> Ints:
        """(n,) the rank of each passage, from 1."""
        return _positions(self.queries) + 1


class RunningTop:
    """The first k passages of each query among all that were added."""

    def __init__(self, queries: int, *, k: int) -> None:
        self.k = k
        self.found = Found(
            np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, dtype=object)
        )
        # (queries,) the score that a new passage must reach: -inf until there are k.
        self.least = np.full(queries, -np.inf, dtype=np.float32)

    def add(self, queries: Ints, scores: Floats, ids: Ids) -> None:
        """Add passages (n,), in any order; no passage may come twice for a query."""
        old = self.found
        queries = np.concatenate([old.queries, queries])
        scores = np.concatenate([old.scores, scores])
        ids = np.concatenate([old.ids, ids])
        order = np.argsort(_keys(queries, scores))
        order = _order_ties(order, queries, scores, ids)
        order = order[_positions(queries[order]) < self.k]
        self.found = Found(queries[order], scores[order], ids[order])
        last = np.flatnonzero(_positions(self.found.queries) == self.k - 1)
        self.least[self.found.queries[last]] = self.found.scores[last]


class _ShardTop:
    """Rows of a shard that may belong to the first k of a part of the queries.

    The rows get their ids at the end, since most are displaced before. Until then ties stay.
    """

    def __init__(
        self, top: RunningTop, names: Callable[[Ints], Ids], *, first: int, last: int
    ) -> None:
        """Of the queries `first` to `last` (exclusive) of `top`."""
        self._top, self._names, self._first = top, names, first
        self._own = slice(first, last)
        # (queries,) the score that a further row must reach.
        self.least = top.least[first:last].copy()
        self._start()

    def _start(self) -> None:
        part = slice(*np.searchsorted(self._top.found.queries, (self._own.start, self._own.stop)))
        queries = self._top.found.queries[part] - self._first
        # What was found before has no row.
        self._kept = queries, self._top.found.scores[part], np.full(len(queries), -1)
        self._waiting: list[tuple[Ints, Floats, Ints]] = []

    def add(self, queries: Ints, scores: Floats, rows: Ints) -> None:
        """Add rows of the shard (n,), each once for a query."""
        keep = scores >= self.least[queries]
        self._waiting.append((queries[keep], scores[keep], rows[keep]))
        # Sorting costs more than scoring a few passages too many.
        if sum(map(len, (each for each, _, _ in self._waiting))) > self._allowed // 4:
            self._sort()
            if len(self._kept[0]) > 2 * self._allowed:  # equal scores, which only ids can order
                self.end()

    @property
    def _allowed(self) -> int:
        return len(self.least) * self._top.k

    def _sort(self) -> None:
        """Keep the first k of each query and what ties with its k-th; raise `least`."""
        queries, scores, rows = (
            np.concatenate(each) for each in zip(self._kept, *self._waiting, strict=True)
        )
        self._waiting.clear()
        order = np.argsort(_keys(queries, scores))
        queries, scores = queries[order], scores[order]
        places = _positions(queries)
        last = np.flatnonzero(places == self._top.k - 1)
        self.least[queries[last]] = scores[last]
        keep = (places < self._top.k) | (scores == self.least[queries])
        self._kept = queries[keep], scores[keep], rows[order][keep]

    def end(self) -> None:
        """Add the rows that are left to the top, with their ids."""
        self._sort()
        queries, scores, rows = self._kept
        new = np.flatnonzero(rows >= 0)
        if len(new):
            self._top.add(queries[new] + self._first, scores[new], self._names(rows[new]))
        np.maximum(self.least, self._top.least[self._own], out=self.least)
        self._start()


def search_exact(
    top: RunningTop,
    query_vectors: Floats,
    vectors: Floats,
    names: Callable[[Ints], Ids],
    *,
    bound: float,
) -> None:
    """Add the first k passages of one shard to `top`.

    Args:
        top: the passages found so far.
        query_vectors: (q, d) float32.
        vectors: (n, d) float32, the shard; read once for each `QUERY_BLOCK` queries, in order.
        names: the passage ids of rows of the shard.
        bound: how far two float32 inner products of the same vectors may be apart by rounding.
    """
    size = min(PASSAGE_BLOCK, len(vectors))
    copied = np.empty((size, vectors.shape[1]), dtype=np.float32)
    for first, last in blocks(len(query_vectors), QUERY_BLOCK):
        part = query_vectors[first:last]
        # Fresh memory for each block would cost more.
        buffer = np.empty((size, len(part)), dtype=np.float32)
        reached = np.empty(buffer.shape, dtype=bool)
        shard = _ShardTop(top, names, first=first, last=last)
        for begin, end in blocks(len(vectors), PASSAGE_BLOCK):
            # Mapped files are neither aligned nor in large pages: products of a copy are faster.
            block, scores = copied[: end - begin], buffer[: end - begin]
            np.copyto(block, vectors[begin:end])
            np.matmul(block, part.T, out=scores)
            least = _least(scores, shard.least, k=top.k, bound=bound)
            enough = np.greater_equal(scores, least, out=reached[: end - begin])
            # Flat, because numpy is fast only for one dimension.
            rows, queries = np.divmod(np.flatnonzero(enough), len(part))
            # Scored now, while the block is in the cache.
            shard.add(queries, pair_scores(part, block, queries, rows), rows + begin)
        shard.end()


def search_rounded(
    top: RunningTop,
    parts: Sequence[RoundedQueries],
    rounded: Sequence[RoundedBlock],
    vectors: Floats,
    names: Callable[[Ints], Ids],
    *,
    bound: float,
) -> int:
    """What `search_exact` does, with a first pass in integers; the same passages and scores.

    Args:
        top: the passages found so far.
        parts: the queries, in consecutive parts.
        rounded: blocks of the shard.
        vectors: (n, d) float32, the shard itself.
        names: the passage ids of rows of the shard.
        bound: how far two float32 inner products of the same vectors may be apart by rounding.

    Returns:
        How many pairs of a query and a passage were scored from their vectors.
    """
    first = scored = 0
    for part in parts:
        last = first + len(part.vectors)
        products_of = first_pass.buffer(part)
        reached = np.empty(products_of.shape, dtype=bool)
        shard = _ShardTop(top, names, first=first, last=last)
        for block in rounded:
            products = first_pass.multiply(block, part, products_of)
            least = _least_of_products(part, block, products, shard.least, k=top.k, bound=bound)
            thresholds = first_pass.integer_thresholds(part, block, least, bound=bound)
            enough = np.greater_equal(products, thresholds, out=reached[: len(products)])
            rows, queries = np.divmod(np.flatnonzero(enough), len(part.vectors))
            rows += block.begin
            shard.add(queries, pair_scores(part.vectors, vectors, queries, rows), rows)
            scored += len(rows)
        shard.end()
        first = last
    return scored


def search_index(
    top: RunningTop, query_vectors: Floats, index: Any, names: Callable[[Ints], Ids], *, k: int
) -> None:
    """Add the passages that an approximate index of one shard finds, with the index's scores."""
    scores, rows = index.search(query_vectors, min(k, index.ntotal))
    queries, places = np.nonzero(rows >= 0)  # FAISS fills short lists with -1
    top.add(queries, scores[queries, places], names(rows[queries, places]))


def pair_scores(query_vectors: Floats, vectors: Floats, queries: Ints, rows: Ints) -> Floats:
    """(n,) inner products of pairs, each independent of the others and of its place."""
    scores = np.empty(len(rows), dtype=np.float32)
    shape = (min(_PAIRS, len(rows)), vectors.shape[1])
    left, right = np.empty(shape, np.float32), np.empty(shape, np.float32)
    # Mapped vectors may begin at any byte; numpy would copy all such floats before it takes some.
    taken = np.ascontiguousarray(vectors).view(np.uint8)
    for begin, end in blocks(len(rows), _PAIRS):
        one, other = left[: end - begin], right[: end - begin]
        # Without `clip` numpy would copy the output once more, to check the rows first.
        np.take(query_vectors, queries[begin:end], axis=0, out=one, mode="clip")
        np.take(taken, rows[begin:end], axis=0, out=other.view(np.uint8), mode="clip")
        np.einsum("nd,nd->n", one, other, out=scores[begin:end])
    return scores


def join(parts: Sequence[Found], sizes: Sequence[int]) -> Found:
    """Join the results of consecutive parts of the queries; `sizes` are the sizes of the parts."""
    firsts = np.cumsum([0, *sizes[:-1]])
    return Found(
        np.concatenate([part.queries + first for part, first in zip(parts, firsts, strict=True)]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.ids for part in parts]),
    )


def _least(scores: Floats, least: Floats, *, k: int, bound: float) -> Floats:
    """(q,) the smallest product that may be in the first k, from a block's products (n, q).

    For a query that has fewer than k passages so far, the k best of the block may belong to them.
    """
    enough = least.astype(np.float64) - bound
    short = np.flatnonzero(np.isneginf(least))
    if len(short) and len(scores) > k:
        place = len(scores) - k
        kth = np.partition(scores[:, short], place, axis=0)[place]
        # The k-th best by exact score may lie twice the bound below the k-th best product.
        enough[short] = kth.astype(np.float64) - 2 * bound
    return np.nextafter(enough.astype(np.float32), np.float32(-np.inf))


def _least_of_products(
    queries: RoundedQueries,
    block: RoundedBlock,
    products: NDArray[np.int32],
    least: Floats,
    *,
    k: int,
    bound: float,
) -> Floats:
    """(q,) `least`, or for a query that has fewer than k passages what k of the block reach."""
    short = np.flatnonzero(np.isneginf(least))
    if not len(short) or len(products) < k:
        return least
    place = len(products) - k
    kth = np.zeros(len(least), dtype=np.int32)
    kth[short] = np.partition(products[:, short], place, axis=0)[place]
    reached = first_pass.scores_reached(queries, block, kth, bound=bound)
    return np.where(np.isneginf(least), reached, least)


def _keys(queries: Ints, scores: Floats) -> NDArray[np.uint64]:
    """(n,) keys that sort by query, then by descending score."""
    # Floats of one sign have the same order as their bits. Adding zero turns -0.0 into 0.0.
    bits = (scores + np.float32(0)).view(np.uint32)
    ascending = np.where(bits >> np.uint32(31), ~bits, bits | np.uint32(1 << 31))
    return queries.astype(np.uint64) << np.uint64(32) | (~ascending).astype(np.uint64)


def _order_ties(order: Ints, queries: Ints, scores: Floats, ids: Ids) -> Ints:
    """`order` with equal scores of a query in descending order of their ids."""
    same = (queries[order[1:]] == queries[order[:-1]]) & (scores[order[1:]] == scores[order[:-1]])
    edges = np.diff(same.astype(np.int8), prepend=0, append=0)
    order = order.copy()
    for begin, last in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        tied = order[begin : last + 1]
        order[begin : last + 1] = sorted(tied, key=lambda entry: ids[entry], reverse=True)
    return order


def _positions(groups: Ints) -> Ints:
    """(n,) the place of each entry in its group, from 0; equal groups are adjacent."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    sizes = np.diff(np.append(starts, len(groups)))
    return np.arange(len(groups)) - np.repeat(starts, sizes)
