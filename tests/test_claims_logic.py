"""Each claim's verdict on made-up figures."""

from dataclasses import replace

import pytest

from hybridbatch.common.runs import Run, System
from hybridbatch.planning.config import defaults
from hybridbatch.reporting.claims_evidence import Evidence, Parallel, Thresholds
from hybridbatch.reporting.claims_logic import judge

DEFAULTS = {"level": 0.05, **defaults()["claims"]}
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


def difference(other: str, kind: str, value: float, *, p=0.001, metric="mAP", model="m") -> dict:
    return {
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
        sources=sources,
        source_exponent=exponent,
    )
    assert verdict("C1", evidence).verdict == expected


def test_c2_wants_all_three_benchmarks():
    names = ("xquad-r", "mlqa-r", "miracl")
    evidence = Evidence((), {name: Parallel(7, 10, 10) for name in names})
    assert verdict("C2", evidence).verdict == "confirmed"
    fewer = verdict("C2", Evidence((), {"xquad-r": Parallel(11, 10, 10)}))
    assert fewer.verdict == "undecided"
    assert "miracl: not run" in fewer.reasons
    assert "miracl" in fewer.would_test


def test_c3_counts_languages():
    both = {"xquad-r": Parallel(11, 1190, 1190), "mlqa-r": Parallel(7, 1148, 161)}
    assert verdict("C3", Evidence((), both)).verdict == "confirmed"
    fewer = {**both, "mlqa-r": Parallel(6, 1148, 161)}
    found = verdict("C3", Evidence((), fewer))
    assert found.verdict == "rejected"
    assert found.reasons[1] == (
        "mlqa-r: 6 languages (claimed 7), 161 of 1,148 questions asked in all of them"
    )


@pytest.mark.parametrize("claim", ["C4", "C5"])
def test_c4_and_c5_are_rejected_by_a_match_and_open_without_near_matches(claim):
    clean = Evidence((), {}, exact_matches={"xquad-r": 0})
    found = verdict(claim, clean)
    assert found.verdict == "undecided"
    assert "near matches: not tested" in found.reasons
    assert verdict(claim, replace(clean, exact_matches={"xquad-r": 3})).verdict == "rejected"
    assert verdict(claim, replace(clean, near_matches={"xquad-r": 1})).verdict == "rejected"


def test_c4_is_confirmed_once_near_matches_were_looked_for_and_c5_never():
    evidence = Evidence((), {}, exact_matches={"xquad-r": 0}, near_matches={"xquad-r": 0})
    assert verdict("C4", evidence).verdict == "confirmed"
    assert verdict("C5", evidence).verdict == "undecided"  # nobody knows the base model's data


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
        difference("x-x-mono", "multilingual", 0.0512, p=0.02),
        difference("x-y", "multilingual", 0.01, p=0.00001),
    )
    found = verdict("C8", evidence)
    assert found.reasons == (
        "xquad-r, multilingual: m.hybrid +0.0512 mAP against m.x-x-mono, p = 0.0200",
        "xquad-r, multilingual: m.hybrid +0.0100 mAP against m.x-y, p < 0.0001",
    )
    assert found.would_test == ""
    assert verdict("C8", evidence, level=0.01).verdict == "undecided"


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
        (-20.0, 0.0001, "undecided"),  # significant, but 5 % are not substantial
        (-120.0, 0.2, "undecided"),
        (50.0, 0.001, "rejected"),
    ],
)
def test_c10_wants_a_substantial_reduction(change, p, expected):
    row = difference("x-x-mono", "multilingual", change, p=p, metric="rank_distance")
    before = {
        "system": "m.x-x-mono",
        "setting": "multilingual",
        "metric": "rank_distance",
        "query_language": "macro",
        "mean": 426.0,
    }
    evidence = evidence_of(row, estimates={"xquad-r": [before]})
    found = verdict("C10", evidence)
    assert found.verdict == expected
    assert "m.x-x-mono (426 ranks)" in found.reasons[0]
    assert verdict("C10", evidence, bias_reduction=0.5).verdict != "confirmed"


@pytest.mark.parametrize(
    ("unseen", "outcome", "expected"),
    [
        (0.75, "non-inferior", "confirmed"),
        (0.75, "undecided", "undecided"),
        (0.75, "inferior", "rejected"),
        (0.40, "non-inferior", "rejected"),  # half of the seen languages' mAP is not strong
    ],
)
def test_c11_looks_at_languages_that_were_not_trained_on(unseen, outcome, expected):
    shared = {
        "system_a": "m.hybrid",
        "system_b": "m.untrained",
        "setting": "monolingual",
        "metric": "mAP",
        "grouping": "training",
    }
    rows = [
        {**shared, "group": "seen-seen", "mean_a": 0.8, "verdict": "non-inferior"},
        {**shared, "group": "unseen-unseen", "mean_a": unseen, "verdict": outcome},
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


def test_evidence_names_systems_by_their_labels():
    named = [replace(each, label=f"{each.sampling} of M") for each in systems("m")]
    rows = [difference(other, "multilingual", 0.01) for other in ("x-x-mono", "x-y")]
    evidence = Evidence(named, {}, comparisons={"xquad-r": rows})
    text = " ".join(verdict("C8", evidence).reasons)
    assert "hybrid of M +0.0100 mAP against x-y of M" in text
    assert "m.hybrid" not in text
