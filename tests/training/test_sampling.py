"""The batch samplers: the rules of every batch, and the frequencies of their draws."""

import json
from collections import Counter
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.training.sampling import Items, Sampler, SamplingOptions, ordered_pairs
from hybridbatch.training.samplings import SAMPLINGS

SIGNIFICANT = 0.001  # the seeds are fixed, so a test that passes once always passes


def make_items(*sources, languages=("de", "en", "th")):
    """Items from one dictionary per source: a string of language initials -> how many items."""
    rows = [
        (number, [name[0] in present for name in languages])
        for number, source in enumerate(sources)
        for present, count in source.items()
        for _ in range(count)
    ]
    numbers = np.arange(len(rows))
    return Items(
        has_language=np.array([has for _, has in rows]),
        source=np.array([source for source, _ in rows]),
        question_group=numbers.copy(),
        passage_group=numbers.copy(),
        languages=tuple(languages),
        sources=tuple(f"source{i}" for i in range(len(sources))),
    )


def make_sampler(items, sampling, *, seed=1, batch_size=4, weights=None, **options):
    entry = SAMPLINGS[sampling]
    options = {"languages": items.languages, "alpha": 0.5, "source_exponent": 1.0, **options}
    options["languages"] = entry.only or options["languages"]
    chosen = SamplingOptions(
        batch_size=batch_size,
        sampling=sampling,
        batches=entry.batches,
        source_weights=weights or (1.0,) * len(items.sources),
        **options,
    )
    return Sampler(items, chosen, seed=seed)


def rows(batches):
    return [
        (
            batch.kind,
            batch.source,
            batch.items.tolist(),
            batch.query_languages.tolist(),
            batch.passage_languages.tolist(),
        )
        for batch in batches
    ]


@st.composite
def corpora(draw):
    """Up to 60 items of three sources; the first six are in every language and enough for two."""
    count = draw(st.integers(12, 60))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    has_language = random.random((count, 4)) < 0.7
    has_language[np.arange(count), random.integers(4, size=count)] = True
    has_language[:6] = True
    source, question_group, passage_group = random.integers([3, count, count], size=(count, 3)).T
    source[:6] = [0, 0, 1, 1, 2, 2]
    question_group[:6] = passage_group[:6] = range(6)
    return Items(
        has_language=has_language,
        source=source,
        question_group=question_group,
        passage_group=passage_group,
        languages=("de", "en", "th", "zh"),
        sources=("a", "b", "c"),
    )


@given(
    items=corpora(),
    sampling=st.sampled_from(["x-x-mono", "x-y", "hybrid", "x-x", "en-en"]),
    languages=st.sampled_from([("de", "en", "th", "zh"), ("en", "zh")]),
    seed=st.integers(0, 3),
)
@settings(max_examples=200, deadline=None)
def test_the_rules_of_every_sampling_hold_in_every_batch(items, sampling, languages, seed):
    sampler = make_sampler(items, sampling, seed=seed, batch_size=2, languages=languages)
    training = {items.languages.index(name) for name in languages}
    for batch in islice(sampler, 30):
        assert len(batch) == 2
        for name in ("question_group", "passage_group"):
            assert len(set(getattr(items, name)[batch.items].tolist())) == 2
        assert set(items.source[batch.items].tolist()) == {batch.source}
        assert items.has_language[batch.items, batch.query_languages].all()
        assert items.has_language[batch.items, batch.passage_languages].all()
        used = {*batch.query_languages.tolist(), *batch.passage_languages.tolist()}
        assert used <= training
        if batch.kind == "cross-lingual":
            assert (batch.query_languages != batch.passage_languages).all()
        else:
            assert (batch.query_languages == batch.passage_languages).all()
        if batch.kind == "monolingual":
            assert len(used) == 1
        kinds = {
            "x-x-mono": {"monolingual"},
            "en-en": {"monolingual"},
            "x-y": {"cross-lingual"},
            "x-x": {"mixed"},
            "hybrid": {"monolingual", "cross-lingual"},
        }
        assert batch.kind in kinds[sampling]
        assert sampling != "en-en" or used == {1}


def test_hybrid_with_alpha_1_is_x_x_mono_and_with_alpha_0_is_x_y():
    items = make_items({"det": 20, "de": 7, "t": 9}, {"en": 11, "det": 5})
    for alpha, sampling in ((1.0, "x-x-mono"), (0.0, "x-y")):
        hybrid = make_sampler(items, "hybrid", alpha=alpha)
        assert rows(islice(hybrid, 50)) == rows(islice(make_sampler(items, sampling), 50))


