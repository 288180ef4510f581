"""Intervals, tests and corrections, against hand-worked values, scipy and simulated data.

A simulation draws many experiments as columns of one call; how many of them reject, or cover, is
then binomial, and bounds are its central 99.99 %.
"""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.evaluation import resampling

RESAMPLES = 1999
PROBABILITIES = st.lists(st.floats(1e-6, 1), min_size=1, max_size=12)


def bounds(trials: int, probability: float) -> tuple[float, float]:
    """Where a share of `trials` lies that has this probability."""
    low, high = scipy.stats.binom.interval(0.9999, trials, probability)
    return low / trials, high / trials


def bootstrap(values: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
    """Resampled means (columns, resamples) of values (items, columns)."""
    counts = np.ones_like(values) if counts is None else counts
    return resampling.bootstrap_means(values[None], counts, resamples=RESAMPLES, seed=1)[0]


def randomise(differences: np.ndarray, **options) -> np.ndarray:
    """p-values (columns,) of differences (items, columns)."""
    shares = differences / len(differences)
    return resampling.randomisation_p(shares, resamples=RESAMPLES, seed=1, **options)


# Means and the bootstrap.


def test_a_mean_is_over_queries_so_that_items_with_more_of_them_weigh_more():
    sums = np.array([[[3.0], [0.0]]])  # three queries of value 1, one of value 0
    assert resampling.means(sums, np.array([[3.0], [1.0]])).tolist() == [[0.75]]


def test_the_interval_is_scipys_percentile_interval():
    values = np.random.default_rng(3).gamma(2.0, size=(80, 1))
    ours = resampling.interval(bootstrap(values), confidence=0.95)
    theirs = scipy.stats.bootstrap(
        (values[:, 0],), np.mean, method="percentile", n_resamples=20_000, rng=1
    ).confidence_interval
    assert ours[0][0] == pytest.approx(theirs.low, abs=0.03)
    assert ours[1][0] == pytest.approx(theirs.high, abs=0.03)


def test_the_bootstrap_variance_of_a_mean_is_the_known_one():
    # Var = sum (x - mean)^2 / n^2 = 10 / 25.
    variance = bootstrap(np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])).var()
    assert variance == pytest.approx(0.4, rel=0.1)


def test_settings_are_resampled_with_the_same_items():
    values = np.random.default_rng(4).random((50, 1))
    both = bootstrap(np.hstack([values, 1 - values]))
    # The average of two opposite settings is certain; drawn separately it would not be.
    assert both.mean(axis=0) == pytest.approx(np.full(RESAMPLES, 0.5))


def test_systems_are_resampled_with_the_same_items():
    values = np.random.default_rng(4).random((50, 3))
    systems = np.stack([values + 0.1, values])
    samples = resampling.bootstrap_means(systems, np.ones((50, 3)), resamples=RESAMPLES, seed=1)
    assert samples[0] - samples[1] == pytest.approx(np.full((3, RESAMPLES), 0.1))


def test_one_item_more_or_another_metric_draws_the_same_items():
    ones = np.eye(6)[:, :2]
    alone, beside = bootstrap(ones), bootstrap(np.hstack([ones, np.ones((6, 1))]))
    assert (alone == beside[:2]).all()


def test_the_blocks_cover_every_resample(monkeypatch):
    values = np.random.default_rng(4).random((30, 2))
    monkeypatch.setattr(resampling, "_BLOCK_CELLS", 30 * 128)
    samples = bootstrap(values)
    assert samples.shape == (2, RESAMPLES)
    assert np.isfinite(samples).all()
    assert samples.mean(axis=1) == pytest.approx(values.mean(axis=0), abs=0.01)
    assert (randomise(values - 0.5) > 0).all()


def test_a_resample_without_a_settings_items_takes_its_observed_mean():
    counts = np.zeros((40, 1))
    counts[:2] = 1  # two items of forty: missed by e^-2 of the resamples
    samples = bootstrap(counts * np.array([0.2, 0.8] * 20)[:, None], counts)
    assert np.isfinite(samples).all()
    assert set(np.unique(samples.round(6))) >= {0.2, 0.5, 0.8}


@pytest.mark.parametrize("size", [200, 1190])
def test_intervals_cover_the_true_mean(size):
    experiments = 1500
    values = np.random.default_rng(size).beta(0.4, 0.2, size=(size, experiments))
    low, high = resampling.interval(bootstrap(values), confidence=0.95)
    covered = np.mean((low <= 2 / 3) & (high >= 2 / 3))
    # The percentile interval of n items is narrower than it should be, by about 1 / (2 n).
    smallest, largest = bounds(experiments, 0.95)
    assert smallest - 1 / size <= covered <= largest


