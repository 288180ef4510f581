"""Query language by passage language: a heatmap per sampling, and hybrid minus the others."""

from collections.abc import Sequence

from hybridbatch.common.runs import System
from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.document import (
    MISSING,
    Block,
    Cell,
    Column,
    Details,
    Figure,
    Gallery,
    Paragraph,
    Row,
    RowGroup,
    Section,
    Subsection,
    Table,
    simple_table,
)
from hybridbatch.reporting.evidence import Difference
from hybridbatch.reporting.systems import Context

Grid = tuple[tuple[float | None, ...], ...]


def section(context: Context) -> Section | None:
    """The heatmaps of every benchmark that has pairs of languages; None if there is none."""
    if not context.benchmarks:
        return None
    return Section(
        id="pairs",
        title="Language pairs",
        blocks=(
            Paragraph(
                "mAP of the queries in one language against the passages in one language. The "
                "diagonal is monolingual retrieval; all other cells are cross-lingual."
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
    """`left` minus `right`, cell by cell; None unless both were measured."""
    return tuple(
        tuple(None if a is None or b is None else a - b for a, b in zip(row, other, strict=True))
        for row, other in zip(left, right, strict=True)
    )


def significant_cells(
    context: Context, hybrid: System, other: System, benchmark: str
) -> tuple[tuple[int, int], ...]:
    """The (row, column) of the pairs of languages whose difference is significant after Holm."""
    options = context.measured.options
    found = []
    for i, query in enumerate(context.scores.query_languages(benchmark)):
        for j, passage in enumerate(context.scores.passage_languages(benchmark)):
            tested = pair_difference(context, hybrid, other, benchmark, query, passage)
            if options is not None and tested is not None and tested.p_holm <= options.level:
                found.append((i, j))
    return tuple(found)


def pair_difference(
    context: Context, hybrid: System, other: System, benchmark: str, query: str, passage: str
) -> Difference | None:
    """The tested difference in mAP of one pair of languages; None where it was not tested."""
    setting = "monolingual" if query == passage else "cross-lingual"
    return context.difference(
        hybrid, other, benchmark, setting, "mAP", query=query, passage=passage
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
    compared = context.comparisons(benchmark)
    galleries: list[Gallery] = []
    # The untrained model differs much more. Its own scale keeps that of the samplings readable.
    for trained in (True, False):
        differences = [
            (hybrid, other, difference_grid(grids[hybrid], grids[other]))
            for hybrid, other in compared
            if other.trained is trained
        ]
        if differences:
            galleries.append(_differences(context, benchmark, differences))
    systems = list(grids)
    first = systems.index(compared[0][0]) if compared else 0
    shown = [figures[first], *(galleries[0].figures[:1] if galleries else ())]
    rest = [
        Gallery(tuple(each for each in gallery if each not in shown))
        for gallery in (figures, *(gallery.figures for gallery in galleries))
    ]
    blocks: list[Block] = [Gallery(tuple(shown))]
    further = tuple(gallery for gallery in rest if gallery.figures)
    if further:
        blocks.append(Details("The other systems and differences", further))
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
            "How to read it: each row is a query language, each column a passage language; "
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
    marks = significant_cells(context, hybrid, other, benchmark)
    tested = all(context.tested_id(system, benchmark) for system in (hybrid, other))
    said = f" Significant after correction in {len(marks)} of them." if tested else ""
    alternative = (
        f"Heatmap: mAP of {title} on {wording.benchmark(benchmark)} by query language and passage "
        f"language. Above zero in {higher} of {len(values)} pairs.{said} "
        f"{_extremes(context, benchmark, grid, signed=True)} "
        "The numbers are in the table below it."
    )
    points = tuple(tuple(None if v is None else 100 * v for v in row) for row in grid)
    bound = 100 * spread or 1.0
    return Figure(
        id=id,
        title=f"{title}: mAP in points",
        reading=(
            "How to read it: hybrid is higher in purple cells and lower in orange ones, in "
            f"hundredths of mAP. It is higher in {higher} of {len(values)} pairs."
            + (_frame_note(marks) if tested else "")
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
            marks=marks,
        ),
        table=_difference_table(context, benchmark, hybrid, other, grid, f"{id}-table"),
    )


def _frame_note(marks: Sequence[tuple[int, int]]) -> str:
    if not marks:
        return " No difference is significant after Holm's correction."
    return (
        f" A frame marks the {wording.counted(len(marks), 'difference')} that "
        f"{'is' if len(marks) == 1 else 'are'} significant after Holm's correction, which is "
        "separate for monolingual and cross-lingual pairs."
    )


def _difference_table(
    context: Context, benchmark: str, hybrid: System, other: System, grid: Grid, id: str
) -> Table:
    """The grid, with interval and p beside each difference if it was tested."""
    title = f"{context.label(hybrid, benchmark)} minus {context.label(other, benchmark)}: mAP"
    if not all(context.tested_id(system, benchmark) for system in (hybrid, other)):
        return _table(context, benchmark, grid, id, title, signed=True)
    passages = context.scores.passage_languages(benchmark)
    groups = []
    for query, values in zip(context.scores.query_languages(benchmark), grid, strict=True):
        rows = []
        for passage, value in zip(passages, values, strict=True):
            found = pair_difference(context, hybrid, other, benchmark, query, passage)
            figures = (found.low, found.high, found.p_holm) if found else (None,) * 3
            cells = (
                Cell(wording.signed(value), value=value),
                *wording.value_cells(wording.signed, figures[:2]),
                Cell(MISSING if figures[2] is None else wording.p_value(figures[2]),
                     value=figures[2]),
            )  # fmt: skip
            rows.append(Row(wording.language(passage), cells, language=passage))
        groups.append(RowGroup(tuple(rows), f"queries in {wording.language(query)}"))
    return Table(
        id,
        f"{title} on {wording.benchmark(benchmark)}, with interval and p",
        corner="passage language",
        columns=tuple(Column(label) for label in ("difference", "low", "high", "p (Holm)")),
        groups=tuple(groups),
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
    return " A star marks a language that the model was not trained on." if starred else ""


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
