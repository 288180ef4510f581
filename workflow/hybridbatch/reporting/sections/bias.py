"""Language bias: the rank distance of every query language."""

from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.document import (
    Block,
    Column,
    Figure,
    Paragraph,
    Row,
    Section,
    Subsection,
    Table,
    simple_table,
)
from hybridbatch.reporting.sections.languages import (
    language_panel,
    language_row_labels,
    unseen_mark,
    unseen_note,
)
from hybridbatch.reporting.systems import Context

METRIC = "rank_distance"


def section(context: Context) -> Section:
    """Rank distance by language, for each benchmark."""
    return Section(
        id="bias",
        title="Language bias",
        blocks=(
            Paragraph(
                "In the pool of all languages every parallel version of the answer is relevant. "
                "A model without bias ranks them next to each other; a biased one puts some "
                "languages, often the query's own, far before the others. The rank distance of a "
                "query is the rank of its lowest relevant passage minus the rank of its highest, "
                "in the full ranking."
            ),
        ),
        subsections=tuple(
            Subsection(f"bias-{name}", wording.benchmark(name), _benchmark(context, name))
            for name in context.benchmarks
        ),
    )


def _benchmark(context: Context, benchmark: str) -> tuple[Block, ...]:
    shown = context.shown(benchmark)
    codes = context.scores.query_languages(benchmark)
    panel = language_panel(context, benchmark, "multilingual", METRIC, title="")
    if not any(series.points for series in panel.series):
        return (Paragraph("Nothing was evaluated here."),)
    id = f"figure-bias-{benchmark}"
    macros = [
        f"{context.label(system, benchmark)} "
        f"{wording.ranks(context.scores.macro(system, benchmark, 'multilingual', METRIC))}"
        for system in shown
    ]
    alternative = (
        f"Dot plot: mean rank distance of each query language on {wording.benchmark(benchmark)}. "
        f"Macro averages: {', '.join(macros)}. The numbers are in the table below it."
    )
    passages = sum(context.inputs.benchmarks[benchmark].passages.values())
    figure = Figure(
        id=id,
        title=f"Rank distance by query language on {wording.benchmark(benchmark)}",
        reading=(
            "How to read it: each row is a query language, each dot a sampling; further left is "
            f"less biased. The pool holds {wording.count(passages)} passages."
            + unseen_note(context, codes)
        ),
        alternative=alternative,
        svg=charts.dots(
            id,
            [panel],
            rows=language_row_labels(context, codes),
            xlabel="mean rank distance",
            alternative=alternative,
        ),
        table=bias_table(context, benchmark),
        wide=True,
    )
    return (figure,)


def bias_table(context: Context, benchmark: str) -> Table:
    """Rank distance: a row per query language, a column per system."""
    shown = context.shown(benchmark)
    rows = [
        Row(
            wording.language(code),
            wording.value_cells(
                wording.ranks,
                [
                    context.scores.language(system, benchmark, "multilingual", METRIC, code)
                    for system in shown
                ],
            ),
            unseen_mark(context, code),
            language=code,
        )
        for code in context.scores.query_languages(benchmark)
    ]
    macro = [context.scores.macro(system, benchmark, "multilingual", METRIC) for system in shown]
    rows.append(Row("macro average", wording.value_cells(wording.ranks, macro), summary=True))
    return simple_table(
        f"table-bias-{benchmark}",
        f"Mean rank distance by query language on {wording.benchmark(benchmark)}",
        corner="query language",
        columns=tuple(Column(context.label(system, benchmark)) for system in shown),
        rows=tuple(rows),
    )
