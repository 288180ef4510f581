"""Each claim's verdict on made-up figures."""

from dataclasses import replace

import pytest

from hybridbatch.common.runs import Run, System
from hybridbatch.planning.config import defaults
from hybridbatch.reporting.claims_evidence import Evidence, Parallel, Thresholds
from hybridbatch.reporting.claims_logic import judge

DEFAULTS = {"level": 0.05, **defaults()["claims"]}
BEFORE = {
    "system": "m.x-x-mono",
    "setting": "multilingual",
    "metric": "rank_distance",
    "query_language": "macro",
    "mean": 426.0,
}
SAMPLINGS = ("untrained", "x-x-mono", "x-y", "hybrid")
KINDS = ("monolingual", "cross-lingual", "multilingual")


def systems(*models: str, samplings=SAMPLINGS) -> tuple[System, ...]:
    alphas = {"hybrid": 0.5, "x-x-mono": 1.0, "x-y": 0.0}
    return tuple(
        system(Run(f"{model}.{sampling}", model, "r", sampling, alphas.get(sampling)))
        for model in models
        for sampling in samplings
    )


def system(run: Run) -> System:
    return System(run.id, run.id, (run,), (0,))


def difference(
    other: str, kind: str, value: float, *, p=0.001, metric="mAP", model="m", half=None, seeds=3
) -> dict:
    """A row of the table; its interval is `half` of it to each side, by default a tenth."""
    half = abs(value) / 10 if half is None else half
    return {
        "p": p,
        "low": value - half,
        "high": value + half,
        "seeds": seeds,
        "system_a": f"{model}.hybrid",
        "system_b": f"{model}.{other}",
        "setting": kind,
        "metric": metric,
        "query_language": "macro",
        "difference": value,
        "p_holm": p,
    }


def verdict(claim: str, evidence: Evidence, **thresholds):
    return next(
        found for found in judge(evidence, Thresholds(**DEFAULTS | thresholds)) if found.id == claim
    )


def evidence_of(*rows: dict, models=("m",), **other) -> Evidence:
    return Evidence(systems(*models), {}, comparisons={"xquad-r": rows}, **other)


def test_every_claim_is_judged_and_nothing_is_confirmed_by_no_evidence():
    found = judge(Evidence(systems("m"), {}), Thresholds(**DEFAULTS))
    assert [claim.id for claim in found] == [f"C{i}" for i in range(1, 12)]
    assert {claim.verdict for claim in found} == {"not tested"}
    assert all(claim.would_test and claim.reasons for claim in found[:8])


# The method and the data.


@pytest.mark.parametrize(
    ("batches", "sources", "exponent", "expected"),
    [
        ((26, 24), 2, 1.0, "confirmed"),
        ((26, 24), 1, 1.0, "undecided"),  # nothing to choose a source from
        ((26, 24), 2, 0.5, "rejected"),
        ((46, 4), 2, 1.0, "rejected"),  # 25 expected, with a standard deviation of 3.5
        ((50, 0), 2, 1.0, "rejected"),
    ],
)
def test_c1_mixes_batches_and_draws_sources_by_size(batches, sources, exponent, expected):
    evidence = Evidence(
        systems("m"),
        {},
        batches={"m.hybrid": batches},
        sources=[f"source{i}" for i in range(sources)],
        source_exponent=exponent,
    )
    assert verdict("C1", evidence).verdict == expected


def test_c2_wants_all_three_benchmarks():
    names = ("xquad-r", "mlqa-r", "miracl")
    evidence = Evidence((), {name: Parallel(7, {7: 10}) for name in names})
    assert verdict("C2", evidence).verdict == "confirmed"
    fewer = verdict("C2", Evidence((), {"xquad-r": Parallel(11, {11: 10})}))
    assert fewer.verdict == "undecided"
    assert "miracl: not run" in fewer.reasons
    assert "miracl" in fewer.would_test


