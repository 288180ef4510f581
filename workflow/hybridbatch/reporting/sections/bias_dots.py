"""Dots by language with their table, for the measures of language bias."""

from collections.abc import Callable, Mapping, Sequence

from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import MACRO
from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.charts import Panel, Series
from hybridbatch.reporting.document import MISSING, Cell, Column, Figure, Row, simple_table
from hybridbatch.reporting.evidence import Bias, Estimate
from hybridbatch.reporting.systems import Context

Values = Mapping[str, float]


def mean_over_runs(
    biases: Sequence[Bias], values: Callable[[Bias], Mapping[str, float | None]]
) -> dict[str, float]:
    """The mean of each key over the runs of a system that have it."""
    columns: dict[str, list[float]] = {}
    for bias in biases:
        for key, value in values(bias).items():
            if value is not None:
                columns.setdefault(key, []).append(value)
    return {key: sum(column) / len(column) for key, column in columns.items()}


def by_query_language(
    context: Context,
    benchmark: str,
    name: str,
    found: Mapping[System, tuple[Bias, ...]],
    values: Callable[[Bias], Mapping[str, float | None]],
    *,
    title: str,
    reading: str,
    xlabel: str,
    metric: str = "",
) -> Figure:
    """A figure of what `values` takes from each run, a row for each query language.

    `metric` names the estimate whose interval stands under the macro average.
    """
    means: dict[System | str, Values] = {s: mean_over_runs(b, values) for s, b in found.items()}
    codes = sorted({key for each in means.values() for key in each} - {MACRO})
    return dots(
        context,
        benchmark,
        name,
        title=title,
        reading=reading,
        xlabel=xlabel,
        corner="query language",
        rows=[(wording.language(code), code) for code in codes],
        values=means,
        keys=codes,
        footer=[MACRO] if any(MACRO in each for each in means.values()) else [],
        metric=metric,
    )


def dots(
    context: Context,
    benchmark: str,
    name: str,
    *,
    title: str,
    reading: str,
    xlabel: str,
    corner: str,
    rows: Sequence[tuple[str, str]],
    values: Mapping[System, Values] | Mapping[System | str, Values],
    keys: Sequence[str],
    footer: Sequence[str],
    metric: str = "",
    more: Mapping[str, Mapping[System, Values]] | None = None,
) -> Figure:
    """Dots by row with their table; `footer` are keys of rows of means, with their intervals."""
    id = f"figure-{name}-{benchmark}"
    series, columns, table_values = [], [], []
    for each, found in values.items():
        label = each if isinstance(each, str) else context.label(each, benchmark)
        sampling = "" if isinstance(each, str) else each.sampling
        points = tuple((found[key], float(row)) for row, key in enumerate(keys) if key in found)
        series.append(Series(label, sampling, points))
        columns.append(Column(label, xlabel if more else ""))
        table_values.append((each, found))
    for group, extra in (more or {}).items():
        for system, found in extra.items():
            columns.append(Column(context.label(system, benchmark), group))
            table_values.append((system, found))
    lines = []
    for (header, code), key in zip(rows, keys, strict=True):
        cells = wording.value_cells(wording.score, [found.get(key) for _, found in table_values])
        lines.append(Row(header, cells, language=code))
    for key in footer:
        cells = tuple(
            _macro_cell(found.get(key), None if isinstance(each, str) or not metric else
                        context.estimate(each, benchmark, "multilingual", metric))
            for each, found in table_values
        )  # fmt: skip
        lines.append(Row("macro average", cells, summary=True))
    where = wording.benchmark(benchmark)
    alternative = (
        f"Dot plot: {title} on {where}, {wording.listing([one.label for one in series])} by "
        f"{corner}. The numbers are in the table below it."
    )
    return Figure(
        id=id,
        title=f"{title} on {where}",
        reading=reading,
        alternative=alternative,
        svg=charts.dots(
            id,
            [Panel("", tuple(series))],
            rows=[header for header, _ in rows],
            xlabel=xlabel,
            alternative=alternative,
        ),
        table=simple_table(
            f"{id}-table",
            f"{title} on {where}",
            corner=corner,
            columns=tuple(columns),
            rows=tuple(lines),
        ),
        wide=True,
    )


def _macro_cell(value: float | None, estimate: Estimate | None) -> Cell:
    note = "" if estimate is None else wording.interval(
        estimate.low, estimate.high, write=wording.score
    )  # fmt: skip
    return Cell(MISSING if value is None else wording.score(value), note, value=value)
