"""Dot plots by language with their tables, for the measures of language bias."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hybridbatch.common.runs import System
from hybridbatch.common.vocabulary import MACRO
from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.charts import Panel, Series
from hybridbatch.reporting.document import MISSING, Cell, Column, Figure, Row, simple_table
from hybridbatch.reporting.evidence import Bias, Estimate
from hybridbatch.reporting.systems import Context

Values = Mapping[str, float]


@dataclass(frozen=True)
class Words:
    """The texts of a dot plot.

    Attributes:
        name: a part of the figure's id.
        title: what is shown.
        reading: how to read it.
        xlabel: the label of the x axis.
        corner: what the rows are.
        metric: the metric whose intervals are below the macro averages; none by default.
    """

    name: str
    title: str
    reading: str
    xlabel: str
    corner: str = "query language"
    metric: str = ""


@dataclass(frozen=True)
class Rows:
    """The rows of a dot plot.

    Attributes:
        keys: the keys of their values.
        headers: (text, language code) of each; the code is empty if the row is not a language.
        means: the keys of the rows of means, which follow.
    """

    keys: Sequence[str]
    headers: Sequence[tuple[str, str]]
    means: Sequence[str] = ()


def language_rows(codes: Sequence[str], *, means: Sequence[str] = ()) -> Rows:
    """A row for each language."""
    return Rows(codes, [(wording.language(code), code) for code in codes], means)


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
    found: Mapping[System, tuple[Bias, ...]],
    values: Callable[[Bias], Mapping[str, float | None]],
    words: Words,
) -> Figure:
    """A dot plot with a row for each query language; `values` reads the values of a run."""
    means: dict[System | str, Values] = {s: mean_over_runs(b, values) for s, b in found.items()}
    codes = sorted({key for each in means.values() for key in each} - {MACRO})
    macro = [MACRO] if any(MACRO in each for each in means.values()) else []
    return dots(context, benchmark, words, language_rows(codes, means=macro), means)


def dots(
    context: Context,
    benchmark: str,
    words: Words,
    rows: Rows,
    values: Mapping[System, Values] | Mapping[System | str, Values],
    *,
    more: Mapping[str, Mapping[System, Values]] | None = None,
) -> Figure:
    """A dot plot with its table.

    Args:
        context: of the report.
        benchmark: the benchmark.
        words: the texts of the figure.
        rows: its rows.
        values: the values of each series, by key.
        more: more values of systems, for the table only, by the header of their columns.
    """
    id = f"figure-{words.name}-{benchmark}"
    series, columns, table_values = [], [], []
    for each, found in values.items():
        label = each if isinstance(each, str) else context.label(each, benchmark)
        sampling = "" if isinstance(each, str) else each.sampling
        points = tuple(
            (found[key], float(row)) for row, key in enumerate(rows.keys) if key in found
        )
        series.append(Series(label, sampling, points))
        columns.append(Column(label, words.xlabel if more else ""))
        table_values.append((each, found))
    for group, extra in (more or {}).items():
        for system, found in extra.items():
            columns.append(Column(context.label(system, benchmark), group))
            table_values.append((system, found))
    lines = []
    for (header, code), key in zip(rows.headers, rows.keys, strict=True):
        cells = wording.value_cells(wording.score, [found.get(key) for _, found in table_values])
        lines.append(Row(header, cells, language=code))
    for key in rows.means:
        cells = tuple(
            _macro_cell(found.get(key), None if isinstance(each, str) or not words.metric else
                        context.estimate(each, benchmark, "multilingual", words.metric))
            for each, found in table_values
        )  # fmt: skip
        lines.append(Row("macro average", cells, summary=True))
    where = wording.benchmark(benchmark)
    alternative = (
        f"Dot plot: {words.title} on {where}, {wording.listing([one.label for one in series])} by "
        f"{words.corner}. The numbers are in the table below it."
    )
    return Figure(
        id=id,
        title=f"{words.title} on {where}",
        reading=words.reading,
        alternative=alternative,
        svg=charts.dots(
            id,
            [Panel("", tuple(series))],
            rows=[header for header, _ in rows.headers],
            xlabel=words.xlabel,
            alternative=alternative,
        ),
        table=simple_table(
            f"{id}-table",
            f"{words.title} on {where}",
            corner=words.corner,
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