def test_c3_counts_languages():
    # No question of MLQA-R is asked in all of its seven languages.
    both = {"xquad-r": Parallel(11, {11: 1190}), "mlqa-r": Parallel(7, {3: 987, 4: 161})}
    found = verdict("C3", Evidence((), both))
    assert found.verdict == "confirmed"
    assert found.reasons[1] == (
        "mlqa-r: 7 languages (claimed 7); questions by the number of languages that ask them: "
        "161 in 4, 987 in 3"
    )
    fewer = {**both, "mlqa-r": Parallel(6, {6: 5})}
    assert verdict("C3", Evidence((), fewer)).verdict == "rejected"


@pytest.mark.parametrize("claim", ["C4", "C5"])
def test_c4_and_c5_are_rejected_by_a_match_and_open_without_near_matches(claim):
    clean = Evidence((), {}, exact_matches={"xquad-r": 0}, sources=["wikiqa"])
    found = verdict(claim, clean)
    assert found.verdict == "undecided"
    assert "near matches: not searched for" in found.reasons
    assert verdict(claim, replace(clean, exact_matches={"xquad-r": 3})).verdict == "rejected"
    assert verdict(claim, replace(clean, near_matches={"xquad-r": 1})).verdict == "rejected"


def test_c4_is_confirmed_once_near_matches_were_looked_for_and_c5_never():
    evidence = Evidence(
        (), {}, exact_matches={"xquad-r": 0}, near_matches={"xquad-r": 0}, sources=["wikiqa"]
    )
    assert verdict("C4", evidence).verdict == "confirmed"
    assert verdict("C5", evidence).verdict == "undecided"  # nobody knows the base model's data


@pytest.mark.parametrize("claim", ["C4", "C5"])
@pytest.mark.parametrize(
    ("sources", "benchmark"),
    [(["mine"], "xquad-r"), (["wikiqa", "mine"], "xquad-r"), (["wikiqa"], "mine")],
)
def test_own_data_do_not_decide_what_the_paper_says_of_its_own(claim, sources, benchmark):
    evidence = Evidence(
        (), {}, exact_matches={benchmark: 60}, near_matches={benchmark: 60}, sources=sources
    )
    found = verdict(claim, evidence)
    assert found.verdict == "not tested"
    assert any("60 exact matches" in reason for reason in found.reasons)


def estimates(languages: int) -> list[dict]:
    codes = [f"l{i}" for i in range(languages)]
    rows = [
        {
            "metric": "mAP",
            "setting": "monolingual" if query == passage else "cross-lingual",
            "query_language": query,
            "passage_language": passage,
        }
        for query in codes
        for passage in codes
    ]
    return [*rows, {**rows[0], "query_language": "macro", "passage_language": "macro"}]


def test_c6_and_c7_count_map_and_settings():
    evidence = Evidence((), {}, estimates={"xquad-r": estimates(11), "mlqa-r": estimates(7)})
    assert verdict("C6", evidence).verdict == "confirmed"
    found = verdict("C7", evidence)
    assert found.verdict == "confirmed"
    assert found.reasons[1] == "mlqa-r: 42 cross-lingual and 7 monolingual settings"
    fewer = Evidence((), {}, estimates={"xquad-r": estimates(10), "mlqa-r": estimates(7)})
    assert verdict("C7", fewer).verdict == "rejected"


# Hybrid against the others.


@pytest.mark.parametrize(
    ("mono", "cross", "expected"),
    [
        ((0.05, 0.001), (0.01, 0.001), "confirmed"),
        ((0.05, 0.001), (0.004, 0.001), "undecided"),  # above zero, but by less than half a point
        ((0.05, 0.04), (0.01, 0.03), "undecided"),  # each alone is below .05, both together not
        ((0.05, 0.001), (-0.001, 0.6), "undecided"),
        ((0.05, 0.001), (-0.02, 0.001), "rejected"),
    ],
)
def test_c8_wants_hybrid_above_both_baselines(mono, cross, expected):
    evidence = evidence_of(
        difference("x-x-mono", "multilingual", mono[0], p=mono[1]),
        difference("x-y", "multilingual", cross[0], p=cross[1]),
    )
    assert verdict("C8", evidence).verdict == expected