def test_hybrid_interleaves_the_batches_of_x_x_mono_and_x_y():
    items = make_items({"det": 20, "de": 7}, {"en": 11, "det": 5})
    batches = rows(islice(make_sampler(items, "hybrid", alpha=0.3), 60))
    for kind, sampling in (("monolingual", "x-x-mono"), ("cross-lingual", "x-y")):
        own = [batch for batch in batches if batch[0] == kind]
        assert own == rows(islice(make_sampler(items, sampling), len(own)))


def test_the_seed_decides():
    items = make_items({"det": 20})
    first = rows(islice(make_sampler(items, "hybrid", seed=1), 20))
    assert rows(islice(make_sampler(items, "hybrid", seed=1), 20)) == first
    assert rows(islice(make_sampler(items, "hybrid", seed=2), 20)) != first


def test_an_epoch_of_the_candidates_covers_its_items_once():
    items = make_items({"det": 8, "de": 4})  # 12 items in de and en, 8 in th
    drawn = {0: Counter(), 1: Counter(), 2: Counter()}
    for batch in islice(make_sampler(items, "x-x-mono"), 300):
        drawn[int(batch.query_languages[0])].update(batch.items.tolist())
    for column, size in ((0, 12), (1, 12), (2, 8)):
        times = set(drawn[column].values())
        assert len(drawn[column]) == size
        assert max(times) - min(times) <= 1


@pytest.mark.parametrize("sampling", ["x-x-mono", "x-y", "hybrid", "x-x", "en-en"])
@pytest.mark.parametrize("stop", [0, 1, 37])
def test_a_restored_sampler_goes_on_identically(sampling, stop):
    items = make_items({"det": 9, "de": 7, "den": 3}, {"en": 11, "det": 5, "e": 4})
    sampler, copy = make_sampler(items, sampling), make_sampler(items, sampling)
    for _ in islice(sampler, stop):
        pass
    copy.restore(json.loads(json.dumps(sampler.state())))
    assert rows(islice(sampler, 40)) == rows(islice(copy, 40))


def test_x_x_mono_draws_the_language_uniformly_then_the_source_by_its_items():
    # de: 40 items in source 0 and 10 in source 1; en: 10 in source 1; th: 20 in source 0.
    items = make_items({"d": 20, "dt": 20}, {"de": 10})
    seen = Counter(
        (int(batch.query_languages[0]), batch.source)
        for batch in islice(make_sampler(items, "x-x-mono", seed=5), 6000)
    )
    assert set(seen) == {(0, 0), (0, 1), (1, 1), (2, 0)}
    expected = {(0, 0): 1600, (0, 1): 400, (1, 1): 2000, (2, 0): 2000}
    counts, wanted = zip(*((seen[key], expected[key]) for key in expected), strict=True)
    assert chisquare(counts, wanted).pvalue > SIGNIFICANT


@pytest.mark.parametrize("sampling", ["x-x-mono", "x-y", "x-x"])
def test_weight_and_exponent_bend_the_choice_of_the_source(sampling):
    # sqrt(100) * 1 : sqrt(25) * 2 : 0 is 1 : 1 : 0.
    items = make_items({"det": 100}, {"det": 25}, {"det": 50})
    sampler = make_sampler(items, sampling, weights=(1.0, 2.0, 0.0), source_exponent=0.5, seed=2)
    seen = Counter(batch.source for batch in islice(sampler, 3000))
    assert set(seen) == {0, 1}
    assert binomtest(seen[0], 3000, 0.5).pvalue > SIGNIFICANT


def test_x_y_counts_only_the_items_with_two_training_languages():
    # Source 0: 30 of 90 items have two; source 1: all 10. Three of four batches are of source 0.
    items = make_items({"de": 30, "d": 60}, {"dt": 10})
    seen = Counter(batch.source for batch in islice(make_sampler(items, "x-y", seed=4), 3000))
    assert binomtest(seen[0], 3000, 0.75).pvalue > SIGNIFICANT
    only_de_en = make_sampler(items, "x-y", languages=("de", "en"))
    assert {batch.source for batch in islice(only_de_en, 50)} == {0}


