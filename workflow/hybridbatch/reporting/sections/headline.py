"""The headline table of each benchmark, with the published figures under our own."""

from collections.abc import Mapping
from dataclasses import replace

from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import SETTINGS
from hybridbatch.evaluation import measures
from hybridbatch.reporting import wording
from hybridbatch.reporting.document import (
    Block,
    Cell,
    Column,
    Paragraph,
    Row,
    RowGroup,
    Section,
    Subsection,
    Table,
)
from hybridbatch.reporting.sections.answer import absence
from hybridbatch.reporting.systems import Context

# The settings in which a measure is shown. Other measures are shown in every setting they have.
SHOWN: Mapping[str, tuple[str, ...]] = {
    "R@1": ("monolingual", "cross-lingual"),
    "R@10": ("multilingual",),
    "R@100": (),
}
SOURCES = {
    "arXiv:2408.10536": "Elmahdy, Lin and Ahmad, arXiv 2408.10536",
}


def shown_measures(context: Context) -> tuple[tuple[str, str], ...]:
    """(setting, measure) of each column."""
    found = []
    for setting in SETTINGS:
        for measure in measures.named(context.measures):
            everywhere = ("multilingual",) if measure.family.pool_only else SETTINGS
            if setting in SHOWN.get(measure.name, everywhere):
                found.append((setting, measure.name))
    return tuple(found)


def section(context: Context) -> Section | None:
    """One headline table per benchmark; None without a benchmark."""
    if not context.benchmarks:
        return None
    return Section(
        id="headline",
        title="Headline figures",
        blocks=(
            Paragraph(
                "Each figure is a macro average: the mean over languages, or over pairs of "
                "languages in cross-lingual retrieval. The value of a language or pair is the "
                "mean over the queries that have a relevant passage there. Higher is better, "
                "except for rank distance, which measures language bias: lower is better."
            ),
        ),
        subsections=tuple(
            Subsection(f"headline-{name}", wording.benchmark(name), _benchmark(context, name))
            for name in context.benchmarks
        ),
    )


def _benchmark(context: Context, benchmark: str) -> tuple[Block, ...]:
    blocks: list[Block] = [headline_table(context, benchmark)]
    if not context.literature.get(benchmark):
        blocks.append(Paragraph("There are no published figures for this benchmark."))
    return tuple(blocks)


def headline_table(context: Context, benchmark: str) -> Table:
    """Our systems and, below them, the published models with the same samplings."""
    ours = tuple(_row(context, system, benchmark) for system in context.systems)
    models = wording.listing(list(dict.fromkeys(system.model for system in context.systems)))
    columns = shown_measures(context)
    groups = [RowGroup(ours, f"This configuration, base model {models}")]
    samplings = [system.sampling for system in context.systems]
    published: dict[str, list[Row]] = {}
    for model in context.literature.get(benchmark, ()):
        if model.sampling not in samplings:
            continue
        cells = tuple(
            _cell(metric, model.macro.get((setting, metric))) for setting, metric in columns
        )
        name = f"Published: {SOURCES.get(model.source, model.source)}"
        published.setdefault(name, []).append(Row(f"{model.model} {model.sampling}", cells))
    groups += [RowGroup(tuple(rows), label) for label, rows in published.items()]
    absent = [s.label for s in context.systems if s not in context.shown(benchmark)]
    seeds = max(len(system.runs) for system in context.systems)
    notes = [
        f"A figure is the mean over up to {seeds} seeds." if seeds > 1 else "",
        _legend(context, benchmark),
        absence(context, benchmark, absent) if absent else "",
        "Published figures come from other base models and more training data: they show the "
        "direction and size of effects, not a target."
        if published
        else "",
    ]
    return Table(
        id=f"table-headline-{benchmark}",
        caption=f"{wording.benchmark(benchmark)}: every sampling in every setting",
        corner="model and sampling",
        columns=tuple(Column(wording.metric(m), _group(s, m)) for s, m in columns),
        groups=tuple(groups),
        note=" ".join(note for note in notes if note),
    )


def _legend(context: Context, benchmark: str) -> str:
    options = context.measured.options
    if options is None or context.statistics(benchmark) is None:
        return "No intervals: this report was made without the tables of the stage statistics."
    return (
        f"Below a figure is its {options.confidence * 100:g} % bootstrap interval over questions, "
        "and over seeds if there are several; sd is the standard deviation over seeds. A figure "
        "is marked best only if it is significantly better than that of every other sampling of "
        f"its model (Holm-corrected p up to {1 - options.confidence:.2g})."
    )


def _group(setting: str, metric: str) -> str:
    return setting if measures.higher_is_better(metric) else "bias"


def _cell(metric: str, value: float | None) -> Cell:
    return Cell(wording.metric_value(metric, value), value=value)


def _row(context: Context, system: System, benchmark: str) -> Row:
    cells = tuple(
        replace(
            _cell(metric, context.scores.macro(system, benchmark, setting, metric)),
            note=_note(context, system, benchmark, setting, metric),
        )
        for setting, metric in shown_measures(context)
    )
    mark = "contaminated" if context.contaminated(system, benchmark) else ""
    if not context.scores.evaluated(system, benchmark):
        mark = "not evaluated"
    return Row(system.label, cells, mark)


def _note(context: Context, system: System, benchmark: str, setting: str, metric: str) -> str:
    """The interval, the spread over the seeds, and whether the figure is the best."""
    found = context.estimate(system, benchmark, setting, metric)
    if found is None:
        return ""

    def write(value: float | None) -> str:
        return wording.metric_value(metric, value)

    parts = [
        wording.interval(found.low, found.high, write=write),
        f"sd {write(found.sd)}" if found.sd is not None else "",
        "best" if significantly_best(context, system, benchmark, setting, metric) else "",
    ]
    return ", ".join(filter(None, parts))


def significantly_best(
    context: Context, system: System, benchmark: str, setting: str, metric: str
) -> bool:
    """Whether a macro average is significantly better than that of every other sampling.

    Several hybrids are not tested against each other: only the best of them can be.
    """
    options = context.measured.options
    own = context.scores.macro(system, benchmark, setting, metric)
    sign = 1 if measures.higher_is_better(metric) else -1
    comparable = context.comparable(benchmark)
    others = [s for s in comparable if s.model == system.model and s != system]
    if options is None or own is None or not others or system not in comparable:
        return False
    for other in others:
        if other.sampling == system.sampling:
            value = context.scores.macro(other, benchmark, setting, metric)
            if value is None or sign * (own - value) <= 0:
                return False
            continue
        found = context.difference(system, other, benchmark, setting, metric)
        if found is None or sign * found.difference <= 0 or found.p_holm > options.level:
            return False
    return True