def test_intervals_cover_where_items_have_unequal_numbers_of_queries():
    random, experiments = np.random.default_rng(5), 1000
    queries = random.integers(0, 4, size=(300, 1)).astype(float)
    effects = random.normal(size=(300, experiments))
    noise = random.normal(size=(300, experiments)) * np.sqrt(queries)
    samples = bootstrap(queries * effects + noise, np.repeat(queries, experiments, axis=1))
    low, high = resampling.interval(samples, confidence=0.95)
    smallest, largest = bounds(experiments, 0.95)
    assert smallest - 0.005 <= np.mean((low <= 0) & (high >= 0)) <= largest


# Order statistics and one-sided tests.


def test_the_interval_is_the_25th_from_either_end_of_999_resamples():
    samples = np.random.default_rng(1).permutation(np.arange(1.0, 1000.0))
    low, high = resampling.interval(samples, confidence=0.95)
    assert (low, high) == (25, 975)
    assert resampling.tail_count(1999, confidence=0.95) == 50
    assert resampling.tail_count(10_000, confidence=0.95) == 250
    assert resampling.tail_count(30, confidence=0.95) == 0


@given(
    st.lists(st.floats(-1, 1), min_size=99, max_size=199), st.floats(-1, 1), st.floats(0.5, 0.95)
)
def test_one_sided_tests_agree_with_the_interval(values, bound, confidence):
    samples = np.array(values)
    low, high = resampling.interval(samples, confidence=confidence)
    # Compared as counts: (1 - confidence) / 2 as a share is not exact in binary.
    k = resampling.tail_count(len(samples), confidence=confidence)
    assert (low > bound) == (round(resampling.p_above(samples, bound) * (len(samples) + 1)) <= k)
    assert (high < bound) == (round(resampling.p_below(samples, bound) * (len(samples) + 1)) <= k)


def test_one_sided_p_values_by_hand():
    samples = np.array([-0.03, -0.01, 0.0, 0.02])
    assert resampling.p_above(samples, -0.01) == 3 / 5
    assert resampling.p_below(samples, -0.01) == 4 / 5
    assert resampling.p_above(samples, -1.0) == 1 / 5  # never 0


def test_non_inferiority_at_the_margin_is_found_at_its_nominal_rate():
    experiments, margin = 2000, 0.01
    differences = np.random.default_rng(6).normal(-margin, 0.2, size=(500, experiments))
    samples = bootstrap(differences)
    low, high = bounds(experiments, 0.025)
    assert low <= np.mean(resampling.p_above(samples, -margin) <= 0.025) <= high
    assert low <= np.mean(resampling.p_below(samples, -margin) <= 0.025) <= high


# The randomisation test.


def test_p_is_scipys_exact_permutation_p():
    differences = np.array([0.3, -0.1, 0.25, 0.4, 0.05, -0.2, 0.35, 0.1])
    exact = scipy.stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    p = resampling.randomisation_p(differences[:, None] / 8, resamples=40_000, seed=1)[0]
    assert p == pytest.approx(exact, abs=0.008)


def test_p_is_never_0_and_1_without_any_difference():
    certain, none = randomise(np.array([[1.0, 0.0]] * 60))
    assert certain == 1 / (1 + RESAMPLES)
    assert none == 1


def test_ties_count_as_extreme():
    # Of one item both signs are as extreme as what was observed; of two items half of them are.
    assert randomise(np.array([[0.1 + 0.2]])).tolist() == [1.0]
    assert randomise(np.array([[0.3], [0.1 + 0.2]]))[0] == pytest.approx(0.5, abs=0.05)


def test_false_positives_are_as_frequent_as_they_should_be():
    random, experiments = np.random.default_rng(7), 2000
    # Mostly no difference, else a skewed one: differences of average precisions look like this.
    size = random.gamma(0.5, size=(200, experiments)) * random.choice([-1, 1], (200, experiments))
    differences = np.where(random.random((200, experiments)) < 0.6, 0, size)
    p = randomise(differences)
    for level in (0.01, 0.05, 0.2):
        low, high = bounds(experiments, level)
        assert low <= np.mean(p <= level) <= high


