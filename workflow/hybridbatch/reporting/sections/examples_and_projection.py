"""Example queries with their rankings, and the embedding space in two dimensions."""

from collections.abc import Sequence

from hybridbatch.common.runs import System
from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.charts import Cloud, CloudPanel
from hybridbatch.reporting.document import (
    MISSING,
    Block,
    Cell,
    Column,
    Example,
    Figure,
    Paragraph,
    Row,
    Section,
    Subsection,
    Table,
    simple_table,
)
from hybridbatch.reporting.systems import Context
from hybridbatch.reporting.views import ExampleQuery, Hit, Projection, Ranked, RunProjection

RULES = {"gain": "Largest gain", "loss": "Largest loss", "random": "At random"}
KINDS = ("query", "passage")
NO_PICTURE = Paragraph(
    "There is no picture of the embedding space: it needs items to fit its plane and other items "
    "to show on it, and this benchmark has too few with a relevant passage."
)
# Longer passages are cut on the page; downloads hold the full text.
SHOWN_CHARACTERS = 200


def section(context: Context) -> Section | None:
    """Examples and projection of each benchmark that has them; None without a benchmark."""
    if not context.benchmarks:
        return None
    examples, projections = context.inputs.examples, context.inputs.projections
    parts = []
    for name in context.benchmarks:
        title = wording.benchmark(name)
        if name in examples:
            blocks = example_blocks(context, name, examples[name])
            parts.append(Subsection(f"see-queries-{name}", f"Queries of {title}", blocks))
        if name in projections and not projections[name]:
            parts.append(Subsection(f"see-space-{name}", f"Embeddings of {title}", (NO_PICTURE,)))
        elif name in projections:
            shown = shown_runs(context, list(projections[name]))
            figure = projection_figure(
                context, name, {run: projections[name][run] for run in shown}
            )
            parts.append(Subsection(f"see-space-{name}", f"Embeddings of {title}", (figure,)))
    empty = (Paragraph("This report was made without example queries and embeddings."),)
    return Section("see", "Examples and embeddings", () if parts else empty, tuple(parts))


def example_blocks(
    context: Context, benchmark: str, examples: Sequence[ExampleQuery]
) -> tuple[Block, ...]:
    """How the queries were chosen, and each with its tables."""
    compared = next((one for one in examples if one.change is not None), None)
    if compared is None or compared.candidate is None or compared.baseline is None:
        rule = "Queries drawn at random with a fixed seed."
    else:
        names = [run_label(context, benchmark, r) for r in (compared.candidate, compared.baseline)]
        rule = (
            f"The queries with the largest gain and the largest loss of average precision in the "
            f"pool, from {names[1]} to {names[0]}, and some drawn at random with a fixed seed."
        )
    text = (
        f"{rule} The choice does not depend on the texts. No item occurs twice, and languages "
        "take turns. Gains and losses are the extremes; the random queries show what to expect. "
        "Each model's list shows the first passages that it ranks in the pool of all languages."
    )
    return (Paragraph(text), *(_example(context, benchmark, one) for one in examples))


def projection_figure(context: Context, benchmark: str, projection: Projection) -> Figure:
    """A panel for each run, the points coloured by language, and the measures behind it."""
    id = f"figure-space-{benchmark}"
    labels = {run: run_label(context, benchmark, run) for run in projection}
    codes = sorted({point.language for one in projection.values() for point in one.points})
    said = [f"{labels[run]} {_language_share(one)}" for run, one in projection.items()]
    shared = all(
        spread.languages > 1 for one in projection.values() for spread in one.spreads.values()
    )
    alternative = (
        f"Scatter plots: queries and passages of {wording.benchmark(benchmark)} in {len(codes)} "
        f"languages on a plane for each model. Share of the variance that lies between languages: "
        f"{', '.join(said)}. The numbers are in the table below it."
    )
    return Figure(
        id=id,
        title=f"Languages of {wording.benchmark(benchmark)} in the embedding space",
        reading=(
            "How to read it: each circle is a query, each square a relevant passage. The colour "
            "shows the language; its code is at the mean of its points. Each model is shown on the "
            "plane in which its languages are farthest apart, fitted to items that are not shown. "
            "If a model ignores language, all points form one cloud. All panels have the same "
            "scale, in units of the root mean square distance of a vector from the mean."
            + ("" if shared else " With only one language there is nothing to separate.")
        ),
        alternative=alternative,
        svg=charts.clouds(
            id,
            [
                CloudPanel(
                    f"{labels[run]}: {_axes_share(one)} of the variance",
                    tuple(_cloud(one, code) for code in codes),
                )
                for run, one in projection.items()
            ],
            alternative=alternative,
        ),
        table=projection_table(benchmark, labels, projection),
        wide=True,
    )


