"""Every query language on its own: monolingual, cross-lingual and multilingual mAP."""

from hybridbatch.common.vocabulary import SETTINGS
from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.charts import Panel, Series
from hybridbatch.reporting.document import (
    Block,
    Column,
    Figure,
    Paragraph,
    Row,
    RowGroup,
    Section,
    Subsection,
    Table,
)
from hybridbatch.reporting.systems import Context


def section(context: Context) -> Section | None:
    """The figure and the table by language, for each benchmark; None without a benchmark."""
    if not context.benchmarks:
        return None
    return Section(
        id="languages",
        title="By query language",
        subsections=tuple(
            Subsection(f"languages-{name}", wording.benchmark(name), _benchmark(context, name))
            for name in context.benchmarks
        ),
    )


def language_row_labels(context: Context, codes: tuple[str, ...]) -> list[str]:
    """Names of languages for a figure, with a star if no fine-tuned model trained on them."""
    return [
        wording.language_name(code) + (" *" if context.unseen_by_all(code) else "")
        for code in codes
    ]


def unseen_note(context: Context, codes: tuple[str, ...]) -> str:
    """The sentence that explains the star, if one is used."""
    if not any(context.unseen_by_all(code) for code in codes):
        return ""
    return " A star marks a language that no fine-tuned model trained on."


def unseen_mark(context: Context, code: str) -> str:
    """The mark of a language's row."""
    return "unseen" if context.unseen_by_all(code) else ""


def language_panel(
    context: Context, benchmark: str, setting: str, metric: str, *, title: str
) -> Panel:
    """The value of every language, a series for each system."""
    codes = context.scores.query_languages(benchmark)
    series = []
    for system in context.shown(benchmark):
        values = [
            (context.scores.language(system, benchmark, setting, metric, code), float(row))
            for row, code in enumerate(codes)
        ]
        points = tuple((value, row) for value, row in values if value is not None)
        series.append(Series(context.label(system, benchmark), system.sampling, points))
    return Panel(title, tuple(series))


def _benchmark(context: Context, benchmark: str) -> tuple[Block, ...]:
    if not context.shown(benchmark):
        return (Paragraph("Nothing was evaluated here."),)
    codes = context.scores.query_languages(benchmark)
    id = f"figure-languages-{benchmark}"
    table = language_table(context, benchmark)
    systems = wording.listing([context.label(s, benchmark) for s in context.shown(benchmark)])
    alternative = (
        f"Dot plot: mAP of {systems} for each of {len(codes)} query languages of "
        f"{wording.benchmark(benchmark)}, in three panels: monolingual, cross-lingual and "
        "multilingual. The numbers are in the table below it."
    )
    figure = Figure(
        id=id,
        title=f"mAP by query language on {wording.benchmark(benchmark)}",
        reading=(
            "How to read it: each row is a query language, each dot a sampling; further right is "
            "better." + unseen_note(context, codes)
        ),
        alternative=alternative,
        svg=charts.dots(
            id,
            [
                language_panel(context, benchmark, setting, "mAP", title=setting)
                for setting in SETTINGS
            ],
            rows=language_row_labels(context, codes),
            xlabel="mAP",
            alternative=alternative,
        ),
        table=table,
        wide=True,
    )
    return (figure,)


def language_table(context: Context, benchmark: str) -> Table:
    """mAP by query language: a group of rows per setting, a column per system."""
    shown = context.shown(benchmark)
    codes = context.scores.query_languages(benchmark)
    groups = []
    for setting in SETTINGS:
        rows = [
            Row(
                wording.language(code),
                wording.value_cells(
                    wording.score,
                    [context.scores.language(s, benchmark, setting, "mAP", code) for s in shown],
                ),
                unseen_mark(context, code),
                language=code,
            )
            for code in codes
        ]
        macro = [context.scores.macro(system, benchmark, setting, "mAP") for system in shown]
        rows.append(Row("macro average", wording.value_cells(wording.score, macro), summary=True))
        groups.append(RowGroup(tuple(rows), setting))
    return Table(
        f"table-languages-{benchmark}",
        f"mAP by query language on {wording.benchmark(benchmark)}",
        corner="query language",
        columns=tuple(Column(context.label(system, benchmark)) for system in shown),
        groups=tuple(groups),
        note="Cross-lingual: the mean over the passage languages other than the query's.",
    )
