"""Estimates of systems and differences between them, as the rows of the statistics tables.

A system's value is the mean over its training seeds. Differences are paired: the same queries and
items, and the same seeds; an untrained model has no seed and is paired with each seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import MACRO
from hybridbatch.evaluation import averages as av
from hybridbatch.evaluation import resampling
from hybridbatch.evaluation.averages import Average
from hybridbatch.evaluation.observations import Floats, Observations

NON_INFERIOR, INFERIOR, UNDECIDED = "non-inferior", "inferior", "undecided"


@dataclass(frozen=True)
class Design:
    """How values are resampled and tested.

    Attributes:
        resamples: number of samples of the bootstrap and of the randomisation.
        seed: of their random numbers.
        confidence: of intervals; one-sided tests have the level (1 - confidence) / 2.
        margin: a loss below this counts as not worse, in the metric's own unit.
    """

    resamples: int
    seed: int
    confidence: float
    margin: float


@dataclass(frozen=True)
class Resampled:
    """One metric, resampled.

    Attributes:
        observations: the values.
        systems: the systems, in the order of the first axes below.
        means: (systems, cells)
        by_seed: for each system (seeds, cells).
        samples: (systems, cells, resamples)
    """

    observations: Observations
    systems: tuple[System, ...]
    means: Floats
    by_seed: tuple[Floats, ...]
    samples: Floats


@dataclass(frozen=True)
class Tested:
    """Differences a - b of one pair of systems in n averages.

    Attributes:
        averages: what is compared.
        difference: (n,)
        sd: (n,) over the seeds, None for a single one.
        samples: (n, resamples), the seeds' uncertainty included.
        p: (n,) of the randomisation test.
        seeds: how many.
        sizes: (queries, items) behind each average.
    """

    averages: tuple[Average, ...]
    difference: Floats
    sd: Floats | None
    samples: Floats
    p: Floats
    seeds: int
    sizes: list[tuple[int, int]]

    def rows(self, design: Design) -> list[dict[str, Any]]:
        """The columns that all tables of differences share."""
        low, high = resampling.interval(self.samples, confidence=design.confidence)
        corrected = holm_by_family(self.p, self.averages)
        return [
            {
                "setting": average.setting,
                "difference": float(self.difference[i]),
                **_bounds(low[i], high[i], items=self.sizes[i][1]),
                "p": float(self.p[i]),
                "p_holm": float(corrected[i]),
                "seeds": self.seeds,
                "queries": self.sizes[i][0],
                "items": self.sizes[i][1],
            }
            for i, average in enumerate(self.averages)
        ]


def resample(observations: Observations, systems: Sequence[System], design: Design) -> Resampled:
    """Average each system over its seeds, and bootstrap it over the items."""
    positions = [list(system.positions) for system in systems]
    sums = np.stack([observations.sums[part].mean(axis=0) for part in positions])
    counts = observations.counts
    return Resampled(
        observations=observations,
        systems=tuple(systems),
        means=resampling.means(sums, counts),
        by_seed=tuple(resampling.means(observations.sums[part], counts) for part in positions),
        samples=resampling.bootstrap_means(
            sums, counts, resamples=design.resamples, seed=design.seed
        ),
    )


def pairs(systems: Sequence[System]) -> list[tuple[int, int]]:
    """Which systems are compared, as positions (a, b) for a minus b.

    Systems of the same model and recipe are compared, and the untrained model with all systems of
    its model. Two hybrids are not compared: they differ only in alpha. a is the hybrid, or else the
    later system.

    Raises:
        HybridBatchError: two compared systems were trained with different seeds.
    """
    found = []
    for later, system in enumerate(systems):
        for earlier, other in enumerate(systems[:later]):
            if _comparable(system, other):
                pair = (earlier, later) if other.hybrid else (later, earlier)
                _check_seeds(systems[pair[0]], systems[pair[1]])
                found.append(pair)
    return found


def estimate_rows(resampled: Resampled, design: Design) -> list[dict[str, Any]]:
    """Rows of the schema ESTIMATES for one metric."""
    observations = resampled.observations
    wanted = av.settings_and_macros(observations.cells)
    weights = av.matrix(wanted, len(observations.cells))
    sizes = av.sizes(wanted, observations.counts)
    rows = []
    for position, system in enumerate(resampled.systems):
        means = resampled.means[position] @ weights
        by_seed = resampled.by_seed[position] @ weights
        samples, sd = _with_seeds(weights.T @ resampled.samples[position], by_seed, design)
        low, high = resampling.interval(samples, confidence=design.confidence)
        run = system.first
        shared = {name: getattr(run, name) for name in ("model", "recipe", "sampling", "alpha")}
        rows += [
            {
                "system": system.id,
                **shared,
                "setting": average.setting,
                "query_language": average.name[0],
                "passage_language": average.name[1],
                "metric": observations.metric,
                "mean": float(means[i]),
                "sd": None if sd is None else float(sd[i]),
                **_bounds(low[i], high[i], items=sizes[i][1]),
                "seeds": len(by_seed),
                "queries": sizes[i][0],
                "items": sizes[i][1],
            }
            for i, average in enumerate(wanted)
        ]
    return rows


def comparison_rows(resampled: Resampled, design: Design) -> list[dict[str, Any]]:
    """Rows of the schema COMPARISONS for one metric.

    The macro averages of all settings and all pairs of systems are one family.
    """
    wanted = av.settings_and_macros(resampled.observations.cells)
    rows = []
    for pair in pairs(resampled.systems):
        tested = compare(resampled, pair, wanted, design)
        names = _names(resampled, pair)
        versus = f"{names['system_a']} - {names['system_b']}"
        for i, (row, average) in enumerate(zip(tested.rows(design), wanted, strict=True)):
            rows.append(
                {
                    **names,
                    "family": f"{names['metric']}, {average.family}"
                    + ("" if average.family == av.MACROS else f", {versus}"),
                    "query_language": average.name[0],
                    "passage_language": average.name[1],
                    "sd": None if tested.sd is None else float(tested.sd[i]),
                    **row,
                }
            )
    macros = [row for row in rows if row["query_language"] == MACRO]
    corrected = resampling.holm(np.array([row["p"] for row in macros]))
    for row, p in zip(macros, corrected, strict=True):
        row["p_holm"] = float(p)
    return rows


def noninferiority_rows(
    resampled: Resampled, design: Design, *, high_resource: frozenset[str]
) -> list[dict[str, Any]]:
    """Rows of the schema NONINFERIORITY for one metric: each hybrid against the others.

    Non-inferior rejects "worse by the margin or more", inferior rejects "worse by at most the
    margin". Each uses its one-sided, Holm-corrected bootstrap p-value at the level
    (1 - confidence) / 2. `high_resource` are the languages of the level high; all others are low.
    """
    cells = resampled.observations.cells
    rows = []
    for pair in pairs(resampled.systems):
        system = resampled.systems[pair[0]]
        if not system.hybrid:
            continue
        wanted = av.groups(cells, high=high_resource, seen=system.training_languages)
        weights = av.matrix(wanted, len(cells))
        means = resampled.means[list(pair)] @ weights
        own, _ = _with_seeds(
            weights.T @ resampled.samples[pair[0]], resampled.by_seed[pair[0]] @ weights, design
        )
        low, high = resampling.interval(own, confidence=design.confidence)
        tested = compare(resampled, pair, wanted, design)
        for i, (row, verdict) in enumerate(
            zip(tested.rows(design), _verdicts(tested, design), strict=True)
        ):
            rows.append(
                {
                    **_names(resampled, pair),
                    "grouping": wanted[i].name[0],
                    "group": wanted[i].name[1],
                    "averaged": len(wanted[i].members),
                    "mean_a": float(means[0, i]),
                    "mean_b": float(means[1, i]),
                    **_bounds(low[i], high[i], items=row["items"], suffix="_a"),
                    "margin": design.margin,
                    **row,
                    **verdict,
                }
            )
    return rows


def compare(
    resampled: Resampled, pair: tuple[int, int], wanted: tuple[Average, ...], design: Design
) -> Tested:
    """Compare the systems at positions `pair` in the averages `wanted`."""
    observations = resampled.observations
    first, second = (list(resampled.systems[i].positions) for i in pair)
    weights = av.matrix(wanted, len(observations.cells))
    by_seed = (resampled.by_seed[pair[0]] - resampled.by_seed[pair[1]]) @ weights
    samples, sd = _with_seeds(
        weights.T @ (resampled.samples[pair[0]] - resampled.samples[pair[1]]), by_seed, design
    )
    sums = observations.sums[first].mean(axis=0) - observations.sums[second].mean(axis=0)
    p = resampling.randomisation_p(
        (sums / observations.counts.sum(axis=0)) @ weights,
        resamples=design.resamples,
        seed=design.seed,
        seed_errors=None if sd is None else sd / np.sqrt(len(by_seed)),
        seed_draws=_seed_draws(len(by_seed), design),
    )
    return Tested(
        averages=wanted,
        difference=by_seed.mean(axis=0),
        sd=sd,
        samples=samples,
        p=p,
        seeds=len(by_seed),
        sizes=av.sizes(wanted, observations.counts),
    )


def holm_by_family(p: Floats, averages: Sequence[Average]) -> Floats:
    """Holm's correction (n,) of p (n,) within each family of averages."""
    corrected = np.empty(len(p))
    for family in {average.family for average in averages}:
        members = [i for i, average in enumerate(averages) if average.family == family]
        corrected[members] = resampling.holm(p[members])
    return corrected


