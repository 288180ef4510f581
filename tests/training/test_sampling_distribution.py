"""The draws of the samplers follow the documented distribution, which is written here again."""

from collections import Counter
from itertools import islice, permutations

import numpy as np
import pytest
from scipy.stats import chisquare
from test_sampling import SIGNIFICANT, make_items, make_sampler


def first_pairs(items, sampling, *, draws, **options):
    """How often (kind, source, languages of the item, query and passage language) come first.

    Each draw is the first pair of a sampler of its own seed, so that the draws are independent.
    """
    seen = Counter()
    for seed in range(draws):
        batch = next(make_sampler(items, sampling, seed=seed, batch_size=2, **options))
        query, passage = int(batch.query_languages[0]), int(batch.passage_languages[0])
        has = tuple(np.flatnonzero(items.has_language[batch.items[0]]).tolist())
        seen[batch.kind, batch.source, has, query, passage] += 1
    return seen


def stated_distribution(items, sampling, *, weights, source_exponent, languages, alpha):
    """The probability of each outcome of `first_pairs`, computed independently of the sampler."""
    training = [items.languages.index(name) for name in languages]
    sources = [s for s, weight in enumerate(weights) if weight > 0]
    has = [frozenset(np.flatnonzero(row).tolist()) for row in items.has_language]
    stated = Counter()

    def share(sizes):
        total = sum(weights[s] * n**source_exponent for s, n in sizes.items() if n)
        return {s: weights[s] * n**source_exponent / total for s, n in sizes.items() if n}

    def members(source, allowed):
        return [has[i] for i in np.flatnonzero(items.source == source) if allowed(has[i])]

    def monolingual(probability, training):
        candidates = {c: {s: members(s, lambda h, c=c: c in h) for s in sources} for c in training}
        eligible = [c for c in training if any(candidates[c].values())]
        for c in eligible:
            for s, part in share({s: len(each) for s, each in candidates[c].items()}).items():
                for own in candidates[c][s]:
                    each = probability / len(eligible) * part / len(candidates[c][s])
                    stated["monolingual", s, tuple(sorted(own)), c, c] += each

    def mixed(kind, probability, least, pairs):
        candidates = {s: members(s, lambda h: len(h & set(training)) >= least) for s in sources}
        for s, part in share({s: len(each) for s, each in candidates.items()}).items():
            for own in candidates[s]:
                possible = pairs(sorted(own & set(training)))
                for query, passage in possible:
                    each = probability * part / len(candidates[s]) / len(possible)
                    stated[kind, s, tuple(sorted(own)), query, passage] += each

    if sampling == "en-en":
        monolingual(1.0, [items.languages.index("en")])
    if sampling in ("x-x-mono", "hybrid"):
        monolingual(alpha if sampling == "hybrid" else 1.0, training)
    if sampling in ("x-y", "hybrid"):
        share_of_cross = 1 - alpha if sampling == "hybrid" else 1.0
        mixed("cross-lingual", share_of_cross, 2, lambda own: list(permutations(own, 2)))
    if sampling == "x-x":
        mixed("mixed", 1.0, 1, lambda own: [(c, c) for c in own])
    return stated


@pytest.mark.parametrize("source_exponent", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("sampling", ["x-x-mono", "x-y", "hybrid", "x-x", "en-en"])
def test_frequencies_match_the_stated_distribution(sampling, source_exponent):
    """Weights, an exponent, items and sources without some languages, and an unused language."""
    items = make_items(
        {"det": 6, "de": 10, "ez": 4, "d": 8},
        {"et": 5, "z": 3},
        {"detz": 9, "t": 2},
        {"det": 50},
        languages=("de", "en", "th", "zh"),
    )
    chosen = {
        "weights": (1.0, 2.5, 0.7, 0.0),
        "source_exponent": source_exponent,
        "languages": ("th", "de", "en"),
        "alpha": 0.3,
    }
    stated = stated_distribution(items, sampling, **chosen)
    assert sum(stated.values()) == pytest.approx(1)
    draws = 3000
    seen = first_pairs(items, sampling, draws=draws, **chosen)
    assert set(seen) <= set(stated)
    # Pearson's test needs expected counts of 5, so the rarer outcomes are counted together.
    common = [outcome for outcome in stated if stated[outcome] * draws >= 5]
    counts = [seen[outcome] for outcome in common]
    expected = [stated[outcome] * draws for outcome in common]
    if (rest := draws - sum(expected)) > 5:
        counts.append(draws - sum(counts))
        expected.append(rest)
    else:
        expected = [value * sum(counts) / sum(expected) for value in expected]
    assert len(counts) >= 2
    assert chisquare(counts, expected).pvalue > SIGNIFICANT


@pytest.mark.parametrize(("sampling", "least"), [("x-y", 2), ("x-x", 1)])
def test_an_epoch_of_a_source_covers_its_eligible_items_once(sampling, least):
    items = make_items({"det": 8, "de": 4, "t": 5}, {"dt": 9, "e": 3})
    drawn: Counter = Counter()
    for batch in islice(make_sampler(items, sampling), 400):
        drawn.update(batch.items.tolist())
    eligible = np.flatnonzero(items.has_language.sum(axis=1) >= least)
    assert sorted(drawn) == eligible.tolist()
    for source in (0, 1):
        times = [drawn[item] for item in eligible if items.source[item] == source]
        assert max(times) - min(times) <= 1


def test_hybrid_covers_the_candidates_of_both_kinds():
    items = make_items({"det": 8, "de": 4, "t": 5})
    drawn: dict[object, Counter] = {0: Counter(), 1: Counter(), 2: Counter(), "x-y": Counter()}
    for batch in islice(make_sampler(items, "hybrid", alpha=0.7), 400):
        mono = batch.kind == "monolingual"
        drawn[int(batch.query_languages[0]) if mono else "x-y"].update(batch.items.tolist())
    sizes = {0: 12, 1: 12, 2: 13, "x-y": 12}
    for key, times in drawn.items():
        assert len(times) == sizes[key]
        assert max(times.values()) - min(times.values()) <= 1


def test_the_state_is_a_few_integers_however_many_items_and_steps():
    languages = tuple("abcdefghi")
    for count, steps in ((40, 3), (4000, 700)):
        items = make_items({"abcdefghi": count}, languages=languages)
        for sampling, integers in (("x-y", 4), ("x-x-mono", 2 + 9 * 2), ("hybrid", 5 + 10 * 2)):
            sampler = make_sampler(items, sampling, languages=languages)
            for _ in islice(sampler, steps):
                pass
            assert len(leaves(sampler.state())) <= integers


def leaves(state):
    if isinstance(state, dict):
        return [leaf for value in state.values() for leaf in leaves(value)]
    if isinstance(state, list):
        return [leaf for value in state for leaf in leaves(value)]
    assert type(state) is int
    return [state]
