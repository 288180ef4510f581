"""Measures of language bias, against hand-worked rankings, scipy and simulated ones."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.evaluation import bias_measures as measures

INF, NAN = np.inf, np.nan


def preference(ranks, languages, *, own=0, gains=None, count=3):
    """The preference of one query whose relevant passages have these ranks and languages."""
    overall, against = measures.preferences(
        np.zeros(len(ranks), dtype=int),
        np.array(languages),
        np.array(ranks, dtype=float),
        np.array(gains or [1] * len(ranks)),
        own=np.array([own]),
        shape=(1, count),
    )
    return overall[0], against[0].tolist()


# Rank distance.


def test_rank_distance_is_lowest_minus_highest():
    distances = measures.rank_distances(
        np.array([0, 0, 0, 1, 2, 2]), np.array([3.0, 40, 7, 5, 1, INF]), count=4
    )
    # One relevant passage has distance 0; one that is not ranked, or none at all, has no distance.
    assert distances[:2].tolist() == [37, 0]
    assert np.isnan(distances[2:]).all()


def test_bins_double():
    distances = np.array([0, 1, 2, 3, 4, 7, 8, 1023, 1024], dtype=float)
    assert measures.doubling_bins(distances).tolist() == [0, 1, 2, 2, 3, 3, 4, 10, 11]


# Shares and order.


def test_shares_count_languages_and_skip_empty_places():
    found = measures.shares(np.array([[0, 0, 1, 2], [2, 2, -1, -1]]), count=3)
    assert found.tolist() == [[0.5, 0.25, 0.25], [0, 0, 1]]


def test_relevant_passages_are_numbered_in_the_order_of_their_ranks():
    order = measures.relevant_order(
        np.array([1, 0, 1, 0, 1, 1]), np.array([9.0, 4, 2, 3, INF, INF])
    )
    assert order.tolist() == [2, 2, 1, 1, 3.5, 3.5]


def test_means_by_language():
    means = measures.language_means(
        np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([1.0, 4.0, 7.0]), shape=(2, 2)
    )
    assert means[0, 1] == 2.5
    assert means[1, 0] == 7
    assert np.isnan(means[[0, 1], [0, 1]]).all()


# Same-language preference.


def test_preference_is_the_share_of_pairs_that_the_own_language_wins():
    # Own passage at rank 4; the others at 2, 9 and 30, the first two in language 1.
    overall, against = preference([4, 2, 9, 30], [0, 1, 1, 2])
    assert overall == pytest.approx(2 / 3)
    assert against[1:] == [0.5, 1.0]


def test_preference_compares_equally_relevant_passages_only():
    overall, _ = preference([4, 2, 9], [0, 1, 1], gains=[2, 3, 2])
    assert overall == 1


def test_passages_that_are_not_ranked_tie():
    assert preference([INF, INF], [0, 1])[0] == 0.5
    assert preference([5, INF], [0, 1])[0] == 1


def test_without_a_pair_there_is_no_preference():
    assert np.isnan(preference([3, 5], [1, 2])[0])
    assert np.isnan(preference([3], [0])[0])


@given(st.lists(st.integers(1, 50), min_size=2, max_size=9, unique=True), st.data())
def test_preference_is_mann_whitney_u_over_the_pairs(ranks, data):
    languages = [0, 1, *(data.draw(st.integers(0, 2)) for _ in ranks[2:])]
    own = [rank for rank, code in zip(ranks, languages, strict=True) if code == 0]
    others = [rank for rank, code in zip(ranks, languages, strict=True) if code != 0]
    u = scipy.stats.mannwhitneyu(others, own).statistic
    assert preference(ranks, languages)[0] == pytest.approx(u / (len(own) * len(others)))


def test_without_bias_the_preference_is_one_half():
    random, queries, languages = np.random.default_rng(1), 3000, 11
    ranks = np.argsort(random.random((queries, 500)), axis=1)[:, :languages].astype(float)
    overall, _ = measures.preferences(
        np.repeat(np.arange(queries), languages),
        np.tile(np.arange(languages), queries),
        ranks.ravel(),
        np.ones(queries * languages, dtype=int),
        own=random.integers(0, languages, queries),
        shape=(queries, languages),
    )
    # The place of one among eleven is uniform: its sd is .316 (of 0, .1, ... 1).
    assert overall.mean() == pytest.approx(0.5, abs=4 * 0.316 / np.sqrt(queries))


# The fairness test.


@pytest.mark.parametrize("languages", [3, 7, 11])
def test_complete_blocks_give_scipys_friedman_test(languages):
    random = np.random.default_rng(languages)
    values = random.normal(size=(40, languages)) + 0.2 * np.arange(languages)
    expected = scipy.stats.friedmanchisquare(*values.T)
    found = measures.friedman(values)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.concordance == pytest.approx(expected.statistic / (40 * (languages - 1)))
    assert (found.blocks, found.languages, found.degrees) == (40, languages, languages - 1)


def test_ties_are_corrected_for_as_in_scipy():
    values = np.random.default_rng(2).integers(0, 4, size=(30, 5)).astype(float)
    expected = scipy.stats.friedmanchisquare(*values.T)
    assert measures.friedman(values).statistic == pytest.approx(expected.statistic)


def test_kendalls_w_is_1_when_every_query_prefers_the_same_order():
    assert measures.friedman(np.tile([1.0, 2, 3, 4], (6, 1))).concordance == pytest.approx(1)


def test_opposite_orders_cancel_out():
    found = measures.friedman(np.array([[1.0, 2, 3], [3.0, 2, 1]]))
    assert (found.statistic, found.p, found.concordance) == pytest.approx((0, 1, 0))


def test_blocks_of_two_languages_give_the_sign_test():
    # Benard and van Elteren's statistic for two languages is (wins - losses)^2 / blocks.
    values = np.array([[1.0, 2, NAN]] * 14 + [[2.0, 1, NAN]] * 6 + [[NAN, 1, NAN]])
    found = measures.friedman(values)
    assert found.statistic == pytest.approx((14 - 6) ** 2 / 20)
    assert (found.blocks, found.languages, found.degrees) == (20, 2, 1)


def test_incomplete_blocks_may_agree_fully_too():
    complete = np.tile([1.0, 2, 3, 4], (30, 1))
    complete[:10, 3] = NAN
    complete[10:15, 0] = NAN
    assert 0.9 < measures.friedman(complete).concordance <= 1


@given(
    st.lists(
        st.lists(st.one_of(st.just(NAN), st.integers(1, 5).map(float)), min_size=4, max_size=4),
        min_size=1,
        max_size=12,
    )
)
def test_concordance_is_between_0_and_1_and_p_a_probability(rows):
    found = measures.friedman(np.array(rows))
    assert -1e-9 <= found.concordance <= 1 + 1e-9
    assert 0 < found.p <= 1
    assert found.degrees < max(found.languages, 1)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_rankings_without_regard_to_language_are_rejected_at_the_nominal_rate(missing):
    random, trials = np.random.default_rng(3), 800
    values = random.random((trials, 60, 5))
    values[random.random(values.shape) < missing] = NAN
    tests = [measures.friedman(part) for part in values]
    low, high = scipy.stats.binom.interval(0.9999, trials, 0.05)
    assert low <= sum(test.p <= 0.05 for test in tests) <= high
    concordance = [test.concordance for test in tests]
    assert np.mean(concordance) == pytest.approx(tests[0].chance, rel=0.2)


def test_a_single_preferred_language_is_found():
    random = np.random.default_rng(4)
    ranks = np.argsort(np.argsort(random.random((200, 11)), axis=1), axis=1) + 1.0
    ranks[:80, 0] = 0  # two queries in five put the first language on top
    assert measures.friedman(measures.midranks(ranks)).p < 1e-6


def test_no_blocks_no_evidence():
    found = measures.friedman(np.full((3, 4), NAN))
    assert (found.blocks, found.degrees, found.p, found.concordance) == (0, 0, 1.0, 0.0)


@pytest.mark.parametrize("degrees", [1, 2, 3, 6, 10, 25])
@pytest.mark.parametrize("statistic", [1e-3, 0.7, 5.0, 40.0, 700.0])
def test_chi_square_tail_is_scipys(statistic, degrees):
    expected = scipy.stats.chi2.sf(statistic, degrees)
    assert measures.chi_square_tail(statistic, degrees) == pytest.approx(expected, rel=1e-9)


def test_p_is_never_0():
    assert 0 < measures.chi_square_tail(1e6, 10) < 1e-300
    assert measures.chi_square_tail(0.0, 10) == 1


def test_midranks_are_scipys():
    values = np.random.default_rng(5).integers(0, 4, size=(20, 6)).astype(float)
    assert (measures.midranks(values) == scipy.stats.rankdata(values, axis=1)).all()
    assert measures.midranks(np.array([[NAN, 7.0, 2.0]]))[0, 1:].tolist() == [2, 1]


# Agreement of rankings.


def overlap(a, b, *, persistence=0.9):
    return measures.rank_biased_overlap(np.array([a]), np.array([b]), persistence=persistence)[0]


def test_overlap_by_hand():
    # Shared in the first 1, 2 and 3: none, both of two, two of three.
    expected = 0.5 * (0 * 0.5 + 1 * 0.25 + 2 / 3 * 0.125) / 0.5 + 2 / 3 * 0.125
    assert overlap([1, 2, 3], [2, 1, 4], persistence=0.5) == pytest.approx(expected)


def test_overlap_is_1_for_equal_and_0_for_disjoint_rankings():
    assert overlap(range(10), range(10)) == pytest.approx(1)
    assert overlap(range(10), range(10, 20)) == 0


def test_agreement_at_the_top_weighs_most():
    same_top = overlap([1, 2, 3, 4, 5, 6], [1, 2, 3, 7, 8, 9])
    same_end = overlap([1, 2, 3, 4, 5, 6], [7, 8, 9, 4, 5, 6])
    assert same_top > same_end > 0


@given(st.permutations(range(8)), st.permutations(range(8)), st.floats(0.1, 0.95))
def test_overlap_is_symmetric_and_follows_its_definition(a, b, p):
    a, b = a[:6], b[:6]
    agreements = [len({*a[:d]} & {*b[:d]}) / d for d in range(1, 7)]
    expected = agreements[-1] * p**6
    expected += (1 - p) / p * sum(share * p**d for d, share in enumerate(agreements, start=1))
    assert overlap(a, b, persistence=p) == pytest.approx(expected)
    assert overlap(b, a, persistence=p) == pytest.approx(expected)
