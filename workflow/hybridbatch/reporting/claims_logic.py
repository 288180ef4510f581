"""The verdicts on the claims of the literature, from what was measured.

These are rules on rows of the statistics tables and on counts. They read no files and compute no
statistics, so each verdict can be tested with made-up figures. With several benchmarks, a claim is
rejected if it is rejected on one of them, confirmed if it is confirmed on all, else undecided.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hybridbatch.common.vocabulary import CROSS_LINGUAL, MACRO, MONOLINGUAL
from hybridbatch.reporting.claims_comparisons import (
    best_multilingual,
    less_bias,
    with_both_models,
    zero_shot,
)
from hybridbatch.reporting.claims_evidence import (
    CONFIRMED,
    CONTRADICTED,
    ENOUGH_SEEDS,
    INDICATED,
    NOT_TESTED,
    REJECTED,
    UNDECIDED,
    Evidence,
    Finding,
    Thresholds,
    Verdict,
)

# Verdicts that rest on trainings, when there are fewer than ENOUGH_SEEDS of them.
_WEAKER = {CONFIRMED: INDICATED, REJECTED: CONTRADICTED}
PAPER_BENCHMARKS = ("xquad-r", "mlqa-r", "miracl")
PAPER_LANGUAGES = {"xquad-r": 11, "mlqa-r": 7}

# The sources of the paper, by their names in the configuration.
PAPER_SOURCES = (
    "wikiqa", "mr-tydi", "duorc", "newsqa", "nq", "nfl6", "entityquestions", "mfaq", "mmarco",
)  # fmt: skip


def judge(evidence: Evidence, thresholds: Thresholds) -> tuple[Verdict, ...]:
    """Every claim in order."""
    return tuple(_combine(claim, claim.rule(evidence, thresholds)) for claim in _CLAIMS)


def _combine(claim: "Claim", findings: Iterable[Finding]) -> Verdict:
    found = list(findings)
    kinds = [finding.kind for finding in found]
    if REJECTED in kinds:
        verdict = REJECTED
    elif all(kind == CONFIRMED for kind in kinds) and kinds:
        verdict = CONFIRMED
    elif all(kind == NOT_TESTED for kind in kinds):
        verdict = NOT_TESTED
    else:
        verdict = UNDECIDED
    seeds = min((finding.seeds for finding in found if finding.seeds is not None), default=None)
    few = seeds is not None and seeds < ENOUGH_SEEDS and verdict in _WEAKER
    # A claim that was tested in full and stays undecided names no further test.
    open_ = verdict in (UNDECIDED, NOT_TESTED) and (not kinds or NOT_TESTED in kinds)
    reasons = tuple(dict.fromkeys(finding.text for finding in found))  # two may be equal
    would_test = f"{ENOUGH_SEEDS} seeds or more" if few else claim.would_test if open_ else ""
    return Verdict(
        claim.id,
        claim.text,
        _WEAKER[verdict] if few else verdict,
        reasons,
        claim.section,
        would_test,
        seeds,
    )


def _method(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    hybrids = [system for system in evidence.systems if system.sampling == "hybrid"]
    if not hybrids:
        yield Finding(NOT_TESTED, "no hybrid run")
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
            yield Finding(CONFIRMED if near and mono and cross else REJECTED, text)
    if evidence.source_exponent != 1:
        yield Finding(
            REJECTED, f"sources are drawn by size to the power of {evidence.source_exponent:g}"
        )
    elif len(evidence.sources) > 1:
        count = len(evidence.sources)
        yield Finding(CONFIRMED, f"{count} sources, drawn in proportion to their sizes")
    else:
        yield Finding(NOT_TESTED, "one training source: there was no choice between sources")


def _benchmarks(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for name in PAPER_BENCHMARKS:
        ran = name in evidence.benchmarks
        yield Finding((CONFIRMED if ran else NOT_TESTED), f"{name}: {'run' if ran else 'not run'}")


def _parallel(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for name, expected in PAPER_LANGUAGES.items():
        found = evidence.benchmarks.get(name)
        if found is None:
            yield Finding(NOT_TESTED, f"{name}: not run")
            continue
        spread = ", ".join(
            f"{items:,} in {languages}" for languages, items in sorted(found.items.items())[::-1]
        )
        text = (
            f"{name}: {found.languages} languages (claimed {expected}); questions by the number of "
            f"languages that ask them: {spread}"
        )
        yield Finding(CONFIRMED if found.languages == expected else REJECTED, text)


def _separate(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    """The claim is about the paper's sources and benchmarks; of others it is only told."""
    if not evidence.exact_matches:
        yield Finding(NOT_TESTED, "no trained run was evaluated")
        return
    papers = [name for name in evidence.sources if name in PAPER_SOURCES]
    others = [name for name in evidence.sources if name not in PAPER_SOURCES]
    if others:
        text = f"not the paper's sources: {', '.join(others)}; the matches below are with them"
        yield Finding(NOT_TESTED, text)
    if evidence.near_matches is None:
        yield Finding(NOT_TESTED, "near matches: not searched for")
    for kind, counts in (("exact", evidence.exact_matches), ("near", evidence.near_matches or {})):
        for name, count in counts.items():
            judged = papers and not others and name in PAPER_BENCHMARKS
            verdict = REJECTED if count else CONFIRMED
            note = "" if name in PAPER_BENCHMARKS else ", not a benchmark of the paper"
            text = f"{name}: {count:,} {kind} matches with training{note}"
            yield Finding(verdict if judged else NOT_TESTED, text)


def _unseen_samples(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    yield from _separate(evidence, thresholds)
    yield Finding(NOT_TESTED, "the earlier training data of the base model: not known")


def _map_reported(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    for name in PAPER_LANGUAGES:
        rows = [row for row in evidence.estimates.get(name, ()) if row["metric"] == "mAP"]
        yield Finding(
            (CONFIRMED if rows else NOT_TESTED), f"{name}: {len(rows):,} estimates of mAP"
        )


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
        yield Finding(
            verdict, f"{name}: {counts[1]} cross-lingual and {counts[0]} monolingual settings"
        )


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
        "training on the paper's sources, and a search for near matches",
        "data",
    ),
    Claim(
        "C5",
        "The models have seen no sample, of training or test split, of the evaluation datasets.",
        _unseen_samples,
        "training on the paper's sources, and the base model's own training data",
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
        best_multilingual,
        "samplings hybrid, x-x-mono and x-y",
        "headline",
    ),
    Claim(
        "C9",
        "Hybrid beats both baseline batch samplings with XLM-R and with LaBSE as the initial "
        "model.",
        with_both_models,
        "the three samplings from XLM-R and from LaBSE",
        "headline",
    ),
    Claim(
        "C10",
        "Hybrid training substantially reduces language bias in multilingual retrieval, compared "
        "with monolingual training.",
        less_bias,
        "samplings hybrid and x-x-mono on a benchmark with parallel passages",
        "bias",
    ),
    Claim(
        "C11",
        "The approach gives strong zero-shot retrieval across diverse languages, unseen ones "
        "included.",
        zero_shot,
        "a benchmark with languages that are not trained on",
        "languages",
    ),
)
