"""Language bias: the rank distance of every query language, and the other measures of bias."""

from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import MACRO
from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.document import (
    Block,
    Cell,
    Column,
    Definitions,
    Details,
    Figure,
    Paragraph,
    Row,
    RowGroup,
    Section,
    Subsection,
    Table,
    simple_table,
)
from hybridbatch.reporting.sections.bias_dots import mean_over_runs
from hybridbatch.reporting.sections.bias_measures import (
    DEFINITIONS,
    measure_blocks,
)
from hybridbatch.reporting.sections.languages import (
    language_panel,
    language_row_labels,
    unseen_mark,
    unseen_note,
)
from hybridbatch.reporting.systems import Context

METRIC = "rank_distance"
QUARTILES = ("lower_quartile", "median", "upper_quartile")


def section(context: Context) -> Section | None:
    """Rank distance by language, for each benchmark; None without a benchmark."""
    if not context.benchmarks:
        return None
    return Section(
        id="bias",
        title="Language bias",
        blocks=(
            Paragraph(
                "In the pool of all languages, every parallel version of the answer is relevant. "
                "A model without bias ranks the versions next to each other. A biased model ranks "
                "some languages, often the query's own, far ahead of the others. The rank "
                "distance of a query is the rank of its last relevant passage minus the rank of "
                "its first, in the full ranking."
            ),
            *_definitions(context),
        ),
        subsections=tuple(
            Subsection(f"bias-{name}", wording.benchmark(name), _benchmark(context, name))
            for name in context.benchmarks
        ),
    )


def _definitions(context: Context) -> tuple[Block, ...]:
    if context.measured.bias:
        return (Details("Other measures of language bias", (Definitions(DEFINITIONS),)),)
    return (
        Paragraph(
            "Exposure, preference, fairness and agreement are absent: this report was made without "
            "the tables of the stage bias."
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
    spread = quartile_table(context, benchmark)
    further = measure_blocks(context, benchmark)
    blocks: list[Block] = [figure]
    if spread:
        blocks.append(Details("How the rank distance is spread over queries", (spread,)))
    if further:
        blocks.append(Details("Exposure, preference, fairness and agreement", further))
    return tuple(blocks)


def bias_table(context: Context, benchmark: str) -> Table:
    """The mean rank distance of every system by query language."""
    shown = context.shown(benchmark)
    codes = context.scores.query_languages(benchmark)
    means = [[_mean_cell(context, system, benchmark, code) for system in shown] for code in codes]
    rows = [
        Row(wording.language(code), tuple(cells), unseen_mark(context, code), language=code)
        for code, cells in zip(codes, means, strict=True)
    ]
    macro = tuple(_mean_cell(context, system, benchmark, MACRO) for system in shown)
    rows.append(Row("macro average", macro, summary=True))
    return simple_table(
        f"table-bias-{benchmark}",
        f"Rank distance by query language on {wording.benchmark(benchmark)}: means",
        corner="query language",
        columns=tuple(Column(context.label(system, benchmark)) for system in shown),
        rows=tuple(rows),
    )


def quartile_table(context: Context, benchmark: str) -> Table | None:
    """The spread of the rank distance over queries, a group of rows per system."""
    codes = context.scores.query_languages(benchmark)
    groups = []
    for system in context.shown(benchmark):
        values = [_quartile(context, system, benchmark, name) for name in QUARTILES]
        if any(values):
            rows = tuple(
                Row(
                    wording.language(code),
                    wording.value_cells(wording.ranks, [found.get(code) for found in values]),
                    unseen_mark(context, code),
                    language=code,
                )
                for code in codes
            )
            groups.append(RowGroup(rows, context.label(system, benchmark)))
    if not groups:
        return None
    return Table(
        f"table-quartiles-{benchmark}",
        f"Rank distance by query language on {wording.benchmark(benchmark)}: spread over queries",
        corner="query language",
        columns=tuple(Column(name.replace("_", " ")) for name in QUARTILES),
        groups=tuple(groups),
    )


def _mean_cell(context: Context, system: System, benchmark: str, code: str) -> Cell:
    """The mean rank distance of a language, with its interval where it was estimated."""
    if code == MACRO:
        value = context.scores.macro(system, benchmark, "multilingual", METRIC)
    else:
        value = context.scores.language(system, benchmark, "multilingual", METRIC, code)
    found = context.estimate(system, benchmark, "multilingual", METRIC, code)
    bounds = (None, None) if found is None else (found.low, found.high)
    return Cell(wording.ranks(value), wording.interval(*bounds, write=wording.ranks), value=value)


def _quartile(context: Context, system: System, benchmark: str, name: str) -> dict[str, float]:
    return mean_over_runs(
        context.biases(system, benchmark),
        lambda bias: {code: getattr(row, name) for code, row in bias.rank_distance.items()},
    )
