"""The tables of language bias: the measures of every query, gathered by query language."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridbatch.common.vocabulary import ALL_QUERIES, MACRO, POOL
from hybridbatch.evaluation import bias_measures as measures
from hybridbatch.evaluation.bias_measures import Floats, Ints
from hybridbatch.evaluation.resampling import holm

PREFERENCE_METRIC, AGREEMENT_METRIC = "own_language_preference", "rank_agreement"
Row = dict[str, Any]


@dataclass(frozen=True)
class Pooled:
    """The ranking of one run in the pool of all languages, with numbers for languages and ids.

    Attributes:
        names: (l,) the languages of queries and passages, ascending.
        query_ids: (q,)
        query_languages: (q,)
        items: (q,) the item of each query.
        passage_languages: (p,)
        top: (q, k) the passages at ranks 1 to k.
        queries: (n,) the query of each relevant passage.
        languages: (n,) its language.
        ranks: (n,) its rank in the pool, inf if it is not ranked.
        gains: (n,) its relevance.
    """

    names: tuple[str, ...]
    query_ids: tuple[str, ...]
    query_languages: Ints
    items: Ints
    passage_languages: Ints
    top: Ints
    queries: Ints
    languages: Ints
    ranks: Floats
    gains: Ints

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of queries and of languages."""
        return len(self.query_languages), len(self.names)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """(q,) whether a query has a relevant passage."""
        return np.isin(np.arange(self.shape[0]), self.queries)

    def asked_in(self, language: int) -> Ints:
        """The queries of a language that have a relevant passage."""
        return np.flatnonzero((self.query_languages == language) & self.scored)

    def asked(self) -> list[int]:
        """The languages that have a query with a relevant passage."""
        return sorted(set(self.query_languages[self.scored].tolist()))


def rank_distance_rows(pooled: Pooled) -> list[Row]:
    """Rows of the schema RANK_DISTANCE."""
    distances = _distances(pooled)
    names = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")
    rows = []
    for language in pooled.asked():
        values = _defined(distances[pooled.asked_in(language)])
        if values.size:
            quantiles = np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist()
            figures = {"mean": float(values.mean()), **dict(zip(names, quantiles, strict=True))}
            rows.append(
                {"query_language": pooled.names[language], **figures, "queries": values.size}
            )
    return rows + _macro(rows, ("mean", *names))


def histogram_rows(pooled: Pooled) -> list[Row]:
    """Rows of the schema RANK_DISTANCE_HISTOGRAM."""
    distances = _distances(pooled)
    defined = _defined(distances)
    if not defined.size:
        return []
    used = measures.doubling_bins(defined)
    bins = np.arange(used.min(), used.max() + 1)
    rows = []
    for name, part in [
        *((pooled.names[code], distances[pooled.asked_in(code)]) for code in pooled.asked()),
        (ALL_QUERIES, distances),
    ]:
        found = measures.doubling_bins(_defined(part))
        counts = np.bincount(found - bins[0], minlength=len(bins)).tolist()
        rows += [
            {"query_language": name, "low": low, "high": high, "queries": count}
            for (low, high), count in zip(map(_edges, bins.tolist()), counts, strict=True)
        ]
    return rows


def exposure_rows(pooled: Pooled) -> list[Row]:
    """Rows of the schema EXPOSURE."""
    size = pooled.shape[1]
    top = measures.shares(pooled.passage_languages[pooled.top], count=size)
    cells = pooled.queries * size + pooled.languages
    found = np.bincount(cells, minlength=pooled.shape[0] * size).reshape(-1, size)
    relevant = found / np.maximum(found.sum(axis=1, keepdims=True), 1)
    pool = np.bincount(pooled.passage_languages, minlength=size) / len(pooled.passage_languages)
    positions = _positions(pooled)
    rows = []
    for language in pooled.asked():
        queries = pooled.asked_in(language)
        for other in np.unique(pooled.passage_languages).tolist():
            standing = _defined(positions[queries, other])
            rows.append(
                {
                    "query_language": pooled.names[language],
                    "passage_language": pooled.names[other],
                    "cutoff": pooled.top.shape[1],
                    "top_share": float(top[queries, other].mean()),
                    "relevant_share": float(relevant[queries, other].mean()),
                    "pool_share": float(pool[other]),
                    "position": float(standing.mean()) if standing.size else None,
                    "queries": len(queries),
                }
            )
    columns = ("top_share", "relevant_share", "pool_share", "position")
    return rows + _macro_by_passage(rows, columns, cutoff=pooled.top.shape[1])


