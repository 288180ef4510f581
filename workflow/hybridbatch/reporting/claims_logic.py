"""The verdicts on the claims of the literature, from what was measured.

These are rules on rows of the statistics tables and on counts. They read no files and compute no
statistics, so each verdict can be tested with made-up figures. With several benchmarks, a claim is
rejected if it is rejected on one of them, confirmed if it is confirmed on all, else undecided.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hybridbatch.common.vocabulary import (
    CROSS_LINGUAL,
    MACRO,
    MONOLINGUAL,
    MULTILINGUAL,
    SETTINGS,
)
from hybridbatch.reporting.claims_evidence import (
    CONFIRMED,
    NOT_TESTED,
    REJECTED,
    UNDECIDED,
    Evidence,
    Row,
    Thresholds,
    Verdict,
)

BASELINES = ("x-x-mono", "x-y")
PAPER_BENCHMARKS = ("xquad-r", "mlqa-r", "miracl")
PAPER_LANGUAGES = {"xquad-r": 11, "mlqa-r": 7}

# A finding is a verdict on a part of a claim, and its reason.
Finding = tuple[str, str]


def judge(evidence: Evidence, thresholds: Thresholds) -> tuple[Verdict, ...]:
    """Every claim in order."""
    return tuple(_combine(claim, claim.rule(evidence, thresholds)) for claim in _CLAIMS)


def _combine(claim: "Claim", findings: Iterable[Finding]) -> Verdict:
    found = list(findings)
    kinds = [kind for kind, _ in found]
    if REJECTED in kinds:
        verdict = REJECTED
    elif all(kind == CONFIRMED for kind in kinds) and kinds:
        verdict = CONFIRMED
    elif all(kind == NOT_TESTED for kind in kinds):
        verdict = NOT_TESTED
    else:
        verdict = UNDECIDED
    # A claim that was tested in full and stays undecided names no further test.
    open_ = verdict in (UNDECIDED, NOT_TESTED) and (not kinds or NOT_TESTED in kinds)
    reasons = tuple(dict.fromkeys(text for _, text in found))  # two findings may have the same text
    would_test = claim.would_test if open_ else ""
    return Verdict(claim.id, claim.text, verdict, reasons, claim.section, would_test)


def _method(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    hybrids = [system for system in evidence.systems if system.sampling == "hybrid"]
    if not hybrids:
        yield NOT_TESTED, "no hybrid run"
    for system in hybrids:
        if system.id in evidence.batches and system.alpha is not None:
            mono, cross = evidence.batches[system.id]
            drawn, alpha = mono + cross, system.alpha
            deviation = math.sqrt(drawn * alpha * (1 - alpha))
            near = abs(mono - drawn * alpha) <= thresholds.batch_deviations * deviation
            text = (
                f"{evidence.label(system.id)}: {mono} monolingual and {cross} cross-lingual "
                f"batches, alpha {alpha:g}"
            )
            yield (CONFIRMED if near and mono and cross else REJECTED), text
    if evidence.source_exponent != 1:
        yield REJECTED, f"sources are drawn by size to the power of {evidence.source_exponent:g}"
    elif evidence.sources > 1:
        yield CONFIRMED, f"{evidence.sources} sources, drawn in proportion to their sizes"
    else:
        yield NOT_TESTED, "one training source: there was no choice between sources"


def _benchmarks(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for name in PAPER_BENCHMARKS:
        ran = name in evidence.benchmarks
        yield (CONFIRMED if ran else NOT_TESTED), f"{name}: {'run' if ran else 'not run'}"


def _parallel(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for name, expected in PAPER_LANGUAGES.items():
        found = evidence.benchmarks.get(name)
        if found is None:
            yield NOT_TESTED, f"{name}: not run"
            continue
        text = (
            f"{name}: {found.languages} languages (claimed {expected}), {found.complete:,} of "
            f"{found.items:,} questions asked in all of them"
        )
        holds = found.languages == expected and found.complete > 0
        yield (CONFIRMED if holds else REJECTED), text


def _separate(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    if not evidence.exact_matches:
        yield NOT_TESTED, "no trained run was evaluated"
        return
    for name, count in evidence.exact_matches.items():
        yield (REJECTED if count else CONFIRMED), f"{name}: {count:,} exact matches with training"
    if evidence.near_matches is None:
        yield NOT_TESTED, "near matches: not tested"
    for name, count in (evidence.near_matches or {}).items():
        yield (REJECTED if count else CONFIRMED), f"{name}: {count:,} near matches with training"


def _unseen_samples(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    yield from _separate(evidence, thresholds)
    yield NOT_TESTED, "the earlier training data of the base model: not known"


def _map_reported(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for name in PAPER_LANGUAGES:
        rows = [row for row in evidence.estimates.get(name, ()) if row["metric"] == "mAP"]
        yield (CONFIRMED if rows else NOT_TESTED), f"{name}: {len(rows):,} estimates of mAP"


def _setting_counts(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for name, languages in PAPER_LANGUAGES.items():
        rows = [
            row
            for row in evidence.estimates.get(name, ())
            if row["metric"] == "mAP" and row["query_language"] != MACRO
        ]
        pairs = {(row["setting"], row["query_language"], row["passage_language"]) for row in rows}
        counts = [sum(kind == pair[0] for pair in pairs) for kind in (MONOLINGUAL, CROSS_LINGUAL)]
        expected = [languages, languages * (languages - 1)]
        verdict = CONFIRMED if counts == expected else REJECTED if rows else NOT_TESTED
        yield verdict, f"{name}: {counts[1]} cross-lingual and {counts[0]} monolingual settings"


def _best_multilingual(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    yield from _beats(evidence, (MULTILINGUAL,), thresholds, models=evidence.models)


def _with_both_models(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for wanted, marks in (("XLM-R", ("xlm-r", "xlmr")), ("LaBSE", ("labse",))):
        found = [name for name in evidence.models if any(mark in name.lower() for mark in marks)]
        if found:
            yield from _beats(evidence, SETTINGS, thresholds, models=found)
        else:
            yield NOT_TESTED, f"{wanted}: not run; the models are {', '.join(evidence.models)}"


def _less_bias(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for name, hybrid, baseline, row in _compared(
        evidence, ("x-x-mono",), MULTILINGUAL, "rank_distance", models=evidence.models
    ):
        if row is None or baseline is None:
            yield NOT_TESTED, f"{evidence.label(hybrid)}: no rank distance to compare with x-x-mono"
            continue
        before = _mean(evidence.estimates[name], baseline, "rank_distance")
        share = -row["difference"] / before if before else 0.0
        text = (
            f"{name}: {evidence.label(hybrid)} {share:.0%} below {evidence.label(baseline)} "
            f"({before:,.0f} ranks), p {_p(row['p_holm'])}"
        )
        significant = row["p_holm"] <= thresholds.level
        if significant and share >= thresholds.bias_reduction:
            yield CONFIRMED, text
        elif significant and share <= 0:
            yield REJECTED, text
        else:
            yield UNDECIDED, text


def _zero_shot(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    # A benchmark whose languages are all trained on does not count if another one tests the claim.
    found = list(_zero_shot_findings(evidence, thresholds))
    tested = [finding for finding in found if finding[0] != NOT_TESTED]
    return tested or found


def _zero_shot_findings(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for name, rows in evidence.noninferiority.items():
        for hybrid, untrained in _pairs(evidence, "untrained", models=evidence.models):
            groups = {
                row["group"]: row
                for row in rows
                if (row["system_a"], row["system_b"]) == (hybrid, untrained)
                and (row["setting"], row["metric"]) == (MONOLINGUAL, "mAP")
                and row["grouping"] == "training"
            }
            unseen, seen = groups.get("unseen-unseen"), groups.get("seen-seen")
            if unseen is None or seen is None:
                text = (
                    f"{name}: {evidence.label(hybrid)} was not tested in seen and unseen languages"
                )
                yield NOT_TESTED, text
                continue
            share = unseen["mean_a"] / seen["mean_a"] if seen["mean_a"] else 0.0
            text = (
                f"{name}: {evidence.label(hybrid)} has mAP {unseen['mean_a']:.3f} in unseen "
                f"languages, {share:.0%} of its mAP in seen ones, and is {unseen['verdict']} to "
                f"{evidence.label(untrained)} there"
            )
            if unseen["verdict"] == "inferior" or share < thresholds.unseen_share:
                yield REJECTED, text
            elif unseen["verdict"] == "non-inferior":
                yield CONFIRMED, text
            else:
                yield UNDECIDED, text


def _beats(
    evidence: Evidence, kinds: Sequence[str], thresholds: Thresholds, *, models: Sequence[str]
) -> Iterable[Finding]:
    """Whether hybrid's macro mAP is significantly above that of both baselines."""
    for kind in kinds:
        for name, hybrid, baseline, row in _compared(
            evidence, BASELINES, kind, "mAP", models=models
        ):
            if row is None:
                yield (
                    NOT_TESTED,
                    f"{evidence.label(hybrid)}: not compared with every baseline ({kind})",
                )
                continue
            text = (
                f"{name}, {kind}: {evidence.label(hybrid)} {row['difference']:+.4f} mAP against "
                f"{evidence.label(baseline)}, p {_p(row['p_holm'])}"
            )
            if row["p_holm"] > thresholds.level:
                yield UNDECIDED, text
            else:
                yield (CONFIRMED if row["difference"] > 0 else REJECTED), text