def _verdicts(tested: Tested, design: Design) -> list[dict[str, Any]]:
    level = (1 - design.confidence) / 2 + 1e-12  # (1 - 0.9) / 2 is 0.04999... in binary
    above = resampling.p_above(tested.samples, -design.margin)
    below = resampling.p_below(tested.samples, -design.margin)
    above_holm = holm_by_family(above, tested.averages)
    below_holm = holm_by_family(below, tested.averages)
    verdicts = np.where(
        above_holm <= level, NON_INFERIOR, np.where(below_holm <= level, INFERIOR, UNDECIDED)
    )
    return [
        {
            "p_noninferior": float(above[i]),
            "p_noninferior_holm": float(above_holm[i]),
            "p_inferior": float(below[i]),
            "p_inferior_holm": float(below_holm[i]),
            "verdict": str(verdicts[i]),
        }
        for i in range(len(above))
    ]


def _with_seeds(samples: Floats, by_seed: Floats, design: Design) -> tuple[Floats, Floats | None]:
    """Samples (n, resamples) with the uncertainty of the seeds, and the sd (n,) over the seeds."""
    draws = _seed_draws(len(by_seed), design)
    if draws is None:
        return samples, None
    sd = by_seed.std(axis=0, ddof=1)
    return samples + np.outer(sd / np.sqrt(len(by_seed)), draws), sd