def projection_table(benchmark: str, labels: dict[str, str], projection: Projection) -> Table:
    """Measures in all dimensions: a row for each run, columns for queries and passages."""
    rows = []
    for run, one in projection.items():
        cells: list[Cell] = []
        for kind in KINDS:
            spread = one.spreads[kind]
            cells += [
                *(_percent(v) for v in (spread.language_share, spread.item_share, spread.accuracy)),
                Cell(wording.count(spread.vectors)),
            ]
        spread = one.spreads[KINDS[0]]
        rows.append(Row(labels[run], (*cells, _percent(spread.x_share), _percent(spread.y_share))))
    chances = {s.chance for one in projection.values() for s in one.spreads.values()}
    guess = wording.listing([f"{100 * chance:.1f} %" for chance in sorted(chances)])
    measures = ("between languages", "between items", "language told")
    return simple_table(
        f"table-space-{benchmark}",
        f"How much the embeddings of {wording.benchmark(benchmark)} depend on language",
        corner="model and sampling",
        columns=(
            *(
                Column(label, group, exported=f"{label} share" if label != "vectors" else "")
                for group in ("queries", "passages")
                for label in (*measures, "vectors")
            ),
            Column("x", "share of the plane"),
            Column("y", "share of the plane"),
        ),
        rows=tuple(rows),
        note="Between languages, between items: shares of the variance in all dimensions (eta "
        "squared). Language told: the share of vectors whose nearest language centroid, computed "
        f"from other items, is that of their own language; a guess is right in {guess}.",
    )


def shown_runs(context: Context, runs: Sequence[str]) -> list[str]:
    """The first of these runs for each system, since seeds differ too little to show them all."""
    known = [run for system in context.systems for run in _first(system, runs)]
    return known + [run for run in runs if not _is_known(context, run)]


def run_label(context: Context, benchmark: str, run: str) -> str:
    """The label of the system that a run belongs to, with its seed where there are several."""
    for system in context.systems:
        for member in system.runs:
            if member.id == run:
                label = context.label(system, benchmark)
                return f"{label}, seed {member.seed}" if len(system.runs) > 1 else label
    return run


def _example(context: Context, benchmark: str, example: ExampleQuery) -> Example:
    language = wording.language_name(example.language)
    title = f"{RULES.get(example.rule, example.rule)}: a query in {language}"
    if example.change is not None:
        title += f", average precision {wording.signed(example.change)}"
    shown = set(shown_runs(context, [ranked.run for ranked in example.runs]))
    tables = tuple(
        _ranking(context, benchmark, example, ranked, number)
        for number, ranked in enumerate(example.runs)
        if ranked.run in shown
    )
    id = f"example-{benchmark}-{example.number}"
    note = f"Query {example.query_id}."
    first = example.number == 1
    return Example(id, title, example.text, example.language, note, tables, open=first)


def _ranking(
    context: Context, benchmark: str, example: ExampleQuery, ranked: Ranked, number: int
) -> Table:
    label = run_label(context, benchmark, ranked.run)
    ranks = wording.listing([wording.count(rank) for rank in ranked.relevant_ranks])
    return simple_table(
        f"table-example-{benchmark}-{example.number}-{number}",
        f"{label}: average precision {wording.score(ranked.average_precision)}",
        corner="rank",
        columns=(
            Column("language", numeric=False),
            Column("score"),
            Column("passage", numeric=False),
        ),
        rows=tuple(map(_hit_row, ranked.hits)),
        note=f"Relevant passages at rank {ranks or MISSING}.",
    )


def _hit_row(hit: Hit) -> Row:
    text = f"{hit.title}: {hit.text}" if hit.title else hit.text
    cells = (
        Cell(wording.language_name(hit.language), value=hit.language),
        Cell(wording.score(hit.score), value=hit.score),
        Cell(wording.shortened(text, SHOWN_CHARACTERS), language=hit.language, value=text),
    )
    good = hit.relevance > 0
    return Row(wording.count(hit.rank), cells, "relevant" if good else "", good=good)


def _cloud(one: RunProjection, code: str) -> Cloud:
    by_kind = {
        kind: tuple((p.x, p.y) for p in one.points if (p.language, p.kind) == (code, kind))
        for kind in KINDS
    }
    return Cloud(code, by_kind["query"], by_kind["passage"])


def _first(system: System, runs: Sequence[str]) -> list[str]:
    return [run.id for run in system.runs if run.id in runs][:1]


def _is_known(context: Context, run: str) -> bool:
    return any(run == member.id for system in context.systems for member in system.runs)


def _percent(share: float) -> Cell:
    return Cell(f"{100 * share:.1f} %", value=share)


def _axes_share(one: RunProjection) -> str:
    spread = one.spreads[KINDS[0]]
    return f"{100 * (spread.x_share + spread.y_share):.1f} %"


def _language_share(one: RunProjection) -> str:
    shares = [f"{100 * one.spreads[kind].language_share:.1f} %" for kind in KINDS]
    return f"{shares[0]} of queries and {shares[1]} of passages"