def _compared(
    evidence: Evidence, samplings: Sequence[str], kind: str, metric: str, *, models: Sequence[str]
) -> Iterable[tuple[str, str, str | None, Row | None]]:
    """(benchmark, hybrid, baseline, macro row) of every comparison.

    The row is None for a baseline that was not run or is not compared on any benchmark.
    """
    for sampling in samplings:
        for hybrid, baseline in _pairs(evidence, sampling, models=models):
            found = False
            for name, rows in evidence.comparisons.items():
                row = _macro(rows, hybrid, baseline, kind, metric)
                if row is not None:
                    found = True
                    yield name, hybrid, baseline, row
            if not found:
                yield "", hybrid, baseline, None


def _pairs(
    evidence: Evidence, sampling: str, *, models: Sequence[str]
) -> Iterable[tuple[str, str | None]]:
    """The ids of each model's hybrid and of its system of another sampling, None if it has none."""
    for model in models:
        own = [system for system in evidence.systems if system.model == model]
        first = next((system.id for system in own if system.sampling == "hybrid"), None)
        second = next((system.id for system in own if system.sampling == sampling), None)
        if first is not None:
            yield first, second


def _macro(
    rows: Sequence[Row], first: str, second: str | None, kind: str, metric: str
) -> Row | None:
    wanted = (first, second, kind, metric, MACRO)
    keys = ("system_a", "system_b", "setting", "metric", "query_language")
    return next((row for row in rows if tuple(row[key] for key in keys) == wanted), None)