def test_c8_is_open_without_one_of_the_baselines():
    evidence = evidence_of(difference("x-x-mono", "multilingual", 0.05))
    found = verdict("C8", evidence)
    assert found.verdict == "undecided"
    assert "m.hybrid: not compared with every baseline (multilingual)" in found.reasons


def test_c8_says_its_figures_and_follows_the_level():
    evidence = evidence_of(
        difference("x-x-mono", "multilingual", 0.0512, p=0.02, half=0.01),
        difference("x-y", "multilingual", 0.01, p=0.00001, half=0.002),
    )
    found = verdict("C8", evidence)
    assert found.reasons == (
        "xquad-r, multilingual: m.hybrid against m.x-x-mono +0.0512 mAP (+0.0412 to +0.0612), "
        "p = 0.0200 of 2 tests",
        "xquad-r, multilingual: m.hybrid against m.x-y +0.0100 mAP (+0.0080 to +0.0120), "
        "p < 0.0001 of 2 tests",
    )
    assert found.would_test == ""
    assert verdict("C8", evidence, level=0.01).verdict == "undecided"


@pytest.mark.parametrize(
    ("seeds", "good", "bad"),
    [
        (1, "indicated", "contradicted"),
        (2, "indicated", "contradicted"),
        (3, "confirmed", "rejected"),
    ],
)
def test_few_seeds_decide_nothing(seeds, good, bad):
    rows = [difference(o, "multilingual", 0.05, seeds=seeds) for o in ("x-x-mono", "x-y")]
    found = verdict("C8", evidence_of(*rows))
    assert (found.verdict, found.seeds) == (good, seeds)
    assert found.would_test == ("" if seeds > 2 else "3 seeds or more")
    worse = [{**row, "difference": -0.05, "low": -0.06, "high": -0.04} for row in rows]
    assert verdict("C8", evidence_of(*worse)).verdict == bad
    bias = difference("x-x-mono", "multilingual", 50.0, metric="rank_distance", seeds=seeds)
    assert verdict("C10", evidence_of(bias, estimates={"xquad-r": [BEFORE]})).verdict == bad


def test_an_undecided_verdict_names_the_difference_that_the_test_finds():
    rows = [difference(o, "multilingual", 0.001, p=0.6, half=0.0196) for o in ("x-x-mono", "x-y")]
    found = verdict("C8", evidence_of(*rows))
    # (1.960 + 0.842) standard errors of .01, beyond the smallest effect of .005
    assert found.reasons[0].endswith("; found with 80% power: 0.0330")


def test_a_benchmark_on_which_nothing_was_compared_does_not_count():
    evidence = evidence_of(
        difference("x-x-mono", "multilingual", 0.05), difference("x-y", "multilingual", 0.01)
    )
    more = replace(evidence, comparisons={**evidence.comparisons, "mlqa-r": ()})
    assert verdict("C8", more).verdict == "confirmed"


def test_c9_needs_both_models_in_every_setting():
    rows = [
        difference(other, kind, 0.01, model=model)
        for model in ("xlm-roberta-base", "LaBSE@0123")
        for other in ("x-x-mono", "x-y")
        for kind in KINDS
    ]
    names = ("xlm-roberta-base", "LaBSE@0123")
    assert verdict("C9", evidence_of(*rows, models=names)).verdict == "confirmed"
    worse = [*rows[:-1], {**rows[-1], "difference": -0.01}]
    assert verdict("C9", evidence_of(*worse, models=names)).verdict == "rejected"
    alone = verdict("C9", evidence_of(*rows, models=names[:1]))
    assert alone.verdict == "undecided"
    assert "LaBSE: not run; the models are xlm-roberta-base" in alone.reasons
    assert verdict("C9", evidence_of(models=("embedded",))).verdict == "not tested"


