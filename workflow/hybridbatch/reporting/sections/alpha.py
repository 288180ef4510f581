"""The headline figures over alpha, if hybrid was trained with several."""

from dataclasses import dataclass

from hybridbatch.common.runs import System
from hybridbatch.evaluation import measures
from hybridbatch.reporting import wording
from hybridbatch.reporting.bands import Point, band
from hybridbatch.reporting.document import (
    Block,
    Cell,
    Column,
    Figure,
    Gallery,
    Paragraph,
    Row,
    Section,
    Subsection,
    Table,
    simple_table,
)
from hybridbatch.reporting.sections.answer import HEADLINE
from hybridbatch.reporting.systems import Context
from hybridbatch.training.samplings import SAMPLINGS


@dataclass(frozen=True)
class Sweep:
    """The systems of a model on a benchmark, with their alphas in ascending order."""

    benchmark: str
    model: str
    systems: tuple[tuple[float, System], ...]


def section(context: Context) -> Section | None:
    """The four curves of every benchmark; None if no sweep was run."""
    parts = tuple(
        Subsection(f"alpha-{benchmark}", wording.benchmark(benchmark), blocks)
        for benchmark in context.benchmarks
        if (blocks := _benchmark(context, benchmark))
    )
    if not parts:
        return None
    seeds = sorted({len(s.runs) for s in context.systems if s.sampling == "hybrid"})
    counts = wording.listing([wording.counted(count, "seed") for count in seeds])
    return Section(
        id="alpha",
        title="Alpha and seeds",
        blocks=(
            Paragraph(
                "α is the probability that a batch is monolingual: x-y has α = 0, x-x-mono has "
                f"α = 1, and hybrid is between them. Each hybrid was trained with {counts}."
            ),
        ),
        subsections=parts,
    )


def sweep(context: Context, benchmark: str, model: str) -> tuple[tuple[float, System], ...]:
    """(alpha, system) of a model in ascending order; empty unless two hybrids differ in alpha."""
    found: dict[float, System] = {}
    for system in context.shown(benchmark):
        if system.model != model:
            continue
        alpha = system.alpha
        if system.sampling != "hybrid":
            # Other samplings have a fixed alpha: 1 if all batches are monolingual, 0 if none are.
            known = system.sampling in SAMPLINGS
            alpha = SAMPLINGS[system.sampling].alpha if known else None
        if alpha is not None:
            found.setdefault(alpha, system)
    hybrids = sum(system.sampling == "hybrid" for system in found.values())
    return tuple(sorted(found.items())) if hybrids > 1 else ()


def _benchmark(context: Context, benchmark: str) -> tuple[Block, ...]:
    blocks = []
    for number, model in enumerate(dict.fromkeys(s.model for s in context.shown(benchmark))):
        found = Sweep(benchmark, model, sweep(context, benchmark, model))
        if found.systems:
            id = f"figure-alpha-{benchmark}-{number}"
            figures = (
                _figure(context, found, f"{id}-{i}", *headline)
                for i, headline in enumerate(HEADLINE)
            )
            blocks.append(Gallery(tuple(figure for figure in figures if figure)))
    return tuple(blocks)


def _figure(
    context: Context,
    swept: Sweep,
    id: str,
    setting: str,
    metric: str,
    name: str,
) -> Figure | None:
    points = []
    for alpha, system in swept.systems:
        value = context.scores.macro(system, swept.benchmark, setting, metric)
        estimate = context.estimate(system, swept.benchmark, setting, metric)
        bounds = (None, None) if estimate is None else (estimate.low, estimate.high)
        if value is not None:
            points.append(Point(alpha, value, *bounds))
    if not points:
        return None
    said = ", ".join(f"{wording.metric_value(metric, p.value)} at α {p.x:g}" for p in points)
    alternative = (
        f"Line over α: {name} of {swept.model} on {wording.benchmark(swept.benchmark)}: {said}. "
        "The numbers are in the table below it."
    )
    better = "higher" if measures.higher_is_better(metric) else "lower"
    tested = any(point.low is not None for point in points)
    return Figure(
        id=id,
        title=f"{name} over α, {swept.model}",
        reading=(
            f"How to read it: each point is a model trained with another α; {better} is better."
            + (" The band shows the interval of each point." if tested else "")
        ),
        alternative=alternative,
        svg=band(
            id, points, sampling="hybrid", xlabel="α", ylabel=wording.metric(metric),
            alternative=alternative,
        ),
        table=_table(context, swept, f"{id}-table", setting, metric, f"{name}, {swept.model}"),
    )  # fmt: skip


def _table(
    context: Context,
    swept: Sweep,
    id: str,
    setting: str,
    metric: str,
    name: str,
) -> Table:
    rows = []
    for alpha, system in swept.systems:
        value = context.scores.macro(system, swept.benchmark, setting, metric)
        found = context.estimate(system, swept.benchmark, setting, metric)
        figures = (value, *((found.low, found.high, found.sd) if found else (None,) * 3))
        cells = tuple(Cell(wording.metric_value(metric, each), value=each) for each in figures)
        rows.append(Row(f"{alpha:g}", cells, "" if system.sampling == "hybrid" else system.label))
    return simple_table(
        id,
        f"{name} over α on {wording.benchmark(swept.benchmark)}",
        corner="α",
        columns=tuple(Column(label) for label in ("mean", "low", "high", "sd over seeds")),
        rows=tuple(rows),
    )