def _mean(rows: Sequence[Row], system: str, metric: str) -> float:
    """The macro average of a system in the multilingual setting."""
    wanted = (system, MULTILINGUAL, metric, MACRO)
    keys = ("system", "setting", "metric", "query_language")
    return float(next(row["mean"] for row in rows if tuple(row[key] for key in keys) == wanted))


def _p(value: float) -> str:
    return f"= {value:.4f}" if value >= 0.00005 else "< 0.0001"


Rule = Callable[[Evidence, Thresholds], Iterable[Finding]]


@dataclass(frozen=True)
class Claim:
    """A claim of the literature and the rule on it.

    would_test: what would test the claim. section: the id of the report's section with the figures.
    """

    id: str
    text: str
    rule: Rule
    would_test: str
    section: str


_CLAIMS = (
    Claim(
        "C1",
        "The approach fine-tunes multilingual language models on a mix of monolingual and "
        "cross-lingual question-answer pair batches, sampled by dataset size.",
        _method,
        "a hybrid run on two or more sources with source_exponent 1",
        "training",
    ),
    Claim(
        "C2",
        "Experiments run on XQuAD-R, MLQA-R and MIRACL.",
        _benchmarks,
        "benchmarks xquad-r, mlqa-r and miracl in one configuration",
        "headline",
    ),
    Claim(
        "C3",
        "XQuAD-R and MLQA-R have parallel questions and passages in 11 and 7 languages.",
        _parallel,
        "benchmarks xquad-r and mlqa-r",
        "data",
    ),
    Claim(
        "C4",
        "The evaluation datasets are completely separate from those used for training.",
        _separate,
        "a search for near matches between training and evaluation texts",
        "data",
    ),
    Claim(
        "C5",
        "The models have seen no sample, of training or test split, of the evaluation datasets.",
        _unseen_samples,
        "a search for near matches, in the base model's own training data too",
        "data",
    ),
    Claim(
        "C6",
        "mAP is reported for XQuAD-R and MLQA-R.",
        _map_reported,
        "benchmarks xquad-r and mlqa-r",
        "headline",
    ),
    Claim(
        "C7",
        "XQuAD-R (MLQA-R) gives 110 (42) cross-lingual and 11 (7) monolingual retrieval settings.",
        _setting_counts,
        "benchmarks xquad-r and mlqa-r",
        "pairs",
    ),
    Claim(
        "C8",
        "Hybrid batch sampling is best in multilingual retrieval.",
        _best_multilingual,
        "samplings hybrid, x-x-mono and x-y with several seeds",
        "headline",
    ),
    Claim(
        "C9",
        "Hybrid beats both baseline batch samplings with XLM-R and with LaBSE as the initial "
        "model.",
        _with_both_models,
        "the three samplings from XLM-R and from LaBSE",
        "headline",
    ),
    Claim(
        "C10",
        "Hybrid training substantially reduces language bias in multilingual retrieval, compared "
        "with monolingual training.",
        _less_bias,
        "samplings hybrid and x-x-mono on a benchmark with parallel passages",
        "bias",
    ),
    Claim(
        "C11",
        "The approach gives strong zero-shot retrieval across diverse languages, unseen ones "
        "included.",
        _zero_shot,
        "a benchmark with languages that are not trained on",
        "languages",
    ),
)
