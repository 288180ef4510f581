"""The measures: one entry each, with its formula and its texts.

An entry with `@k` in its name is a family: the configuration names its members, such as `R@10`. A
measure is computed only from the ranks of a query's relevant passages and their relevance. Planning
reads the table for every job, so numpy is imported only in functions that compute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.meaning import Meaning
from hybridbatch.common.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """The n relevant passages of g groups, a group being one query in one setting.

    Attributes:
        ranks: (n,) in ascending order within a group, from 1; inf where not ranked.
        gains: (n,) their relevance, at least 1.
        best_gains: (n,) the same, the greatest first within a group.
        positions: (n,) 1, 2, .. within a group.
        starts, sizes: (g,) where each group begins and how many passages it has.
    """

    ranks: Values
    gains: Ints
    best_gains: Ints
    positions: Ints
    starts: Ints
    sizes: Ints

    def total(self, values: Values) -> Values:
        """The sum over the passages of each group, (n,) to (g,)."""
        import numpy as np

        totals: Values = np.add.reduceat(values, self.starts)
        return totals

    def mean(self, values: Values) -> Values:
        """The mean over the relevant passages of each group, (n,) to (g,)."""
        means: Values = self.total(values) / self.sizes
        return means

    @property
    def highest(self) -> Values:
        """The rank of each group's first relevant passage, (g,)."""
        ranks: Values = self.ranks[self.starts]
        return ranks

    @property
    def lowest(self) -> Values:
        """The rank of each group's last relevant passage, (g,)."""
        ranks: Values = self.ranks[self.starts + self.sizes - 1]
        return ranks


@dataclass(frozen=True)
class Family:
    """A measure, or one for each cutoff.

    Attributes:
        name: as in the configuration, with `@k` for a cutoff.
        score: computes its values (g,), NaN if undefined; the second argument is the cutoff or 0.
        meaning: its entry in the report's glossary.
        full_ranks: whether it needs the ranks of all relevant passages, not just the first ones.
        pool_only: whether it compares languages, so that it is defined only in the pool.
        higher_is_better: whether higher values are better.
        in_ranks: whether its values are ranks; else they lie in 0..1.
        label: its name in print; by default its name.
    """

    name: str
    score: Callable[[Judged, int], Values]
    meaning: Meaning
    full_ranks: bool = False
    pool_only: bool = False
    higher_is_better: bool = True
    in_ranks: bool = False
    label: str = ""


@dataclass(frozen=True)
class Measure:
    """A family with its cutoff, 0 if it has none."""

    name: str
    family: Family
    cutoff: int

    @property
    def label(self) -> str:
        """Its name in print."""
        return self.family.label or self.name

    def values(self, judged: Judged) -> Values:
        """Its value for each group, (g,)."""
        return self.family.score(judged, self.cutoff)

    def within(self, cut: int | None) -> bool:
        """Whether rankings of the first `cut` determine it; None means full rankings."""
        return cut is None or (not self.family.full_ranks and self.cutoff <= cut)


def _average_precision(judged: Judged, _: int) -> Values:
    return judged.mean(judged.positions / judged.ranks)


def _recall(judged: Judged, cutoff: int) -> Values:
    import numpy as np

    return judged.mean((judged.ranks <= cutoff).astype(np.float64))


def _precision(judged: Judged, cutoff: int) -> Values:
    import numpy as np

    return judged.total((judged.ranks <= cutoff).astype(np.float64)) / cutoff


def _reciprocal_rank(judged: Judged, cutoff: int) -> Values:
    import numpy as np

    return np.where(judged.highest <= cutoff, 1 / judged.highest, 0.0)


def _ndcg(judged: Judged, cutoff: int) -> Values:
    import numpy as np

    def dcg(gains: Ints, ranks: Values) -> Values:
        return judged.total(np.where(ranks <= cutoff, gains / np.log2(ranks + 1), 0.0))

    best = dcg(judged.best_gains, judged.positions.astype(np.float64))
    return dcg(judged.gains, judged.ranks) / best