@pytest.mark.parametrize(
    ("change", "p", "expected"),
    [
        (-120.0, 0.0001, "confirmed"),  # 28 % of 426
        (-20.0, 0.0001, "rejected"),  # significant, but 5 % are not substantial, at most 5.2 %
        (-46.0, 0.0001, "undecided"),  # 10.8 %, and 9.7 to 11.9 %
        (-120.0, 0.2, "undecided"),
        (50.0, 0.001, "rejected"),
    ],
)
def test_c10_wants_a_substantial_reduction(change, p, expected):
    row = difference("x-x-mono", "multilingual", change, p=p, metric="rank_distance")
    evidence = evidence_of(row, estimates={"xquad-r": [BEFORE]})
    found = verdict("C10", evidence)
    assert found.verdict == expected
    assert "m.x-x-mono (426 ranks" in found.reasons[0]
    assert verdict("C10", evidence, bias_reduction=0.5).verdict != "confirmed"


def training_row(setting: str, group: str, mean: float, gain: float, *, half=0.02) -> dict:
    return {
        "system_a": "m.hybrid", "system_b": "m.untrained", "setting": setting, "metric": "mAP",
        "grouping": "training", "group": group, "mean_a": mean, "low_a": mean - half,
        "high_a": mean + half, "difference": gain, "low": gain - 0.01, "high": gain + 0.01,
        "p": 0.001 if abs(gain) > 0.01 else 0.5, "seeds": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("unseen", "gains", "expected"),
    [
        (0.75, (0.05, 0.05, 0.05), "confirmed"),
        (0.65, (0.05, 0.05, 0.05), "undecided"),  # .63 to .67, where .64 is needed
        (0.75, (0.05, 0.05, 0.00), "undecided"),  # in the pool no better than untrained
        (0.75, (0.05, -0.05, 0.05), "rejected"),  # worse across languages
        (0.40, (0.05, 0.05, 0.05), "rejected"),  # half of the seen languages' mAP is not strong
    ],
)
def test_c11_looks_at_languages_that_were_not_trained_on(unseen, gains, expected):
    rows = [
        training_row("monolingual", "seen-seen", 0.8, 0.05),
        training_row("monolingual", "unseen-unseen", unseen, gains[0]),
        training_row("cross-lingual", "unseen-unseen", unseen, gains[1]),
        training_row("multilingual", "unseen-all", unseen, gains[2]),
    ]
    evidence = Evidence(systems("m"), {}, noninferiority={"xquad-r": rows})
    assert verdict("C11", evidence).verdict == expected
    seen_only = Evidence(systems("m"), {}, noninferiority={"xquad-r": rows[:1]})
    assert verdict("C11", seen_only).verdict == "not tested"
    assert "not trained on" in verdict("C11", seen_only).would_test
    # Unseen languages were evaluated: a benchmark without any does not ask for them again.
    both = Evidence(systems("m"), {}, noninferiority={"xquad-r": rows, "mlqa-r": rows[:1]})
    assert verdict("C11", both).verdict == expected
    assert verdict("C11", both).would_test == ""


def test_c11_is_not_met_by_a_model_that_is_weak_in_seen_languages_too():
    rows = [
        training_row("monolingual", "seen-seen", 0.045, 0.02),
        training_row("monolingual", "unseen-unseen", 0.041, 0.02),
    ]
    evidence = Evidence(systems("m"), {}, noninferiority={"xquad-r": rows})
    assert verdict("C11", evidence).verdict == "rejected"


def test_evidence_names_systems_by_their_labels():
    named = [replace(each, label=f"{each.sampling} of M") for each in systems("m")]
    rows = [difference(other, "multilingual", 0.01) for other in ("x-x-mono", "x-y")]
    evidence = Evidence(named, {}, comparisons={"xquad-r": rows})
    text = " ".join(verdict("C8", evidence).reasons)
    assert "hybrid of M against x-y of M +0.0100 mAP" in text
    assert "m.hybrid" not in text
