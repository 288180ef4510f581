"""What claims are judged by, what counts as evidence, and what a verdict says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hybridbatch.common.runs import System

CONFIRMED, REJECTED = "confirmed", "rejected"
UNDECIDED, NOT_TESTED = "undecided", "not tested"
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What counts as evidence.

    Attributes:
        level: corrected p-values up to it are significant.
        bias_reduction: the share of the rank distance whose loss is "substantial".
        unseen_share: the share of the seen languages' mAP that is "strong" in unseen ones.
        batch_deviations: how many standard deviations the number of monolingual batches may lie
            from what alpha makes one expect.
    """

    level: float
    bias_reduction: float
    unseen_share: float
    batch_deviations: float


@dataclass(frozen=True)
class Parallel:
    """How parallel a benchmark is: its languages, its items and those asked in all languages."""

    languages: int
    items: int
    complete: int


@dataclass(frozen=True)
class Evidence:
    """What a run measured. Benchmarks are keyed by name, systems by id.

    Attributes:
        systems: every system, the hybrid that stands for all alphas first among hybrids.
        benchmarks: what was evaluated.
        batches: for each hybrid the batches drawn as (monolingual, cross-lingual).
        sources: the number of training sources.
        source_exponent: the power of a source's size to which it is drawn.
        exact_matches: training questions, passages or items found in a benchmark.
        near_matches: the same for near matches; None where they were not looked for.
        estimates, comparisons, noninferiority: rows of the statistics tables.
    """

    systems: Sequence[System]
    benchmarks: Mapping[str, Parallel]
    batches: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sources: int = 0
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
        """What a reader is shown for a system."""
        found = (system.label for system in self.systems if system.id == id)
        return next(found, id or "")


@dataclass(frozen=True)
class Verdict:
    """One claim judged: the reasons with their figures, and what would test an untested one."""

    id: str
    claim: str
    verdict: str
    reasons: tuple[str, ...]
    would_test: str = ""