def preference_rows(pooled: Pooled) -> list[Row]:
    """Rows of the schema PREFERENCE."""
    overall, against = _preferences(pooled)
    values = np.column_stack([against, overall])
    rows = []
    for language in pooled.asked():
        for column, name in enumerate((*pooled.names, POOL)):
            found = _defined(values[pooled.asked_in(language), column])
            if found.size:
                rows.append(
                    {
                        "query_language": pooled.names[language],
                        "passage_language": name,
                        "preference": float(found.mean()),
                        "queries": found.size,
                    }
                )
    return rows + _macro_by_passage(rows, ("preference",))


def fairness_rows(pooled: Pooled) -> list[Row]:
    """Rows of the schema FAIRNESS.

    A block is an item: its queries in one language, or in all, are averaged, so that blocks are
    independent of each other.
    """
    order = measures.relevant_order(pooled.queries, pooled.ranks)
    places = measures.language_means(pooled.queries, pooled.languages, order, shape=pooled.shape)
    by_language = {
        pooled.names[code]: _by_item(places, pooled.items, pooled.asked_in(code))
        for code in pooled.asked()
    }
    tests = {name: measures.friedman(blocks) for name, blocks in by_language.items()}
    tests = {name: test for name, test in tests.items() if test.degrees}
    corrected = holm(np.array([test.p for test in tests.values()])).tolist()
    rows = [
        _fairness_row(name, test, p)
        for (name, test), p in zip(tests.items(), corrected, strict=True)
    ]
    if by_language:
        average = measures.friedman(_mean_of_defined(np.stack(list(by_language.values()))))
        rows += [_fairness_row(ALL_QUERIES, average, average.p)] if average.degrees else []
    return rows


def agreement_rows(pooled: Pooled, *, persistence: float) -> list[Row]:
    """Rows of the schema AGREEMENT."""
    rows: list[Row] = []
    for a, b, first, second in _versions(pooled):
        overlaps = _overlaps(pooled, first, second, persistence=persistence)
        for one, other in ((a, b), (b, a)):
            rows.append(
                {
                    "language_a": pooled.names[one],
                    "language_b": pooled.names[other],
                    "overlap": float(overlaps.mean()),
                    "items": len(first),
                }
            )
    rows.sort(key=lambda row: (str(row["language_a"]), str(row["language_b"])))
    if rows:
        mean = float(np.mean([row["overlap"] for row in rows]))
        items = sum(row["items"] for row in rows) // 2
        rows.append({"language_a": MACRO, "language_b": MACRO, "overlap": mean, "items": items})
    return rows


def per_query_rows(pooled: Pooled, *, persistence: float) -> list[Row]:
    """Rows of the schema PER_QUERY: two measures of each query, for intervals and tests.

    `own_language_preference` against all other languages, and `rank_agreement`, the mean
    rank-biased overlap with the versions of the question in other languages.
    """
    total, partners = np.zeros(pooled.shape[0]), np.zeros(pooled.shape[0])
    for _, _, first, second in _versions(pooled):
        overlaps = _overlaps(pooled, first, second, persistence=persistence)
        for queries in (first, second):
            total[queries] += overlaps
            partners[queries] += 1
    agreement = np.where(partners > 0, total / np.maximum(partners, 1), np.nan)
    rows = []
    for metric, values in (
        (PREFERENCE_METRIC, _preferences(pooled)[0]),
        (AGREEMENT_METRIC, agreement),
    ):
        for query in np.flatnonzero(pooled.scored & ~np.isnan(values)).tolist():
            rows.append(
                {
                    "query_id": pooled.query_ids[query],
                    "query_language": pooled.names[pooled.query_languages[query]],
                    "passage_language": POOL,
                    "metric": metric,
                    "value": float(values[query]),
                }
            )
    return rows


