"""The rules on claims C8 to C11, which compare systems.

All tests that one verdict combines are corrected together by Holm's method. A claim of an effect of
some size is confirmed only if the whole interval is beyond that size. One training of each system
says little about another one: below `ENOUGH_SEEDS` seeds, `claims_logic` weakens the verdict.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from hybridbatch.common.vocabulary import (
    CROSS_LINGUAL,
    MACRO,
    MONOLINGUAL,
    MULTILINGUAL,
    SETTINGS,
)
from hybridbatch.evaluation.resampling import holm
from hybridbatch.reporting.claims_evidence import (
    CONFIRMED,
    NOT_TESTED,
    REJECTED,
    UNDECIDED,
    Evidence,
    Finding,
    Row,
    Thresholds,
)

BASELINES = ("x-x-mono", "x-y")
POWER = 0.8
# The groups of unseen languages by setting, as the table `noninferiority` names them.
UNSEEN = {
    MONOLINGUAL: "unseen-unseen",
    CROSS_LINGUAL: "unseen-unseen",
    MULTILINGUAL: "unseen-all",
}


@dataclass(frozen=True)
class Compared:
    """A hybrid and a baseline in one setting; `row` is None if they were not compared."""

    benchmark: str
    hybrid: str
    baseline: str | None
    kind: str
    row: Row | None


def best_multilingual(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    """C8: hybrid is above both baselines by more than the smallest effect."""
    return _beats(evidence, (MULTILINGUAL,), thresholds, models=evidence.models)


def with_both_models(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    """C9: so it is in every setting, from XLM-R and from LaBSE."""
    found: list[str] = []
    for wanted, marks in (("XLM-R", ("xlm-r", "xlmr")), ("LaBSE", ("labse",))):
        models = [name for name in evidence.models if any(mark in name.lower() for mark in marks)]
        found += models
        if not models:
            text = f"{wanted}: not run; the models are {', '.join(evidence.models)}"
            yield Finding(NOT_TESTED, text)
    if found:
        yield from _beats(evidence, SETTINGS, thresholds, models=found)


def less_bias(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    """C10: the rank distance falls by more than a share of the baseline's."""
    pairs = list(
        _compared(evidence, ("x-x-mono",), (MULTILINGUAL,), "rank_distance", evidence.models)
    )
    tested = [pair for pair in pairs if pair.row is not None and pair.baseline is not None]
    for pair in pairs:
        if pair not in tested:
            text = f"{evidence.label(pair.hybrid)}: no rank distance to compare with x-x-mono"
            yield Finding(NOT_TESTED, text)
    for pair, p in zip(tested, _corrected(tested), strict=True):
        yield _reduction(evidence, pair, p, tests=len(tested), thresholds=thresholds)


def _reduction(
    evidence: Evidence, pair: Compared, p: float, *, tests: int, thresholds: Thresholds
) -> Finding:
    row = pair.row
    assert row is not None and pair.baseline is not None
    before = _mean(evidence.estimates[pair.benchmark], pair.baseline, "rank_distance")
    share, least, most = (
        0.0 if not before or value is None else -value / before
        for value in (row["difference"], row["high"], row["low"])
    )
    text = (
        f"{pair.benchmark}: {evidence.label(pair.hybrid)} {share:.0%} below "
        f"{evidence.label(pair.baseline)} ({before:,.0f} ranks; {least:.0%} to {most:.0%}), "
        f"{_p(p, tests)}"
    )
    wanted = thresholds.bias_reduction
    if p <= thresholds.level and row["difference"] > 0:
        return Finding(REJECTED, text, row["seeds"])
    if row["low"] is not None and most < wanted:
        return Finding(REJECTED, f"{text}; less than {wanted:.0%} for certain", row["seeds"])
    if p <= thresholds.level and row["high"] is not None and least >= wanted:
        return Finding(CONFIRMED, text, row["seeds"])
    detectable = _detectable(row, thresholds)
    if detectable is not None and before:
        text += f"; found with {POWER:.0%} power: a fall of {wanted + detectable / before:.0%}"
    return Finding(UNDECIDED, text, row["seeds"])