def test_parallel_versions_must_stay_together():
    random, experiments, items, versions = np.random.default_rng(8), 1000, 60, 11
    shared = random.normal(size=(items, 1, experiments))
    differences = shared + 0.5 * random.normal(size=(items, versions, experiments))
    low, high = bounds(experiments, 0.05)
    clustered = randomise(differences.sum(axis=1))
    assert low <= np.mean(clustered <= 0.05) <= high
    by_query = randomise(differences.reshape(items * versions, experiments))
    assert np.mean(by_query <= 0.05) > 0.4
    intervals = resampling.interval(bootstrap(differences.mean(axis=1)), confidence=0.95)
    assert np.mean((intervals[0] <= 0) & (intervals[1] >= 0)) > low_coverage(experiments)
    naive = resampling.interval(
        bootstrap(differences.reshape(items * versions, experiments)), confidence=0.95
    )
    assert np.mean((naive[0] <= 0) & (naive[1] >= 0)) < 0.6


def low_coverage(experiments: int) -> float:
    return bounds(experiments, 0.95)[0] - 0.01  # sixty items: see the test of coverage


# Several training seeds.


def seeds_experiment(*, seeds: int, seed_sd: float, experiments: int = 1500, items: int = 100):
    """Differences (seeds, items, experiments) of two equal samplings, trained with luck."""
    random = np.random.default_rng([9, seeds])
    item = random.normal(size=(1, items, experiments))
    luck = random.normal(scale=seed_sd, size=(seeds, 1, experiments))
    return item + luck + 0.3 * random.normal(size=(seeds, items, experiments))


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("seed_sd", [0.05, 0.5])
def test_the_luck_of_training_makes_no_false_positives(seeds, seed_sd):
    differences = seeds_experiment(seeds=seeds, seed_sd=seed_sd)
    by_seed = differences.mean(axis=1)
    errors = by_seed.std(axis=0, ddof=1) / np.sqrt(seeds)
    draws = resampling.t_draws(seeds, resamples=RESAMPLES, seed=1)
    p = randomise(differences.mean(axis=0), seed_errors=errors, seed_draws=draws)
    assert np.mean(p <= 0.05) <= bounds(1500, 0.05)[1]
    samples = bootstrap(differences.mean(axis=0)) + np.outer(errors, draws)
    low, high = resampling.interval(samples, confidence=0.95)
    assert np.mean((low <= 0) & (high >= 0)) >= bounds(1500, 0.95)[0]


def test_without_the_seeds_the_luck_of_training_looks_significant():
    differences = seeds_experiment(seeds=3, seed_sd=0.5)
    assert np.mean(randomise(differences.mean(axis=0)) <= 0.05) > 0.3


def test_where_seeds_decide_p_is_students():
    by_seed = np.array([0.031, 0.012, 0.024, 0.019])
    expected = scipy.stats.ttest_1samp(by_seed, 0).pvalue
    draws = resampling.t_draws(4, resamples=40_000, seed=1)
    items = np.full((1000, 1), by_seed.mean() / 1000)  # the items all say the same
    p = resampling.randomisation_p(
        items,
        resamples=40_000,
        seed=1,
        seed_errors=np.array([scipy.stats.sem(by_seed)]),
        seed_draws=draws,
    )
    assert p[0] == pytest.approx(expected, rel=0.15)


def test_a_single_seed_says_nothing_about_others():
    assert resampling.t_draws(1, resamples=10, seed=1) is None


# Holm's correction.


def test_holm_by_hand():
    # Sorted: 3 x .01, 2 x .03, 1 x .04 raised to the one before.
    assert resampling.holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert resampling.holm(np.array([0.5, 0.9])).tolist() == [1.0, 1.0]
    assert resampling.holm(np.array([0.2])).tolist() == [0.2]
    assert resampling.holm(np.array([])).tolist() == []


@given(PROBABILITIES, st.floats(0.001, 0.5))
def test_holm_rejects_what_its_steps_reject(p, level):
    adjusted = resampling.holm(np.array(p))
    rejected = 0
    for step, value in enumerate(sorted(p)):
        if value * (len(p) - step) > level:
            break
        rejected += 1
    assert np.count_nonzero(adjusted <= level) == rejected
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= 1).all()


def test_holm_keeps_the_chance_of_any_false_positive_in_a_family():
    families = np.random.default_rng(10).random((2000, 11))
    any_rejected = np.mean([resampling.holm(p).min() <= 0.05 for p in families])
    assert bounds(2000, 0.05)[0] <= any_rejected <= bounds(2000, 0.05)[1]


def test_the_same_seed_gives_the_same_numbers():
    values = np.random.default_rng(1).random((20, 3))
    assert (bootstrap(values) == bootstrap(values)).all()
    assert (randomise(values - 0.4) == randomise(values - 0.4)).all()
