"""The evidence for claims, the thresholds for judging it, and the verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hybridbatch.common.runs import System

CONFIRMED, REJECTED = "confirmed", "rejected"
UNDECIDED, NOT_TESTED = "undecided", "not tested"
# What a verdict is worth that rests on few trainings.
INDICATED, CONTRADICTED = "indicated", "contradicted"
ENOUGH_SEEDS = 3
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The thresholds for a verdict.

    Attributes:
        level: corrected p-values up to it are significant.
        bias_reduction: the relative reduction of the rank distance that is "substantial".
        smallest_effect: a system is "best" if its mAP is higher by more than this.
        unseen_share: the share of the seen languages' mAP that is "strong" in unseen ones.
        unseen_floor: the mAP that "strong" needs in any case.
        batch_deviations: how many standard deviations the number of monolingual batches may differ
            from the number expected for alpha.
    """

    level: float
    bias_reduction: float
    smallest_effect: float
    unseen_share: float
    unseen_floor: float
    batch_deviations: float


@dataclass(frozen=True)
class Parallel:
    """How parallel a benchmark is: its languages, and its items by how many languages they have."""

    languages: int
    items: Mapping[int, int]


@dataclass(frozen=True)
class Evidence:
    """All measurements. Benchmarks are keyed by name, systems by id.

    Attributes:
        systems: every system; the hybrid that represents all alphas is the first hybrid.
        benchmarks: the evaluated benchmarks.
        batches: for each hybrid, the numbers of (monolingual, cross-lingual) batches.
        sources: the names of the training sources.
        source_exponent: sources are drawn in proportion to their size to this power.
        exact_matches: training questions, passages or items found in a benchmark.
        near_matches: the same for near matches; None if they were not searched for.
        estimates, comparisons, noninferiority: rows of the statistics tables.
    """

    systems: Sequence[System]
    benchmarks: Mapping[str, Parallel]
    batches: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sources: Sequence[str] = ()
    source_exponent: float = 1.0
    exact_matches: Mapping[str, int] = field(default_factory=dict)
    near_matches: Mapping[str, int] | None = None
    estimates: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    comparisons: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    noninferiority: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """The models, in order."""
        return tuple(dict.fromkeys(system.model for system in self.systems))

    def label(self, id: str | None) -> str:
        """The name of a system that the report shows."""
        found = (system.label for system in self.systems if system.id == id)
        return next(found, id or "")


@dataclass(frozen=True)
class Finding:
    """A verdict on a part of a claim and its reason; `seeds` if it rests on trainings."""

    kind: str
    text: str
    seeds: int | None = None


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim, the reasons with figures, and what would test an untested claim.

    section: the id of the report's section with the figures. seeds: the fewest trainings that it
    rests on, if it rests on any.
    """

    id: str
    claim: str
    verdict: str
    reasons: tuple[str, ...]
    section: str
    would_test: str = ""
    seeds: int | None = None