def _distances(pooled: Pooled) -> Floats:
    return measures.rank_distances(pooled.queries, pooled.ranks, count=pooled.shape[0])


def _edges(bin_: int) -> tuple[int, int]:
    return (2 ** (bin_ - 1), 2**bin_ - 1) if bin_ else (0, 0)


def _positions(pooled: Pooled) -> Floats:
    """(q, l) from 0, first among the relevant passages, to 1, last; NaN for a single one."""
    order = measures.relevant_order(pooled.queries, pooled.ranks)
    found = np.bincount(pooled.queries, minlength=pooled.shape[0])[pooled.queries]
    several = found > 1
    values = (order[several] - 1) / (found[several] - 1)
    return measures.language_means(
        pooled.queries[several], pooled.languages[several], values, shape=pooled.shape
    )


def _preferences(pooled: Pooled) -> tuple[Floats, Floats]:
    return measures.preferences(
        pooled.queries,
        pooled.languages,
        pooled.ranks,
        pooled.gains,
        own=pooled.query_languages,
        shape=pooled.shape,
    )


def _by_item(places: Floats, items: Ints, queries: Ints) -> Floats:
    """(items, l) ranks of the languages within an item, from the places (q, l) of its queries."""
    rows, columns = np.nonzero(~np.isnan(places[queries]))
    values = places[queries][rows, columns]
    shape = int(items.max(initial=-1)) + 1, places.shape[1]
    return measures.midranks(
        measures.language_means(items[queries][rows], columns, values, shape=shape)
    )


def _mean_of_defined(values: Floats) -> Floats:
    """Means over the first axis, without NaN; NaN if all values are NaN."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _fairness_row(name: str, test: measures.Friedman, corrected: float) -> Row:
    return {
        "query_language": name,
        "languages": test.languages,
        "blocks": test.blocks,
        "statistic": test.statistic,
        "degrees": test.degrees,
        "p": test.p,
        "p_holm": corrected,
        "concordance": test.concordance,
        "chance": test.chance,
    }


def _versions(pooled: Pooled) -> list[tuple[int, int, Ints, Ints]]:
    """For each pair of languages, the queries that are versions of the same item in the two.

    If a language has two queries of an item, the first one in the file is used.
    """
    first: dict[int, dict[int, int]] = {}
    for language in pooled.asked():
        queries = pooled.asked_in(language)
        items, positions = np.unique(pooled.items[queries], return_index=True)
        first[language] = dict(zip(items.tolist(), queries[positions].tolist(), strict=True))
    found = []
    for a, b in combinations(first, 2):
        shared = sorted(first[a].keys() & first[b].keys())
        if shared:
            parts = [np.array([first[code][item] for item in shared]) for code in (a, b)]
            found.append((a, b, parts[0], parts[1]))
    return found


def _overlaps(pooled: Pooled, first: Ints, second: Ints, *, persistence: float) -> Floats:
    return measures.rank_biased_overlap(
        pooled.top[first], pooled.top[second], persistence=persistence
    )


def _macro(rows: Sequence[Row], columns: Sequence[str]) -> list[Row]:
    if not rows:
        return []
    means = {name: float(np.mean([row[name] for row in rows])) for name in columns}
    return [{"query_language": MACRO, **means, "queries": sum(row["queries"] for row in rows)}]


def _macro_by_passage(rows: Sequence[Row], columns: Sequence[str], **shared: Any) -> list[Row]:
    """Means over the query languages, for each passage language."""
    macros = []
    for name in sorted({str(row["passage_language"]) for row in rows}):
        part = [row for row in rows if row["passage_language"] == name]
        means: Row = {}
        for column in columns:
            values = [row[column] for row in part if row[column] is not None]
            means[column] = float(np.mean(values)) if values else None
        queries = sum(row["queries"] for row in part)
        macros.append(
            {"query_language": MACRO, "passage_language": name, **shared, **means}
            | {"queries": queries}
        )
    return macros


def _defined(values: Floats) -> Floats:
    return values[~np.isnan(values)]
