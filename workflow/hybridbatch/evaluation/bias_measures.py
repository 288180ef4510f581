"""Measures of language bias, from the ranks of relevant passages in the pool of all languages.

Pure numpy. Relevant passages are flat lists: the query, the language and the rank of each. The rank
is inf if a ranking does not hold the passage.
"""

import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Friedman:
    """Whether blocks rank the languages alike.

    Attributes:
        languages: how many are compared.
        blocks: how many rank at least two of them.
        statistic: chi-square distributed under no preference.
        degrees: its degrees of freedom.
        p: above 0, however large the statistic.
        concordance: Kendall's W, from 0 to 1.
        chance: the mean of W under no preference.
    """

    languages: int
    blocks: int
    statistic: float
    degrees: int
    p: float
    concordance: float
    chance: float


def rank_distances(queries: Ints, ranks: Floats, *, count: int) -> Floats:
    """The rank of each query's lowest relevant passage minus that of its highest.

    Source: Elmahdy, Lin and Ahmad (2024), arXiv 2408.10536, "language bias".

    Args:
        queries: (n,) the query of each relevant passage, from 0 to count - 1.
        ranks: (n,) its rank in the pool of all languages, from 1.
        count: the number of queries.

    Returns:
        (count,), NaN for a query without relevant passages or with one that is not ranked.
    """
    lowest, highest = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(lowest, queries, ranks)
    np.minimum.at(highest, queries, ranks)
    distances = np.full(count, np.nan)
    ranked = np.isfinite(lowest)
    distances[ranked] = lowest[ranked] - highest[ranked]
    return distances


def doubling_bins(distances: Floats) -> Ints:
    """The bin of each distance: 0 for 0, and b for 2^(b - 1) to 2^b - 1."""
    return np.frexp(distances)[1].astype(np.int64)


def shares(languages: Ints, *, count: int) -> Floats:
    """The share of each language in every row.

    Args:
        languages: (q, k) codes from 0 to count - 1; -1 is an empty place.

    Returns:
        (q, count), NaN in rows without any entry.
    """
    rows, columns = np.nonzero(languages >= 0)
    cells = rows * count + languages[rows, columns]
    found = np.bincount(cells, minlength=len(languages) * count).reshape(-1, count)
    return _ratio(found, found.sum(axis=1, keepdims=True))


def relevant_order(queries: Ints, ranks: Floats) -> Floats:
    """Where each relevant passage stands among the relevant ones of its query, from 1.

    Passages that are not ranked share the mean of the last places.
    """
    order = np.lexsort((ranks, queries))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(queries[order]) != 0) | (ranks[order][1:] != ranks[order][:-1])
    first = np.flatnonzero(new)
    lengths = np.diff(np.append(first, len(order)))
    tie = np.cumsum(new) - 1
    starts = np.searchsorted(queries[order], queries[order], side="left")
    places = np.empty(len(order))
    places[order] = (first + (lengths - 1) / 2)[tie] - starts + 1
    return places


def language_means(
    queries: Ints, languages: Ints, values: Floats, *, shape: tuple[int, int]
) -> Floats:
    """Means (queries, languages) of values (n,) by query and language, NaN if there are none."""
    cells, size = queries * shape[1] + languages, shape[0] * shape[1]
    sums = np.bincount(cells, weights=values, minlength=size)
    return _ratio(sums, np.bincount(cells, minlength=size)).reshape(shape)


def preferences(
    queries: Ints,
    languages: Ints,
    ranks: Floats,
    gains: Ints,
    *,
    own: Ints,
    shape: tuple[int, int],
) -> tuple[Floats, Floats]:
    """How often a query's own language outranks another, among equally relevant passages.

    A pair is a relevant passage in the query's language and an equally relevant one in another
    language. The measure is the share of pairs in which the first ranks higher; a tie counts one
    half. It is the probability behind the Mann-Whitney U test (U divided by the number of pairs):
    1/2 means no preference, 1 means that the query's language always comes first. LAReQA describes
    this bias (Roy et al. 2020, arXiv 2004.05484).

    Args:
        queries: (n,) the query of each relevant passage.
        languages: (n,) its language.
        ranks: (n,) its rank in the pool.
        gains: (n,) its relevance.
        own: (q,) the language of each query.
        shape: the numbers of queries and languages.

    Returns:
        (q,) over all other languages, and (q, languages) against each; NaN without a pair.
    """
    mine = np.flatnonzero(languages == own[queries])
    others = np.flatnonzero(languages != own[queries])
    first, second = _pairs(queries, gains, mine, others)
    wins = (ranks[first] < ranks[second]) + 0.5 * (ranks[first] == ranks[second])
    cells, size = queries[first] * shape[1] + languages[second], shape[0] * shape[1]
    won = np.bincount(cells, weights=wins, minlength=size).reshape(shape)
    held = np.bincount(cells, minlength=size).reshape(shape)
    return _ratio(won.sum(axis=1), held.sum(axis=1)), _ratio(won, held)