def _rank_distance(judged: Judged, _: int) -> Values:
    import numpy as np

    ranked = np.isfinite(judged.lowest)
    distance = np.full(len(ranked), np.nan)
    distance[ranked] = judged.lowest[ranked] - judged.highest[ranked]
    return distance


_TREC = "Voorhees and Harman, TREC, 2005; as trec_eval computes it"
MEASURES = Registry(
    "measure",
    (
        Family(
            name="mAP",
            score=_average_precision,
            full_ranks=True,
            meaning=Meaning(
                "Mean average precision: for each query the mean, over its relevant passages, of "
                "the precision at the rank of each, over the full ranking without a cut; then the "
                "mean over queries.",
                _TREC,
            ),
        ),
        Family(
            name="R@k",
            score=_recall,
            meaning=Meaning(
                "Recall: the share of a query's relevant passages among the first k; with more "
                "than k relevant passages it cannot reach 1.",
                _TREC,
            ),
        ),
        Family(
            name="P@k",
            score=_precision,
            meaning=Meaning(
                "Precision: the share of relevant passages among the first k; with fewer than k "
                "relevant passages it cannot reach 1.",
                _TREC,
            ),
        ),
        Family(
            name="RR@k",
            score=_reciprocal_rank,
            meaning=Meaning(
                "Reciprocal rank: 1 / the rank of the first relevant passage, 0 if it is not among "
                "the first k.",
                _TREC,
            ),
        ),
        Family(
            name="nDCG@k",
            score=_ndcg,
            meaning=Meaning(
                "Normalised discounted cumulative gain: relevant passages among the first k count "
                "relevance / log2(rank + 1), divided by the largest sum possible.",
                "Järvelin and Kekäläinen, 2002",
                "https://doi.org/10.1145/582415.582418",
            ),
        ),
        Family(
            name="rank_distance",
            score=_rank_distance,
            full_ranks=True,
            pool_only=True,
            higher_is_better=False,
            in_ranks=True,
            label="rank distance",
            meaning=Meaning(
                "Language bias: in the multilingual pool, the rank of a query's lowest relevant "
                "passage minus the rank of its highest, from full ranks; the mean over queries, "
                "then over query languages.",
                "Elmahdy, Lin and Ahmad, 2024",
                "https://arxiv.org/abs/2408.10536",
            ),
        ),
    ),
)
_CUTOFF = re.compile(r"(.+)@([1-9][0-9]{0,8})")


def find(name: str) -> Measure | None:
    """The measure of that name; None if the table does not have it."""
    if (cut := _CUTOFF.fullmatch(name)) and f"{cut[1]}@k" in MEASURES:
        return Measure(name, MEASURES[f"{cut[1]}@k"], int(cut[2]))
    if name in MEASURES and not name.endswith("@k"):
        return Measure(name, MEASURES[name], 0)
    return None


def named(names: Sequence[str]) -> tuple[Measure, ...]:
    """The measures of these names.

    Raises:
        HybridBatchError: the table lacks one, or a family has no cutoff.
    """
    found = []
    for name in names:
        measure = find(name)
        if measure is None:
            known = ", ".join(MEASURES.names)
            raise HybridBatchError(
                f"measure {name!r} is not one of {known}, with a whole number for k"
            )
        found.append(measure)
    return tuple(found)


def family_name(name: str) -> str:
    """The name of a measure's entry: `R@k` for `R@10`."""
    measure = find(name)
    return name if measure is None else measure.family.name


def higher_is_better(name: str) -> bool:
    """Whether higher values are better; True if `name` is not a measure."""
    measure = find(name)
    return measure is None or measure.family.higher_is_better


def in_ranks(name: str) -> bool:
    """Whether the values are ranks; False if `name` is not a measure."""
    measure = find(name)
    return measure is not None and measure.family.in_ranks
