"""The headline table of each benchmark, with the published figures under our own."""

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
from hybridbatch.reporting.systems import Context, System

MEASURES = (
    ("monolingual", "mAP"),
    ("monolingual", "R@1"),
    ("monolingual", "nDCG@10"),
    ("cross-lingual", "mAP"),
    ("cross-lingual", "R@1"),
    ("cross-lingual", "nDCG@10"),
    ("multilingual", "mAP"),
    ("multilingual", "R@10"),
    ("multilingual", "nDCG@10"),
    ("multilingual", "rank_distance"),
)
SOURCES = {
    "arXiv:2408.10536": "Elmahdy, Lin and Ahmad, arXiv 2408.10536",
}


def section(context: Context) -> Section:
    """One headline table per benchmark."""
    return Section(
        id="headline",
        title="Headline figures",
        blocks=(
            Paragraph(
                "Each figure is a macro average: the mean over the settings of its kind "
                "(languages, or pairs of languages), each a mean over the queries that have a "
                "relevant passage there. Higher is better, except for rank distance, the "
                "language bias, where lower is better."
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
    """Our systems and, below them, the published models of the same samplings."""
    ours = tuple(_row(context, system, benchmark) for system in context.systems)
    models = wording.listing(list(dict.fromkeys(system.model for system in context.systems)))
    groups = [RowGroup(ours, f"This configuration, base model {models}")]
    samplings = [system.sampling for system in context.systems]
    published: dict[str, list[Row]] = {}
    for model in context.literature.get(benchmark, ()):
        if model.sampling not in samplings:
            continue
        cells = tuple(
            _cell(metric, model.macro.get((setting, metric))) for setting, metric in MEASURES
        )
        name = f"Published: {SOURCES.get(model.source, model.source)}"
        published.setdefault(name, []).append(Row(f"{model.model} {model.sampling}", cells))
    groups += [RowGroup(tuple(rows), label) for label, rows in published.items()]
    absent = [s.label for s in context.systems if s not in context.shown(benchmark)]
    seeds = max(len(system.runs) for system in context.systems)
    notes = [
        f"A figure is the mean over up to {seeds} seeds." if seeds > 1 else "",
        absence(context, benchmark, absent) if absent else "",
        "Published figures come from other base models and more training data: they show the "
        "direction and size of effects, not a target."
        if published
        else "",
    ]
    return Table(
        id=f"table-headline-{benchmark}",
        caption=f"{wording.benchmark(benchmark)}: every sampling in every kind of retrieval",
        corner="model and sampling",
        columns=tuple(Column(wording.metric(m), _group(s, m)) for s, m in MEASURES),
        groups=tuple(groups),
        note=" ".join(note for note in notes if note),
    )


def _group(setting: str, metric: str) -> str:
    return "bias" if metric == "rank_distance" else setting


def _cell(metric: str, value: float | None) -> Cell:
    return Cell(wording.metric_value(metric, value), value=value)


def _row(context: Context, system: System, benchmark: str) -> Row:
    cells = tuple(
        _cell(metric, context.scores.macro(system, benchmark, setting, metric))
        for setting, metric in MEASURES
    )
    mark = "contaminated" if context.contaminated(system, benchmark) else ""
    if not context.scores.evaluated(system, benchmark):
        mark = "not evaluated"
    return Row(system.label, cells, mark)