def friedman(values: Floats) -> Friedman:
    """Test that languages are ranked at random within blocks; blocks may lack some of them.

    Within block j its m_j languages are ranked; ties share their mean rank. With
    a_j the ranks minus their mean, A = sum_j a_j, and V = sum_j v_j (I - J / m_j) its covariance
    under random order, where v_j = |a_j|^2 / (m_j - 1), the statistic is A' V^+ A, chi-square with
    rank(V) degrees of freedom. The effect is W = A' V^+ A / sum_j (m_j - 1), between 0 and 1, and
    its mean under random order rank(V) / sum_j (m_j - 1). If every block has all k languages,
    these are Friedman's statistic (corrected for ties) and Kendall's coefficient of concordance.

    Why this test: PEER (Yang et al. 2024, arXiv 2405.00978) tests in each query, by Kruskal and
    Wallis's test, whether languages have equal expected ranks. With one relevant passage in each
    language, every group has one observation, and that statistic is the same for every order. Here
    the queries are the blocks: the evidence is that many queries prefer the same language.

    Sources: Friedman (1937), The use of ranks to avoid the assumption of normality; Kendall and
    Babington Smith (1939), The problem of m rankings; Benard and van Elteren (1953), A
    generalization of the method of m rankings (blocks that lack some).

    Args:
        values: (blocks, languages), such as ranks; NaN where a block lacks a language.
    """
    values = values[(~np.isnan(values)).sum(axis=1) >= 2]
    values = values[:, ~np.isnan(values).all(axis=0)]
    blocks, languages = values.shape
    present = ~np.isnan(values)
    size = present.sum(axis=1)
    centred = np.where(present, midranks(values) - (size[:, None] + 1) / 2, 0.0)
    spread = (centred**2).sum(axis=1) / np.maximum(size - 1, 1)
    total = centred.sum(axis=0)
    together = (present * (spread / np.maximum(size, 1))[:, None]).T @ present
    covariance = np.diag(present.T @ spread) - together
    scales, directions = np.linalg.eigh(covariance)
    kept = scales > 1e-9 * scales.max(initial=0.0)  # V is singular: ranks have a fixed sum
    degrees = int(kept.sum())
    statistic = float(((total @ directions[:, kept]) ** 2 / scales[kept]).sum())
    most = float((size - 1)[spread > 0].sum())
    return Friedman(
        languages=languages,
        blocks=blocks,
        statistic=statistic,
        degrees=degrees,
        p=chi_square_tail(statistic, degrees),
        concordance=statistic / most if most else 0.0,
        chance=degrees / most if most else 0.0,
    )


def midranks(values: Floats) -> Floats:
    """Ranks from 1 within each row (blocks, k), equal values sharing their mean; NaN stays."""
    less = np.zeros(values.shape)
    equal = np.zeros(values.shape)
    for column in range(values.shape[1]):
        less += values[:, column, None] < values
        equal += values[:, column, None] == values
    return np.where(np.isnan(values), np.nan, less + (equal + 1) / 2)


def chi_square_tail(statistic: float, degrees: int) -> float:
    """The chance that a chi-square variable exceeds `statistic`; the smallest float instead of 0.

    By the finite sums for whole degrees of freedom (Abramowitz and Stegun 1964, 26.4.4 and
    26.4.5), with x = statistic / 2: even, e^-x sum_{i < degrees / 2} x^i / i!; odd, erfc(sqrt(x))
    + e^-x sum_{i < (degrees - 1) / 2} x^(i + 1/2) / Gamma(i + 3/2).
    """
    if degrees == 0 or statistic <= 0:
        return 1.0
    half, odd = statistic / 2, degrees % 2
    tail = math.erfc(math.sqrt(half)) if odd else 0.0
    for i in range(degrees // 2):
        power = i + odd / 2
        tail += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(1.0, max(tail, sys.float_info.min))


def rank_biased_overlap(a: Ints, b: Ints, *, persistence: float) -> Floats:
    """The agreement of pairs of rankings of k entries; top entries weigh most.

    Extrapolated RBO for rankings cut at the same depth: with X_d the number of entries that the
    first d of both share, RBO = p^k X_k / k + (1 - p) / p sum_{d <= k} p^d X_d / d. It is 1 for
    equal rankings and 0 for disjoint ones; it assumes the same agreement below the cut as at it.

    Source: Webber, Moffat and Zobel (2010), A similarity measure for indefinite rankings.

    Args:
        a: (n, k) entries from rank 1, distinct in a row.
        b: (n, k) what they are compared with.
        persistence: p, between 0 and 1; at .9 the first ten ranks carry 86 % of the weight.

    Returns:
        (n,)
    """
    count, depth = a.shape
    row, i, j = np.nonzero(a[:, :, None] == b[:, None, :])
    found = np.bincount(row * depth + np.maximum(i, j), minlength=count * depth)
    depths = np.arange(1, depth + 1)
    agreement = np.cumsum(found.reshape(count, depth), axis=1) / depths
    weights = (1 - persistence) / persistence * persistence**depths
    return np.asarray(agreement @ weights + agreement[:, -1] * persistence**depth)


def _pairs(queries: Ints, gains: Ints, mine: Ints, others: Ints) -> tuple[Ints, Ints]:
    """All pairs of one of `mine` and one of `others` with the same query and gain."""
    _, keys = np.unique(np.stack([queries, gains]), axis=1, return_inverse=True)
    keys = keys.ravel()
    others = others[np.argsort(keys[others], kind="stable")]
    begin = np.searchsorted(keys[others], keys[mine], side="left")
    lengths = np.searchsorted(keys[others], keys[mine], side="right") - begin
    offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(mine, lengths), others[np.repeat(begin, lengths) + offsets]


def _ratio(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.true_divide(numerator, denominator), dtype=np.float64)
