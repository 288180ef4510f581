"""Ranks of the relevant passages, by counting the scores that precede theirs.

Passages are the columns of a score matrix, in descending order of passage_id. trec_eval lists the
greater id first among equal float32 scores; here, this is the smaller column. A language's passages
are adjacent columns, because ids begin with `{language}:`. One pass over the matrix therefore gives
the ranks in each language and in the pool of all languages.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hybridbatch.retrieval.columns import Floats, Ints

_ARRANGED_TOGETHER = 1 << 16
# Bytes of comparison results held at once: they should stay in a core's second-level cache.
_CACHE_BYTES = 1 << 19
# Eight byte-wide counters share a word; 255 words of eight columns fill them.
_TILE_COLUMNS = 255 * 8


@dataclass(frozen=True)
class Pool:
    """The columns: all passages of a benchmark in descending order of passage_id.

    Attributes:
        rows: (p,) the row in the passages' file of each column.
        languages: the languages in the order of their columns, which is descending.
        starts: (languages + 1,) the first column of each language, and p.
    """

    rows: Ints
    languages: tuple[str, ...]
    starts: Ints

    def language_codes(self, columns: Ints) -> Ints:
        """The position in `languages` of each column's language."""
        return np.searchsorted(self.starts, columns, side="right") - 1


@dataclass(frozen=True)
class Relevant:
    """The relevant passages (relevance >= 1) of every query, ordered by query and column.

    Attributes:
        queries: (n,) the query's row in the queries' file.
        columns: (n,) the passage's column in the pool.
        gains: (n,) its relevance.
    """

    queries: Ints
    columns: Ints
    gains: Ints

    def of_queries(self, begin: int, end: int) -> slice:
        """The entries that belong to the queries `begin` to `end` (exclusive)."""
        first, last = np.searchsorted(self.queries, (begin, end))
        return slice(int(first), int(last))


@dataclass(frozen=True)
class Ranks:
    """Ranks, from 1, and scores of the n entries of a `Relevant`."""

    in_language: Ints
    in_pool: Ints
    scores: Floats


class Scorer:
    """Inner products of queries with all passages, a block of queries at a time."""

    def __init__(self, passage_vectors: Floats, pool: Pool) -> None:
        """Arrange `passage_vectors` (p, d), given in file order, as columns."""
        # The matrix product reads row-major (d, p) fastest. It is filled part by part, so that
        # there is no third copy of the vectors.
        self._passages = np.empty((passage_vectors.shape[1], len(pool.rows)), dtype=np.float32)
        keys: list[bytes] = []
        for begin, end in blocks(len(pool.rows), _ARRANGED_TOGETHER):
            part = np.asarray(passage_vectors[pool.rows[begin:end]], dtype=np.float32)
            self._passages[:, begin:end] = part.T
            keys += [hashlib.blake2b(vector, digest_size=16).digest() for vector in part]
        self._copies, self._firsts = _duplicates(keys)
        self._buffer = np.empty((0, len(pool.rows)), dtype=np.float32)

    def scores(self, query_vectors: Floats) -> Floats:
        """The scores (b, p) of a block of queries (b, d), float32, valid until the next call.

        Equal passage vectors get bitwise equal scores: a matrix product may round equal columns
        differently, so their scores are copied.
        """
        if len(self._buffer) < len(query_vectors):  # fresh memory for each block would cost more
            self._buffer = np.empty((len(query_vectors), self._passages.shape[1]), np.float32)
        scores = self._buffer[: len(query_vectors)]
        np.matmul(np.asarray(query_vectors, dtype=np.float32), self._passages, out=scores)
        if self._copies.size:
            scores[:, self._copies] = scores[:, self._firsts]
        return scores


def blocks(total: int, size: int) -> Iterator[tuple[int, int]]:
    """Consecutive (begin, end) of at most `size` that cover `total`."""
    for begin in range(0, total, size):
        yield begin, min(begin + size, total)


