"""What is compared with what, and the rows that come of it, on values simulated in memory."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import scipy.stats

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.runs import Run, group_systems, run_id
from hybridbatch.evaluation import averages, comparisons
from hybridbatch.evaluation.comparisons import Design, holm_by_family, pairs, resample
from hybridbatch.evaluation.observations import Cell, Observations

LANGUAGES = ("de", "en", "th")
HIGH = frozenset({"de", "en"})
CELLS = tuple(
    sorted(
        (Cell(query, passage) for query, passage in product(LANGUAGES, (*LANGUAGES, "all"))),
        key=lambda cell: (
            ("monolingual", "cross-lingual", "multilingual").index(cell.setting),
            cell.query_language,
            cell.passage_language,
        ),
    )
)
DESIGN = Design(resamples=999, seed=1, confidence=0.95, margin=0.01)
SAMPLINGS = {"untrained": None, "x-x-mono": 1.0, "x-y": 0.0, "hybrid": 0.5}


def run_of(sampling: str, *, seed: int | None = 1, alpha: float | None = None, **other) -> Run:
    trained = sampling != "untrained"
    values = {"model": "base", "recipe": "tiny" if trained else None, **other}
    named = sampling if alpha is None else f"{sampling}{alpha:g}"
    return Run(
        id=run_id(values["model"], values["recipe"], named, seed if trained else None),
        sampling=sampling,
        alpha=SAMPLINGS.get(sampling) if alpha is None else alpha,
        seed=seed if trained else None,
        training_languages=("de", "th") if trained else (),
        **values,
    )


def observe(*effects: float, items: int = 200, noise: float = 0.05, metric: str = "mAP"):
    """Runs whose values differ by `effects` from a common one per item and setting."""
    random = np.random.default_rng(1)
    common = random.random((items, 1)) + 0.1 * random.random((items, len(CELLS)))
    runs = [common + effect + noise * random.normal(size=common.shape) for effect in effects]
    return Observations(metric, CELLS, np.stack(runs), np.ones(common.shape))


def find(rows: list[dict], **wanted) -> dict:
    found = [row for row in rows if wanted.items() <= row.items()]
    assert len(found) == 1, found
    return found[0]


# Systems and pairs.


def test_a_system_is_the_run_id_without_its_seed():
    runs = [run_of("untrained"), run_of("x-y"), run_of("hybrid"), run_of("hybrid", alpha=0.3)]
    ids = ["base.untrained", "base.tiny.x-y", "base.tiny.hybrid", "base.tiny.hybrid0.3"]
    assert [system.id for system in group_systems(runs)] == ids


def test_seeds_of_a_system_are_put_in_order():
    runs = [run_of("x-y", seed=2), run_of("hybrid", seed=1), run_of("x-y", seed=1)]
    systems = group_systems(runs)
    assert [system.id for system in systems] == ["base.tiny.x-y", "base.tiny.hybrid"]
    assert systems[0].seeds == (1, 2)
    assert systems[0].positions == (2, 0)


def test_a_run_listed_twice_is_an_error():
    with pytest.raises(HybridBatchError, match=r"base.tiny.x-y has a seed twice"):
        group_systems([run_of("x-y"), run_of("x-y")])


def named_pairs(*runs: Run) -> list[tuple[str, str]]:
    systems = group_systems(runs)
    return [(systems[a].id, systems[b].id) for a, b in pairs(systems)]


def test_hybrid_is_compared_with_all_others_and_these_among_each_other():
    assert named_pairs(*map(run_of, ("untrained", "hybrid", "x-x-mono"))) == [
        ("base.tiny.hybrid", "base.untrained"),
        ("base.tiny.x-x-mono", "base.untrained"),
        ("base.tiny.hybrid", "base.tiny.x-x-mono"),
    ]


def test_alphas_other_models_and_recipes_are_not_compared():
    assert named_pairs(run_of("hybrid"), run_of("hybrid", alpha=0.3)) == []
    assert named_pairs(run_of("x-y"), run_of("hybrid", model="other")) == []
    assert named_pairs(run_of("x-y"), run_of("hybrid", recipe="other")) == []


def test_systems_with_different_seeds_are_not_comparable():
    with pytest.raises(HybridBatchError, match=r"hybrid has the seeds 1 and base.tiny.x-y 1, 2"):
        named_pairs(run_of("x-y"), run_of("x-y", seed=2), run_of("hybrid"))


# Averages.


def members(average: averages.Average) -> list[tuple[str, str]]:
    return [(CELLS[i].query_language, CELLS[i].passage_language) for i in average.members]


def test_a_macro_average_follows_the_settings_of_its_kind():
    wanted = averages.settings_and_macros(CELLS)
    assert len(wanted) == 3 + 1 + 6 + 1 + 3 + 1
    assert [average.name for average in wanted[:4]] == [
        ("de", "de"), ("en", "en"), ("th", "th"), ("macro", "macro"),
    ]  # fmt: skip
    assert wanted[-1].name == ("macro", "all")
    assert members(wanted[-1]) == [("de", "all"), ("en", "all"), ("th", "all")]


def test_groups_by_resource_level_take_both_directions():
    wanted = averages.groups(CELLS, high=HIGH, seen=frozenset({"de", "th"}))
    found = {(a.setting, *a.name): members(a) for a in wanted}
    assert found["cross-lingual", "resource", "high-high"] == [("de", "en"), ("en", "de")]
    assert found["cross-lingual", "resource", "high-low"] == [
        ("de", "th"), ("en", "th"), ("th", "de"), ("th", "en"),
    ]  # fmt: skip
    assert ("cross-lingual", "resource", "low-low") not in found
    assert found["monolingual", "resource", "low-low"] == [("th", "th")]
    assert found["multilingual", "resource", "high-all"] == [("de", "all"), ("en", "all")]
    assert found["cross-lingual", "training", "seen-seen"] == [("de", "th"), ("th", "de")]
    assert found["monolingual", "training", "unseen-unseen"] == [("en", "en")]
    assert found["cross-lingual", "language", "en"] == [("en", "de"), ("en", "th")]
    assert len(found["cross-lingual", "overall", "macro"]) == 6


@pytest.mark.parametrize(
    ("listed", "level"), [({"zh"}, "high"), ({"zh-Hans"}, "high"), ({"zh-Hant"}, "low")]
)
def test_a_language_stands_for_its_varieties(listed: set[str], level: str):
    cells = (replace(CELLS[0], query_language="zh-Hans", passage_language="zh-Hans"),)
    wanted = averages.groups(cells, high=frozenset(listed), seen=frozenset())
    (found,) = (average for average in wanted if average.name[0] == "resource")
    assert found.name[1] == f"{level}-{level}"


# Estimates.


def test_an_estimate_is_the_mean_with_its_interval():
    observations = observe(0.0)
    systems = group_systems([run_of("hybrid")])
    rows = comparisons.estimate_rows(resample(observations, systems, DESIGN), DESIGN)
    row = find(rows, query_language="de", passage_language="th")
    values = observations.sums[0][:, CELLS.index(Cell("de", "th"))]
    expected = scipy.stats.bootstrap((values,), np.mean, method="percentile", rng=1)
    assert row["mean"] == pytest.approx(values.mean())
    assert row["low"] == pytest.approx(expected.confidence_interval.low, abs=0.01)
    assert row["high"] == pytest.approx(expected.confidence_interval.high, abs=0.01)
    assert (row["sd"], row["seeds"], row["queries"], row["items"]) == (None, 1, 200, 200)
    macro = find(rows, setting="multilingual", query_language="macro", passage_language="all")
    settings = [r["mean"] for r in rows if r["passage_language"] == "all"][:-1]
    assert macro["mean"] == pytest.approx(np.mean(settings))
    assert (macro["queries"], macro["items"]) == (600, 200)


def test_a_macro_average_of_correlated_settings_is_no_more_certain_than_they_are():
    rows = comparisons.estimate_rows(
        resample(observe(0.0), group_systems([run_of("hybrid")]), DESIGN), DESIGN
    )
    widths = [r["high"] - r["low"] for r in rows if r["setting"] == "monolingual"]
    assert widths[-1] == pytest.approx(np.mean(widths[:-1]), rel=0.1)


def test_the_spread_over_seeds_widens_the_interval():
    runs = [run_of("hybrid", seed=seed) for seed in (1, 2, 3)]
    resampled = resample(observe(0.0, 0.1, 0.2), group_systems(runs), DESIGN)
    row = find(comparisons.estimate_rows(resampled, DESIGN), setting="monolingual",
               query_language="macro")  # fmt: skip
    assert row["seeds"] == 3
    assert row["sd"] == pytest.approx(0.1, abs=0.01)
    # Student's t for three seeds: 4.30 standard errors of 0.1 / sqrt(3), and the items on top.
    assert row["high"] - row["mean"] == pytest.approx(4.30 * 0.1 / np.sqrt(3), rel=0.25)


def test_a_single_item_gives_no_interval():
    resampled = resample(observe(0.0, items=1), group_systems([run_of("hybrid")]), DESIGN)
    row = comparisons.estimate_rows(resampled, DESIGN)[0]
    assert (row["low"], row["high"]) == (None, None)


# Differences.


def differences(*effects: float, samplings=("x-y", "hybrid"), **options) -> list[dict]:
    systems = group_systems([run_of(sampling) for sampling in samplings])
    resampled = resample(observe(*effects, **options), systems, DESIGN)
    return comparisons.comparison_rows(resampled, DESIGN)


def test_a_difference_is_paired_and_much_surer_than_its_parts():
    row = find(differences(0.0, 0.02), query_language="en", passage_language="en")
    assert row["system_a"] == "base.tiny.hybrid"
    assert row["difference"] == pytest.approx(0.02, abs=0.01)
    assert row["low"] < row["difference"] < row["high"]
    assert row["high"] - row["low"] < 0.03  # the values themselves spread over 1
    assert row["p"] < 0.05


def test_holm_corrects_the_settings_of_a_kind_and_the_macro_averages_together():
    rows = differences(0.0, 0.005)
    cross = [r for r in rows if r["setting"] == "cross-lingual"]
    settings, macro = cross[:-1], cross[-1]
    assert {r["family"] for r in settings} == {
        "mAP, cross-lingual settings, base.tiny.hybrid - base.tiny.x-y"
    }
    ordered = sorted(settings, key=lambda r: r["p"])
    assert ordered[0]["p_holm"] == pytest.approx(min(1, 6 * ordered[0]["p"]))
    macros = [r for r in rows if r["query_language"] == "macro"]
    assert {r["family"] for r in macros} == {"mAP, macro averages"}
    # One pair of systems in three settings; with more systems, all of their pairs.
    least = min(macros, key=lambda r: r["p"])
    assert least["p_holm"] == pytest.approx(min(1, 3 * least["p"]))
    assert macro in macros


def test_equal_systems_have_p_1_and_a_difference_in_all_items_the_least_p():
    assert {r["p"] for r in differences(0.0, 0.0, noise=0.0)} == {1.0}
    assert {r["p"] for r in differences(0.0, 0.3, noise=0.0)} == {1 / 1000}


def test_holm_by_family_keeps_families_apart():
    wanted = [
        averages.Average("monolingual", family, (str(i), ""), (i,))
        for i, family in enumerate(("a", "b", "a"))
    ]
    assert holm_by_family(np.array([0.01, 0.02, 0.03]), wanted).tolist() == [0.02, 0.02, 0.03]


def test_seeds_are_paired_and_an_untrained_model_stands_beside_each():
    runs = [run_of("untrained"), *(run_of("hybrid", seed=seed) for seed in (1, 2))]
    systems = group_systems(runs)
    resampled = resample(observe(0.0, 0.1, 0.12, noise=0.0), systems, DESIGN)
    row = find(comparisons.comparison_rows(resampled, DESIGN), setting="monolingual",
               query_language="macro")  # fmt: skip
    assert row["difference"] == pytest.approx(0.11)
    assert row["sd"] == pytest.approx(0.02 / np.sqrt(2))
    # With two seeds Student's t has one degree of freedom: p = 1 - 2/pi atan(t), t = .11 / .01.
    assert row["p"] == pytest.approx(1 - 2 / np.pi * np.arctan(11), abs=0.03)


# Non-inferiority.


def verdicts(*effects: float, **options) -> list[dict]:
    systems = group_systems([run_of(sampling) for sampling in ("x-y", "hybrid")])
    resampled = resample(observe(*effects, **options), systems, DESIGN)
    return comparisons.noninferiority_rows(resampled, DESIGN, high_resource=HIGH)


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [(0.0, "non-inferior"), (0.05, "non-inferior"), (-0.05, "inferior"), (-0.01, "undecided")],
)
def test_the_verdict(effect, verdict):
    row = find(verdicts(0.0, effect, noise=0.03), setting="cross-lingual", grouping="overall")
    assert row["verdict"] == verdict
    assert row["difference"] == pytest.approx(row["mean_a"] - row["mean_b"])
    assert row["averaged"] == 6
    assert (row["low"] > -row["margin"]) == (verdict == "non-inferior")
    assert (row["high"] < -row["margin"]) == (verdict == "inferior")


def test_a_significant_loss_may_still_be_within_the_margin():
    row = find(verdicts(0.0, -0.004, noise=0.01), setting="multilingual", grouping="overall")
    assert row["p"] < 0.05
    assert row["verdict"] == "non-inferior"


def test_verdicts_of_languages_are_corrected_together():
    rows = [r for r in verdicts(0.0, 0.0, noise=0.06) if r["grouping"] == "language"]
    mono = sorted(
        (r for r in rows if r["setting"] == "monolingual"), key=lambda r: r["p_noninferior"]
    )
    assert mono[0]["p_noninferior_holm"] == pytest.approx(3 * mono[0]["p_noninferior"])
    for row in mono:
        assert (row["verdict"] == "non-inferior") == (row["p_noninferior_holm"] <= 0.025)


def test_only_hybrids_have_a_verdict():
    systems = group_systems([run_of("untrained"), run_of("x-y")])
    resampled = resample(observe(0.0, 0.1), systems, DESIGN)
    assert comparisons.noninferiority_rows(resampled, DESIGN, high_resource=HIGH) == []


def test_languages_without_parallel_items_are_compared_each_on_its_own():
    # Two languages, the items of one without queries in the other, as in MIRACL.
    cells = (Cell("de", "de"), Cell("th", "th"))
    counts = np.zeros((100, 2))
    counts[:60, 0], counts[60:, 1] = 1, 1
    sums = np.stack([counts * 0.5, counts * [0.6, 0.5]])
    observations = Observations("nDCG@10", cells, sums, counts)
    systems = group_systems([run_of("x-y"), run_of("hybrid")])
    rows = comparisons.comparison_rows(resample(observations, systems, DESIGN), DESIGN)
    assert [(r["query_language"], r["items"], round(r["difference"], 9)) for r in rows] == [
        ("de", 60, 0.1), ("th", 40, 0.0), ("macro", 100, 0.05),
    ]  # fmt: skip
    assert [r["p"] for r in rows] == [0.001, 1.0, 0.001]
