"""How much of the exact first k an approximate index finds."""

from typing import Any

import numpy as np

from hybridbatch.retrieval.columns import Floats, Ints
from hybridbatch.retrieval.ranking import Pool
from hybridbatch.retrieval.streaming import Found, RunningTop, pair_scores, search_exact
from hybridbatch.retrieval.toplists import LanguageIndex, language_columns, rounding_bound


def sample_rows(total: int, size: int, *, seed: int) -> Ints:
    """At most `size` of `total` rows, ascending, drawn with `seed`."""
    if total <= size:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, size, replace=False))


def first_k_recall(queries: Ints, scores: Floats, exact: Found, *, count: int) -> Floats:
    """(count,) the share of each query's first k that score at least as high as the exact k-th.

    Scores are compared, not ids: all passages that tie with the k-th are equally good.

    Args:
        queries: (n,) the query of each passage that an index found, from 0 to count - 1.
        scores: (n,) its score by `pair_scores`, not the score that the index gave.
        exact: the exact first k, with scores by `pair_scores` too.
        count: the number of queries.
    """
    least = np.full(count, np.inf, dtype=np.float32)
    np.minimum.at(least, exact.queries, exact.scores)
    hits = np.bincount(queries[scores >= least[queries]], minlength=count)
    sizes = np.bincount(exact.queries, minlength=count)
    recall: Floats = (hits / np.maximum(sizes, 1)).astype(np.float32)
    return recall


def index_recall(
    index: Any,
    query_vectors: Floats,
    vectors: Floats,
    rows: Ints,
    *,
    k: int,
) -> Floats:
    """(q,) the share of each query's exact first k that an index finds; see `first_k_recall`.

    Args:
        index: holds the same vectors, in the order of `rows`.
        query_vectors: (q, d) float32.
        vectors: (n, d) float32, in descending order of passage_id.
        rows: (n,) the row in `vectors` of each vector of the index.
        k: the length of the lists.
    """
    # Used as ids: among equal scores the greater id comes first, which here is the smaller row.
    names = np.array([f"{number:012d}" for number in range(len(vectors), 0, -1)], dtype=object)
    exact = RunningTop(len(query_vectors), k=k)
    search_exact(
        exact,
        query_vectors,
        vectors,
        lambda taken: names[taken],
        bound=rounding_bound(query_vectors, vectors),
    )
    _, found = index.search(query_vectors, min(k, index.ntotal))
    queries, places = np.nonzero(found >= 0)  # FAISS fills short lists with -1
    scores = pair_scores(query_vectors, vectors, queries, rows[found[queries, places]])
    return first_k_recall(queries, scores, exact.found, count=len(query_vectors))


def quality_row(
    *, language: str, factory: str, k: int, vectors: int, size: int, recalls: Floats
) -> dict[str, object]:
    """A row of the schema INDEX_QUALITY; `recalls` (n,) are empty for an exact index."""
    return {
        "language": language,
        "factory": factory,
        "k": k,
        "vectors": vectors,
        "bytes": size,
        "queries": len(recalls),
        "recall": float(np.mean(recalls, dtype=np.float64)) if len(recalls) else 1.0,
    }


def measure_quality(
    indexes: list[LanguageIndex],
    query_vectors: Floats,
    arranged: Floats,
    pool: Pool,
    *,
    k: int,
    factory: str,
    sizes: list[int],
) -> list[dict[str, object]]:
    """Rows of the schema INDEX_QUALITY, one for each language of a benchmark in memory.

    Args:
        indexes: one for each of the pool's languages, in its order.
        query_vectors: (q, d) of the queries to measure with.
        arranged: (p, d) the passages in the order of columns.
        pool: where each language's columns begin.
        k: the length of the lists.
        factory: the FAISS factory string of the approximate indexes.
        sizes: bytes on disk of each index.
    """
    rows = []
    for code, (index, size) in enumerate(zip(indexes, sizes, strict=True)):
        columns = language_columns(pool, code)
        recalls = np.empty(0, dtype=np.float32)
        if not index.exact:
            recalls = index_recall(
                index.index,
                query_vectors,
                arranged[columns],
                index.columns - columns.start,
                k=k,
            )
        rows.append(
            quality_row(
                language=pool.languages[code],
                factory="Flat" if index.exact else factory,
                k=k,
                vectors=len(index.columns),
                size=size,
                recalls=recalls,
            )
        )
    return rows
