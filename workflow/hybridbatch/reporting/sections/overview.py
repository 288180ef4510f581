"""The first screen: what was asked, the answers in a few words, one figure, one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import CROSS_LINGUAL, MONOLINGUAL, MULTILINGUAL
from hybridbatch.evaluation import measures
from hybridbatch.reporting import wording
from hybridbatch.reporting.charts import Interval, IntervalPanel, intervals
from hybridbatch.reporting.document import (
    Block,
    Cell,
    Chip,
    Chips,
    Column,
    Figure,
    Gallery,
    Paragraph,
    Row,
    Section,
    Table,
    simple_table,
)
from hybridbatch.reporting.evidence import Difference
from hybridbatch.reporting.sections.answer import absence
from hybridbatch.reporting.sections.noninferiority import (
    INFERIOR,
    NON_INFERIOR,
    tests_of,
)
from hybridbatch.reporting.systems import Context

# (setting, metric, name in the table and the figure, what a chip asks).
Part = tuple[str, str, str, str]
PARTS: tuple[Part, ...] = (
    (MONOLINGUAL, "mAP", "monolingual mAP", "Within a language"),
    (CROSS_LINGUAL, "mAP", "cross-lingual mAP", "Across languages"),
    (MULTILINGUAL, "mAP", "multilingual mAP", "Pool of all languages"),
    (MULTILINGUAL, "rank_distance", "language bias", "Language bias"),
)
# For sharded benchmarks, whose metrics are cut.
CUT_PARTS: tuple[Part, ...] = (
    (MONOLINGUAL, "nDCG@10", "monolingual nDCG@10", "Within a language"),
    (MULTILINGUAL, "nDCG@10", "multilingual nDCG@10", "Pool of the languages"),
)
ENOUGH_SEEDS = 3  # fewer say too little of what another training would give


_NOTHING_UNSEEN = (
    "Every trained system was evaluated on items that it trained on. These figures do not answer "
    "what training gains or costs."
)


@dataclass(frozen=True)
class Asked:
    """The comparison that the first screen is about."""

    benchmark: str
    candidate: System
    baseline: System


def section(context: Context) -> Section:
    """The first screen; it asks what the runs at hand can answer."""
    asked = asked_of(context)
    benchmark = asked.benchmark if asked else _any_benchmark(context)
    blocks: list[Block] = [Paragraph(_question(asked))]
    if asked is None and any(context.contaminated(s, benchmark) for s in context.systems):
        blocks.append(Paragraph(_NOTHING_UNSEEN, tone="warning"))
    if asked:
        chips = tuple(
            chip for part in _parts(context, benchmark) for chip in _chip(context, asked, part)
        )
        chips += _cost(context, asked)
        if chips:
            label = f"{asked.candidate.label} against {asked.baseline.label}"
            blocks.append(Chips(f"{label} on {wording.benchmark(benchmark)}", chips))
        blocks.append(Paragraph(_basis(context, asked), tone="small"))
    if benchmark:
        parts = _parts(context, benchmark)
        halves = [parts[:2], parts[2:]]
        figures = [_figure(context, benchmark, half, n) for n, half in enumerate(halves) if half]
        blocks += [Gallery(tuple(figures)), _table(context, benchmark)]
    return Section(id="overview", title="The answer", blocks=tuple(blocks))


def asked_of(context: Context) -> Asked | None:
    """Hybrid against x-x-mono, or the next best comparison, on the first benchmark that has it.

    A system that trained on items of a benchmark is not compared on it.
    """
    for order in (_hybrid_and_monolingual, _hybrid_and_other, _trained_and_untrained, _two_trained):
        for benchmark in (*context.benchmarks, *context.corpora):
            shown = [
                system
                for system in context.shown(benchmark)
                if not context.contaminated(system, benchmark)
            ]
            pair = order(shown)
            if pair:
                return Asked(benchmark, *pair)
    return None


Pair = tuple[System, System]


def _hybrid_and_monolingual(shown: Sequence[System]) -> Pair | None:
    return _first(shown, lambda a, b: a.hybrid and a.usual and b.sampling == "x-x-mono") or _first(
        shown, lambda a, b: a.hybrid and b.sampling == "x-x-mono"
    )


def _hybrid_and_other(shown: Sequence[System]) -> Pair | None:
    return _first(shown, lambda a, b: a.hybrid and b.trained and not b.hybrid)


def _trained_and_untrained(shown: Sequence[System]) -> Pair | None:
    return _first(shown, lambda a, b: a.hybrid and not b.trained) or _first(
        shown, lambda a, b: a.trained and not b.trained
    )


def _two_trained(shown: Sequence[System]) -> Pair | None:
    return _first(shown, lambda a, b: a.trained and b.trained)


def _first(shown: Sequence[System], fits: Callable[[System, System], bool]) -> Pair | None:
    """The first two systems of one model for which `fits` holds."""
    pairs = ((a, b) for a in shown for b in shown if a is not b and a.model == b.model)
    return next((pair for pair in pairs if fits(*pair)), None)


def _any_benchmark(context: Context) -> str:
    """The first benchmark with figures; empty if there is none."""
    names = (*context.benchmarks, *context.corpora)
    return next((name for name in names if context.shown(name)), "")


def _parts(context: Context, benchmark: str) -> tuple[Part, ...]:
    return CUT_PARTS if benchmark in context.corpora else PARTS


def _question(asked: Asked | None) -> str:
    if asked is None:
        return "How good is the model within a language, across languages, and how biased?"
    candidate, baseline = asked.candidate, asked.baseline
    if candidate.hybrid and baseline.trained:
        return (
            "Hybrid training mixes batches of one language with batches whose questions and "
            "passages differ in language. What does it gain and cost, compared with "
            f"{baseline.label}?"
        )
    against = baseline.label if baseline.trained else "the untrained model"
    return f"What does training with {candidate.label} gain and cost, compared with {against}?"


def _basis(context: Context, asked: Asked) -> str:
    """What the answers rest on: the seeds, and what significant means."""
    seeds = _seeds(asked)
    trainings = (
        f"{wording.counted(seeds, 'training')} of each"
        if seeds < ENOUGH_SEEDS
        else f"{seeds} trainings of each, with different seeds"
    )
    few = f" Under {ENOUGH_SEEDS} seeds this is an indication." if seeds < ENOUGH_SEEDS else ""
    options = context.measured.options
    tested = (
        f" In brackets {options.confidence * 100:g} % intervals; better and worse are significant "
        f"(Holm-corrected p up to {1 - options.confidence:.2g})."
        if options and context.statistics(asked.benchmark)
        else " Nothing was tested for significance."
    )
    return f"{trainings}.{few}{tested}"


def _seeds(asked: Asked) -> int:
    return min(len(system.runs) for system in (asked.candidate, asked.baseline) if system.trained)


def _chip(context: Context, asked: Asked, part: Part) -> tuple[Chip, ...]:
    """How the candidate compares in one setting; nothing if it was not measured."""
    setting, metric, _, label = part
    pair = [
        context.scores.macro(system, asked.benchmark, setting, metric)
        for system in (asked.candidate, asked.baseline)
    ]
    if pair[0] is None or pair[1] is None:
        return ()
    found = context.difference(asked.candidate, asked.baseline, asked.benchmark, setting, metric)
    change = pair[0] - pair[1] if found is None else found.difference
    bounds = "" if found is None else _bounds(found, metric)
    unit = "ranks" if metric == "rank_distance" else f"points of {metric}"
    detail = f"{_change(metric, change)}{f' ({bounds})' if bounds else ''} {unit}"
    options = context.measured.options
    if found is None or options is None:
        return (Chip(label, "not tested", detail, "open"),)
    if found.p_holm > options.level:
        return (Chip(label, "no clear change", detail, "open"),)
    gain = change if measures.higher_is_better(metric) else -change
    if metric == "rank_distance":
        return (Chip(label, "less" if gain > 0 else "more", detail, _kind(gain)),)
    return (Chip(label, "better" if gain > 0 else "worse", detail, _kind(gain)),)


def _kind(gain: float) -> str:
    return "good" if gain > 0 else "bad"


def _change(metric: str, change: float) -> str:
    if metric == "rank_distance":
        return wording.metric_difference(metric, change)
    return wording.signed_points(change)


def _bounds(found: Difference, metric: str) -> str:
    write = wording.signed_points
    if metric == "rank_distance":
        return wording.interval(
            found.low, found.high, write=partial(wording.metric_difference, metric)
        )
    return wording.interval(found.low, found.high, write=write)


def _cost(context: Context, asked: Asked) -> tuple[Chip, ...]:
    """What it costs the high-resource languages, by the test of non-inferiority."""
    tests = tests_of(context, asked.benchmark, asked.candidate, asked.baseline)
    asked_of_them = [
        test
        for test in tests
        if test.setting == MONOLINGUAL and test.grouping == "resource" and test.group == "high-high"
    ]
    if not asked_of_them:
        return ()
    test = min(asked_of_them, key=lambda test: test.metric != "mAP")
    answer, kind = {INFERIOR: ("worse", "bad"), NON_INFERIOR: ("not worse", "good")}.get(
        test.verdict, ("undecided", "open")
    )
    bounds = wording.interval(test.low, test.high, write=wording.signed_points)
    change = wording.signed_points(test.difference)
    detail = f"{change}{f' ({bounds})' if bounds else ''}, margin {wording.points(test.margin)}"
    return (Chip("High-resource languages", answer, detail, kind),)


def _figure(context: Context, benchmark: str, parts: Sequence[Part], number: int) -> Figure:
    """Every system in two settings, with intervals."""
    shown = context.shown(benchmark)
    panels = []
    for setting, metric, name, _ in parts:
        values = []
        for system in shown:
            value = context.scores.macro(system, benchmark, setting, metric)
            found = context.estimate(system, benchmark, setting, metric)
            if value is not None:
                ends = (None, None) if found is None else (found.low, found.high)
                values.append(Interval(shown.index(system), value, *ends))
        unit = "ranks, lower is better" if metric == "rank_distance" else "higher is better"
        panels.append(IntervalPanel(name, unit, tuple(values)))
    id = f"figure-overview-{benchmark}-{number}"
    labels = [context.label(system, benchmark) for system in shown]
    title = wording.listing([panel.title for panel in panels])
    alternative = (
        f"{wording.benchmark(benchmark)}: {title} of {wording.listing(labels)}. The numbers are in "
        "the table below it."
    )
    return Figure(
        id=id,
        title=f"{title[:1].upper()}{title[1:]}",
        reading="How to read it: the line through a mark is its interval.",
        alternative=alternative,
        svg=intervals(
            id,
            panels,
            rows=labels,
            samplings=[system.sampling for system in shown],
            alternative=alternative,
        ),
        table=_interval_table(labels, panels, id),
    )


def _interval_table(labels: Sequence[str], panels: Sequence[IntervalPanel], id: str) -> Table:
    """The numbers of a figure, a column for each end of an interval."""
    rows = []
    for row, label in enumerate(labels):
        cells: list[Cell] = []
        for panel in panels:
            write = wording.ranks if panel.unit.startswith("ranks") else wording.score
            found = next((each for each in panel.values if each.row == row), None)
            ends = (None,) * 3 if found is None else (found.value, found.low, found.high)
            cells += wording.value_cells(write, ends)
        rows.append(Row(label, tuple(cells)))
    return simple_table(
        f"{id}-table",
        "Means and the ends of their intervals",
        corner="system",
        columns=tuple(
            Column(label, panel.title) for panel in panels for label in ("mean", "from", "to")
        ),
        rows=tuple(rows),
    )


def _table(context: Context, benchmark: str) -> Table:
    """The figures of the first screen; the section `headline` has all measures."""
    parts = _parts(context, benchmark)
    shown = context.shown(benchmark)
    rows = tuple(
        Row(
            context.label(system, benchmark),
            tuple(
                Cell(
                    wording.metric_value(metric, value),
                    _beside(context, system, benchmark, setting, metric),
                    value=value,
                )
                for setting, metric, _, _ in parts
                for value in [context.scores.macro(system, benchmark, setting, metric)]
            ),
        )
        for system in shown
    )
    absent = [system.label for system in context.systems if system not in shown]
    return simple_table(
        f"table-overview-{benchmark}",
        f"{wording.benchmark(benchmark)}: means over languages and pairs of languages",
        corner="system",
        columns=tuple(Column(name) for _, _, name, _ in parts),
        rows=rows,
        note=absence(context, benchmark, absent) if absent else "",
    )


def _beside(context: Context, system: System, benchmark: str, setting: str, metric: str) -> str:
    """The interval of a figure."""
    found = context.estimate(system, benchmark, setting, metric)
    write = partial(wording.metric_value, metric)
    return "" if found is None else wording.interval(found.low, found.high, write=write)