def _seed_draws(seeds: int, design: Design) -> Floats | None:
    return resampling.t_draws(seeds, resamples=design.resamples, seed=design.seed)


def _bounds(low: float, high: float, *, items: int, suffix: str = "") -> dict[str, float | None]:
    # Resampling a single item gives no interval.
    ends = (None, None) if items < 2 else (float(low), float(high))
    return {f"low{suffix}": ends[0], f"high{suffix}": ends[1]}


def _names(resampled: Resampled, pair: tuple[int, int]) -> dict[str, str]:
    return {
        "system_a": resampled.systems[pair[0]].id,
        "system_b": resampled.systems[pair[1]].id,
        "metric": resampled.observations.metric,
    }


def _comparable(a: System, b: System) -> bool:
    recipes = {a.first.recipe, b.first.recipe} - {None}
    return a.first.model == b.first.model and len(recipes) < 2 and not (a.hybrid and b.hybrid)


def _check_seeds(a: System, b: System) -> None:
    if a.seeds != b.seeds and (None,) not in (a.seeds, b.seeds):
        listed = [", ".join(map(str, system.seeds)) for system in (a, b)]
        raise HybridBatchError(
            f"runs: {a.id} has the seeds {listed[0]} and {b.id} {listed[1]}; "
            "compare systems trained with the same seeds"
        )