def zero_shot(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    """C11: in unseen languages hybrid is above the untrained model, and good in absolute terms."""
    found = list(_zero_shot(evidence, thresholds))
    # A benchmark whose languages are all trained on does not count if another one tests the claim.
    tested = [finding for finding in found if finding.kind != NOT_TESTED]
    return tested or found


def _zero_shot(evidence: Evidence, thresholds: Thresholds) -> Iterable[Finding]:
    superior: list[tuple[str, Row]] = []
    for name, rows in evidence.noninferiority.items():
        for hybrid, untrained in _pairs(evidence, "untrained", evidence.models):
            groups = {
                (row["setting"], row["group"]): row
                for row in rows
                if (row["system_a"], row["system_b"]) == (hybrid, untrained)
                and (row["metric"], row["grouping"]) == ("mAP", "training")
            }
            unseen, seen = (
                groups.get((MONOLINGUAL, group)) for group in ("unseen-unseen", "seen-seen")
            )
            label = evidence.label(hybrid)
            if unseen is None or seen is None:
                text = f"{name}: {label} was not tested in seen and unseen languages"
                yield Finding(NOT_TESTED, text)
                continue
            yield _strong(f"{name}: {label}", unseen, seen, thresholds)
            for setting, group in UNSEEN.items():
                row = groups.get((setting, group))
                if row is not None:
                    against = f"{label} against {evidence.label(untrained)}"
                    superior.append((f"{name}, {setting}, unseen: {against}", row))
    corrected = holm(np.array([row["p"] for _, row in superior]))
    for (text, row), p in zip(superior, corrected.tolist(), strict=True):
        yield _above(text, row, p, tests=len(superior), effect=0.0, thresholds=thresholds)


def _strong(what: str, unseen: Row, seen: Row, thresholds: Thresholds) -> Finding:
    """Whether the mAP in unseen languages is above the floor and near that in seen ones."""
    needed = max(thresholds.unseen_floor, thresholds.unseen_share * seen["mean_a"])
    low, high = unseen["low_a"], unseen["high_a"]
    interval = "" if low is None else f" ({low:.3f} to {high:.3f})"
    text = (
        f"{what} has mAP {unseen['mean_a']:.3f}{interval} in unseen languages, "
        f"{seen['mean_a']:.3f} in seen ones; strong is {needed:.3f}"
    )
    if high is not None and high < needed:
        return Finding(REJECTED, text, unseen["seeds"])
    kind = CONFIRMED if low is not None and low >= needed else UNDECIDED
    return Finding(kind, text, unseen["seeds"])


def _beats(
    evidence: Evidence, kinds: Sequence[str], thresholds: Thresholds, *, models: Sequence[str]
) -> Iterable[Finding]:
    """Whether hybrid's macro mAP is above that of both baselines."""
    pairs = list(_compared(evidence, BASELINES, kinds, "mAP", models))
    tested = [pair for pair in pairs if pair.row is not None]
    corrected = dict(zip(map(id, tested), _corrected(tested), strict=True))
    for pair in pairs:
        if pair.row is None:
            text = f"{evidence.label(pair.hybrid)}: not compared with every baseline ({pair.kind})"
            yield Finding(NOT_TESTED, text)
            continue
        yield _above(
            f"{pair.benchmark}, {pair.kind}: {evidence.label(pair.hybrid)} against "
            f"{evidence.label(pair.baseline)}",
            pair.row,
            corrected[id(pair)],
            tests=len(tested),
            effect=thresholds.smallest_effect,
            thresholds=thresholds,
        )


def _above(
    what: str, row: Row, p: float, *, tests: int, effect: float, thresholds: Thresholds
) -> Finding:
    """Whether a difference in mAP is above `effect` for certain."""
    low, high = row["low"], row["high"]
    interval = "" if low is None else f" ({low:+.4f} to {high:+.4f})"
    text = f"{what} {row['difference']:+.4f} mAP{interval}, {_p(p, tests)}"
    if p <= thresholds.level and row["difference"] < 0:
        return Finding(REJECTED, text, row["seeds"])
    if p <= thresholds.level and low is not None and low > effect:
        return Finding(CONFIRMED, text, row["seeds"])
    detectable = _detectable(row, thresholds)
    if detectable is not None:
        text += f"; found with {POWER:.0%} power: {effect + detectable:.4f}"
    return Finding(UNDECIDED, text, row["seeds"])


def _detectable(row: Row, thresholds: Thresholds) -> float | None:
    """The smallest true difference beyond a bound that such a test finds with probability POWER.

    With a normal estimate of standard error s, (z(1 - level / 2) + z(POWER)) s; the interval, of
    confidence 1 - level, is 2 z(1 - level / 2) s wide.
    """
    if row["low"] is None or row["high"] is None:
        return None
    z, power = NormalDist().inv_cdf(1 - thresholds.level / 2), NormalDist().inv_cdf(POWER)
    half: float = (row["high"] - row["low"]) / 2
    return half * (z + power) / z


def _compared(
    evidence: Evidence,
    samplings: Sequence[str],
    kinds: Sequence[str],
    metric: str,
    models: Sequence[str],
) -> Iterable[Compared]:
    """Every comparison of the macro averages; one without a row if there is none at all."""
    for kind in kinds:
        for sampling in samplings:
            for hybrid, baseline in _pairs(evidence, sampling, models):
                rows = [
                    Compared(name, hybrid, baseline, kind, row)
                    for name, table in evidence.comparisons.items()
                    if (row := _macro(table, hybrid, baseline, kind, metric)) is not None
                ]
                yield from rows or [Compared("", hybrid, baseline, kind, None)]


def _corrected(tested: Sequence[Compared]) -> list[float]:
    """The p-values of the comparisons, corrected together."""
    corrected: list[float] = holm(
        np.array([pair.row["p"] for pair in tested if pair.row is not None])
    ).tolist()
    return corrected


def _pairs(
    evidence: Evidence, sampling: str, models: Sequence[str]
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


def _p(value: float, tests: int) -> str:
    said = f"p = {value:.4f}" if value >= 0.00005 else "p < 0.0001"
    return f"{said} of {tests} tests" if tests > 1 else said
