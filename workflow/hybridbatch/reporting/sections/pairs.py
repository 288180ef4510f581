"""Query language by passage language: a heatmap per sampling, and hybrid minus the others."""

from collections.abc import Sequence

from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.document import (
    Block,
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
from hybridbatch.reporting.systems import Context, System

Grid = tuple[tuple[float | None, ...], ...]


def section(context: Context) -> Section:
    """The heatmaps of every benchmark that has pairs of languages."""
    return Section(
        id="pairs",
        title="Language pairs",
        blocks=(
            Paragraph(
                "mAP of the queries of one language against the passages of one language alone. "
                "The diagonal is monolingual retrieval, all else is cross-lingual."
            ),
        ),
        subsections=tuple(
            Subsection(f"pairs-{name}", wording.benchmark(name), _benchmark(context, name))
            for name in context.benchmarks
        ),
    )


def pair_grid(context: Context, system: System, benchmark: str) -> Grid:
    """mAP, a row for each query language and a column for each passage language."""
    scores = context.scores
    return tuple(
        tuple(
            scores.pair(system, benchmark, query, passage)
            for passage in scores.passage_languages(benchmark)
        )
        for query in scores.query_languages(benchmark)
    )


def difference_grid(left: Grid, right: Grid) -> Grid:
    """`left` minus `right`, cell by cell, where both were measured."""
    return tuple(
        tuple(None if a is None or b is None else a - b for a, b in zip(row, other, strict=True))
        for row, other in zip(left, right, strict=True)
    )


def _benchmark(context: Context, benchmark: str) -> tuple[Block, ...]:
    grids = {s: pair_grid(context, s, benchmark) for s in context.shown(benchmark)}
    measured = [value for grid in grids.values() for value in _values(grid)]
    if not measured:
        return (Paragraph("Nothing was evaluated here."),)
    limits = (min(measured), max(measured))
    figures = tuple(
        _level(context, benchmark, system, grid, limits, number)
        for number, (system, grid) in enumerate(grids.items())
    )
    blocks: list[Block] = [Gallery(figures)]
    compared = context.comparisons(benchmark)
    # The untrained model is far off: a scale of its own leaves the samplings' scale readable.
    for trained in (True, False):
        differences = [
            (hybrid, other, difference_grid(grids[hybrid], grids[other]))
            for hybrid, other in compared
            if other.trained is trained
        ]
        if differences:
            blocks.append(_differences(context, benchmark, differences))
    return tuple(blocks)


def _differences(
    context: Context, benchmark: str, differences: Sequence[tuple[System, System, Grid]]
) -> Gallery:
    spread = max((abs(value) for *_, grid in differences for value in _values(grid)), default=0.0)
    return Gallery(
        tuple(
            _difference(context, benchmark, hybrid, other, grid, spread)
            for hybrid, other, grid in differences
        )
    )


def _level(
    context: Context,
    benchmark: str,
    system: System,
    grid: Grid,
    limits: tuple[float, float],
    number: int,
) -> Figure:
    label = context.label(system, benchmark)
    id = f"figure-pairs-{benchmark}-{number}"
    alternative = (
        f"Heatmap: mAP of {label} on {wording.benchmark(benchmark)} by query language and "
        f"passage language. {_extremes(context, benchmark, grid)} The numbers are in the table "
        "below it."
    )
    return Figure(
        id=id,
        title=f"{label}: mAP",
        reading=(
            "How to read it: row the language of the queries, column that of the passages; "
            "lighter is better, on the same scale for every sampling."
            + _star_note(context, benchmark, system)
        ),
        alternative=alternative,
        svg=charts.heatmap(
            id,
            grid,
            rows=_labels(context, system, context.scores.query_languages(benchmark)),
            columns=_labels(context, system, context.scores.passage_languages(benchmark)),
            limits=limits if limits[0] < limits[1] else (limits[0] - 0.5, limits[1] + 0.5),
            diverging=False,
            alternative=alternative,
        ),
        table=_table(context, benchmark, grid, f"{id}-table", f"{label}: mAP", signed=False),
    )


def _difference(
    context: Context,
    benchmark: str,
    hybrid: System,
    other: System,
    grid: Grid,
    spread: float,
) -> Figure:
    title = f"{context.label(hybrid, benchmark)} minus {context.label(other, benchmark)}"
    numbers = [context.systems.index(system) for system in (hybrid, other)]
    id = f"figure-difference-{benchmark}-{numbers[0]}-{numbers[1]}"
    values = _values(grid)
    higher = sum(value > 0 for value in values)
    alternative = (
        f"Heatmap: mAP of {title} on {wording.benchmark(benchmark)} by query language and passage "
        f"language. Above zero in {higher} of {len(values)} pairs. "
        f"{_extremes(context, benchmark, grid, signed=True)} "
        "The numbers are in the table below it."
    )
    points = tuple(tuple(None if v is None else 100 * v for v in row) for row in grid)
    bound = 100 * spread or 1.0
    return Figure(
        id=id,
        title=f"{title}: mAP in points",
        reading=(
            "How to read it: purple cells are pairs where hybrid is higher, orange ones where it "
            f"is lower, in hundredths of mAP; it is higher in {higher} of {len(values)} pairs."
            + _star_note(context, benchmark, hybrid)
        ),
        alternative=alternative,
        svg=charts.heatmap(
            id,
            points,
            rows=_labels(context, hybrid, context.scores.query_languages(benchmark)),
            columns=_labels(context, hybrid, context.scores.passage_languages(benchmark)),
            limits=(-bound, bound),
            diverging=True,
            alternative=alternative,
        ),
        table=_table(context, benchmark, grid, f"{id}-table", f"{title}: mAP", signed=True),
    )


def _table(
    context: Context, benchmark: str, grid: Grid, id: str, caption: str, *, signed: bool
) -> Table:
    write = wording.signed if signed else wording.score
    queries = context.scores.query_languages(benchmark)
    rows = tuple(
        Row(wording.language(code), wording.value_cells(write, values), language=code)
        for code, values in zip(queries, grid, strict=True)
    )
    columns = tuple(
        Column(code, "passage language") for code in context.scores.passage_languages(benchmark)
    )
    return simple_table(
        id,
        f"{caption} on {wording.benchmark(benchmark)}",
        corner="query language",
        columns=columns,
        rows=rows,
    )


def _labels(context: Context, system: System, codes: tuple[str, ...]) -> list[str]:
    return [code + ("*" if context.unseen(system, code) else "") for code in codes]


def _star_note(context: Context, benchmark: str, system: System) -> str:
    codes = {
        *context.scores.query_languages(benchmark),
        *context.scores.passage_languages(benchmark),
    }
    starred = any(context.unseen(system, code) for code in codes)
    return " A star marks a language that it has not trained on." if starred else ""


def _values(grid: Grid) -> list[float]:
    return [value for row in grid for value in row if value is not None]


def _extremes(context: Context, benchmark: str, grid: Grid, *, signed: bool = False) -> str:
    queries = context.scores.query_languages(benchmark)
    passages = context.scores.passage_languages(benchmark)
    cells = [
        (value, queries[i], passages[j])
        for i, row in enumerate(grid)
        for j, value in enumerate(row)
        if value is not None
    ]
    write = wording.signed if signed else wording.score
    said = [f"{write(v)} for {q} queries on {p} passages" for v, q, p in (min(cells), max(cells))]
    return f"Lowest {said[0]}, highest {said[1]}."