def count_ranks(
    scores: Floats,
    *,
    queries: Ints,
    columns: Ints,
    pool: Pool,
    workers: ThreadPoolExecutor | None = None,
    threads: int = 1,
) -> Ranks:
    """Ranks of some cells of one block of scores, by counting the scores that precede them.

    rank = 1 + #(score > s) + #(score == s at a smaller column), over the columns of the cell's
    language and over all columns.

    Args:
        scores: (b, p) float32, without NaN.
        queries: (n,) the row of each cell in `scores`, ascending.
        columns: (n,) its column.
        pool: where each language's columns begin.
        workers: threads that share the rows; None counts in the caller's thread.
        threads: the number of workers.
    """
    depth = np.bincount(queries, minlength=len(scores))
    # The cells as a (b, depth) matrix: position `slots` of row `queries`; -1 for no cell.
    slots = np.arange(len(queries)) - np.repeat(np.cumsum(depth) - depth, depth)
    cells = np.full((len(scores), int(depth.max(initial=0))), -1, dtype=np.int64)
    cells[queries, slots] = columns
    in_language, in_pool = np.zeros_like(cells), np.zeros_like(cells)

    def count(part: slice) -> None:
        _count_preceding(scores[part], cells[part], pool, in_language[part], in_pool[part])

    share = -(-len(scores) // max(threads, 1)) or 1
    parts = [slice(begin, end) for begin, end in blocks(len(scores), share)]
    for _ in workers.map(count, parts) if workers else map(count, parts):
        pass
    return Ranks(
        in_language=1 + in_language[queries, slots],
        in_pool=1 + in_pool[queries, slots],
        scores=scores[queries, columns],
    )


def _count_preceding(
    scores: Floats, cells: Ints, pool: Pool, in_language: Ints, in_pool: Ints
) -> None:
    """For each cell, count the scores that precede it; add to the two (b, depth) outputs.

    In a tile before the cell, a score precedes if it is at least the cell's, that is, greater than
    the next smaller float. In a tile after the cell, it must be greater. In the cell's own tile,
    equal scores are counted one by one.
    """
    if cells.size == 0:
        return
    tiles = _tiles(pool)
    width = max(end - begin for _, begin, end in tiles)
    rows = max(1, min(len(scores), _CACHE_BYTES // (cells.shape[1] * width)))
    buffer = np.empty((rows, cells.shape[1], -(-width // 8) * 8), dtype=bool)
    for first, last in blocks(len(scores), rows):
        block, cell = scores[first:last], cells[first:last]
        own = np.take_along_axis(block, np.maximum(cell, 0), axis=1)
        own[cell < 0] = np.inf
        below = np.nextafter(own, np.float32(-np.inf))
        language = pool.language_codes(cell)
        for code, begin, end in tiles:
            threshold = np.where(cell >= end, below, own)
            counts = _count_greater(block[:, begin:end], threshold, buffer[: last - first])
            _add_ties(block[:, begin:end], own, cell - begin, counts)
            in_pool[first:last] += counts
            in_language[first:last] += np.where(language == code, counts, 0)


def _tiles(pool: Pool) -> list[tuple[int, int, int]]:
    """(language, begin, end) of column ranges within a language, narrow enough for the counters."""
    return [
        (code, start + begin, start + end)
        for code, (start, stop) in enumerate(
            zip(pool.starts[:-1].tolist(), pool.starts[1:].tolist(), strict=True)
        )
        for begin, end in blocks(stop - start, _TILE_COLUMNS)
    ]


def _count_greater(scores: Floats, threshold: Floats, buffer: NDArray[np.bool_]) -> Ints:
    """How many of `scores` (r, w) in each row exceed each of `threshold` (r, depth)."""
    width = scores.shape[1]
    padded = -(-width // 8) * 8
    greater = buffer[:, :, :padded]
    greater[:, :, width:] = False
    np.greater(scores[:, None, :], threshold[:, :, None], out=greater[:, :, :width])
    # Adds eight columns at a time, each in its own byte of a 64-bit word.
    words = np.add.reduce(greater.view(np.uint64), axis=-1)
    counts: Ints = words.view(np.uint8).reshape(*words.shape, 8).sum(axis=-1, dtype=np.int64)
    return counts


def _add_ties(scores: Floats, own: Floats, cell: Ints, counts: Ints) -> None:
    """For cells in this tile, add to `counts` the equal scores at smaller columns of the tile."""
    row, slot = np.nonzero((cell >= 0) & (cell < scores.shape[1]))
    if row.size == 0:
        return
    equal = scores[row] == own[row, slot][:, None]
    for tied in np.flatnonzero(np.count_nonzero(equal, axis=1) > 1):
        at = row[tied], slot[tied]
        counts[at] += np.count_nonzero(equal[tied, : cell[at]])


def _duplicates(keys: Sequence[bytes]) -> tuple[Ints, Ints]:
    """The positions that repeat an earlier key, and for each the first position of that key."""
    first: dict[bytes, int] = {}
    copies, firsts = [], []
    for row, key in enumerate(keys):
        found = first.setdefault(key, row)
        if found != row:
            copies.append(row)
            firsts.append(found)
    return np.array(copies, dtype=np.int64), np.array(firsts, dtype=np.int64)
