"""How much of the exact first k an approximate index finds."""

from typing import Any

import numpy as np

from hybridbatch.retrieval.ranking import Floats, Ints, Pool
from hybridbatch.retrieval.streaming import Found, RunningTop, search_exact, search_index
from hybridbatch.retrieval.toplists import LanguageIndex, language_columns, rounding_bound


def sample_rows(total: int, size: int, *, seed: int) -> Ints:
    """At most `size` of `total` rows, ascending, drawn with `seed`."""
    if total <= size:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, size, replace=False))


def first_k_recall(found: Found, exact: Found, rows: Ints) -> Floats:
    """(n,) the share of each query's exact first k that was found.

    Args:
        found: what an index found; its queries are rows of all queries.
        exact: the exact first k; its queries are positions in `rows`.
        rows: (n,) the rows of the queries that were searched exactly.
    """
    position = {int(row): place for place, row in enumerate(rows)}
    pairs = {
        (position[query], passage)
        for query, passage in zip(found.queries.tolist(), found.ids.tolist(), strict=True)
        if query in position
    }
    hits, sizes = np.zeros(len(rows)), np.zeros(len(rows))
    for query, passage in zip(exact.queries.tolist(), exact.ids.tolist(), strict=True):
        sizes[query] += 1
        hits[query] += (query, passage) in pairs
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
    """(q,) the share of each query's exact first k that an index finds.

    Args:
        index: of the same vectors, in the order of `rows`.
        query_vectors: (q, d) float32.
        vectors: (n, d) float32, in descending order of passage_id.
        rows: (n,) the row in `vectors` of each vector of the index.
        k: the length of the lists.
    """
    # Stand for the ids: greater ones come first among equal scores, as smaller rows do.
    names = np.array([f"{number:012d}" for number in range(len(vectors), 0, -1)], dtype=object)
    exact, found = RunningTop(len(query_vectors), k=k), RunningTop(len(query_vectors), k=k)
    search_exact(
        exact,
        query_vectors,
        vectors,
        lambda taken: names[taken],
        bound=rounding_bound(query_vectors, vectors),
    )
    search_index(found, query_vectors, index, lambda taken: names[rows[taken]], k=k)
    return first_k_recall(found.found, exact.found, np.arange(len(query_vectors)))


def quality_row(
    *, language: str, factory: str, k: int, vectors: int, size: int, recalls: Floats
) -> dict[str, object]:
    """A row of `schemas.INDEX_QUALITY`; `recalls` (n,) are empty for an exact index."""
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
    """Rows of `schemas.INDEX_QUALITY`, one for each language of a benchmark in memory.

    Args:
        indexes: one for each of the pool's languages, in its order.
        query_vectors: (q, d) of the queries to measure by.
        arranged: (p, d) the passages in the order of columns.
        pool: where each language's columns begin.
        k: the length of the lists.
        factory: that of the indexes.
        sizes: their bytes on disk.
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
                factory=factory,
                k=k,
                vectors=len(index.columns),
                size=size,
                recalls=recalls,
            )
        )
    return rows