def test_x_y_draws_every_ordered_pair_of_an_items_languages_equally_often():
    items = make_items({"det": 12, "dt": 12})
    pairs: dict[bool, Counter] = {True: Counter(), False: Counter()}
    for batch in islice(make_sampler(items, "x-y", seed=6), 3000):
        for item, query, passage in zip(
            batch.items, batch.query_languages, batch.passage_languages, strict=True
        ):
            pairs[bool(item < 12)][int(query), int(passage)] += 1
    assert set(pairs[True]) == {(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)}
    assert set(pairs[False]) == {(0, 2), (2, 0)}
    for seen in pairs.values():
        assert chisquare(list(seen.values())).pvalue > SIGNIFICANT


def test_x_x_draws_every_language_of_an_item_equally_often():
    items = make_items({"det": 12, "dt": 12})
    seen: Counter = Counter()
    for batch in islice(make_sampler(items, "x-x", seed=7), 3000):
        seen.update(batch.query_languages[batch.items < 12].tolist())
    assert set(seen) == {0, 1, 2}
    assert chisquare(list(seen.values())).pvalue > SIGNIFICANT


def test_all_orders_of_the_items_are_equally_likely():
    items = make_items({"d": 4})
    seen = Counter(
        tuple(next(make_sampler(items, "x-x-mono", seed=seed)).items.tolist())
        for seed in range(2400)
    )
    assert len(seen) == 24
    assert chisquare(list(seen.values())).pvalue > SIGNIFICANT


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_alpha_is_the_share_of_monolingual_batches(alpha):
    items = make_items({"det": 20})
    kinds = [batch.kind for batch in islice(make_sampler(items, "hybrid", alpha=alpha), 3000)]
    mono = kinds.count("monolingual")
    assert binomtest(mono, 3000, alpha).pvalue > SIGNIFICANT


def test_the_kind_of_a_batch_does_not_depend_on_the_one_before():
    items = make_items({"det": 20})
    kinds = [batch.kind for batch in islice(make_sampler(items, "hybrid", alpha=0.5), 3000)]
    changes = sum(before != after for before, after in pairwise(kinds))
    assert binomtest(changes, 2999, 0.5).pvalue > SIGNIFICANT


def test_ordered_pairs_are_different_true_columns():
    has_language = np.array([[True, False, True, True], [False, True, False, True]] * 50)
    queries, passages = ordered_pairs(has_language, np.random.default_rng(0))
    number = np.arange(100)
    assert (queries != passages).all()
    assert has_language[number, queries].all() and has_language[number, passages].all()


def test_a_batch_larger_than_a_source_is_an_error_that_says_where():
    items = make_items({"det": 40, "d": 5}, {"de": 9})
    with pytest.raises(HybridBatchError) as error:
        make_sampler(items, "x-x-mono", batch_size=16)
    assert str(error.value) == (
        "sampling x-x-mono, monolingual batches: source source1 has only 9 items in language de "
        "that differ in question and passage (9 in all), fewer than batch_size 16; lower "
        "batch_size to 9, add pairs, or leave out the language"
    )
    # With weight 0 source 1 is never drawn, but then only source 0 has de and th.
    make_sampler(items, "x-x-mono", batch_size=16, weights=(1.0, 0.0))


def test_translated_duplicates_do_not_count_towards_a_batch():
    items = make_items({"det": 20})
    same_passage = Items(
        items.has_language,
        items.source,
        items.question_group,
        np.arange(20) // 4,
        items.languages,
        items.sources,
    )
    with pytest.raises(HybridBatchError, match="only 5 items that differ"):
        make_sampler(same_passage, "x-y", batch_size=6)
    make_sampler(same_passage, "x-y", batch_size=5)


def test_samplings_that_the_data_cannot_serve_are_errors():
    items = make_items({"d": 20, "e": 20})
    with pytest.raises(HybridBatchError, match="no source has items in two training languages"):
        make_sampler(items, "x-y")
    with pytest.raises(HybridBatchError, match="no source has items in a training language"):
        make_sampler(items, "x-x", languages=("th",))
    with pytest.raises(HybridBatchError, match="sampling 'x-z' is not one of x-x-mono"):
        make_sampler(items, "x-z")
    with pytest.raises(HybridBatchError, match=r"alpha is 1\.5"):
        make_sampler(items, "hybrid", alpha=1.5)


def test_items_are_read_only():
    items = make_items({"det": 3})
    with pytest.raises(ValueError, match="read-only"):
        items.source[0] = 1
