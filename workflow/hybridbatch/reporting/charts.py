"""The kinds of charts in the report, drawn from plain numbers."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from hybridbatch.reporting.drawing import (
    GROUPS,
    PAGE,
    batch_looks,
    draw,
    look_of,
    series_style,
)

Grid = Sequence[Sequence[float | None]]

# Both keep their order of lightness with every common kind of colour blindness.
SEQUENTIAL, DIVERGING = "cividis", "PuOr"


@dataclass(frozen=True)
class Series:
    """One line or one set of dots: a label, the sampling that decides its colour, its points."""

    label: str
    sampling: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Panel:
    """A set of axes with its title and its series."""

    title: str
    series: tuple[Series, ...]


def heatmap(
    id: str,
    values: Grid,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    limits: tuple[float, float],
    diverging: bool,
    alternative: str,
    marks: Collection[tuple[int, int]] = (),
) -> str:
    """A grid of coloured cells with their values; cells without a value stay empty.

    Args:
        values: one list per row, each with one value per column.
        limits: the values at the two ends of the colour scale, shared by figures to be compared.
        diverging: differences around zero, in points (hundredths), written with a sign.
        marks: (row, column) of the cells that get a frame.
    """
    grid = np.array([[np.nan if v is None else v for v in row] for row in values], dtype=float)
    colors = matplotlib.colormaps[DIVERGING if diverging else SEQUENTIAL]
    norm = Normalize(*limits)

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        mesh = axes.pcolormesh(
            np.ma.masked_invalid(grid), cmap=colors, norm=norm, edgecolors="none"
        )
        for (row, column), value in np.ndenumerate(grid):
            if np.isnan(value):
                continue
            axes.text(
                column + 0.5,
                row + 0.5,
                _cell_text(value, diverging=diverging),
                ha="center",
                va="center_baseline",
                fontsize=8.5,
                color="#ffffff" if _dark(colors(norm(value))) else "#000000",
                in_layout=False,  # inside its cell: measuring it is slow and changes nothing
            )
        for dark in (False, True):
            framed = [cell for cell in marks if _dark(colors(norm(grid[cell]))) == dark]
            _frames(axes, framed, color="#ffffff" if dark else "#000000")
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns)
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
        axes.set_xlabel("passage language")
        axes.set_ylabel("query language")
        axes.invert_yaxis()
        axes.spines[:].set_visible(False)
        bar = canvas.colorbar(mesh, ax=axes, shrink=0.8, aspect=28, pad=0.02)
        bar.outline.set_visible(False)  # type: ignore[operator]

    size = (1.4 + 0.38 * len(columns), 0.8 + 0.33 * len(rows))
    return draw(id, (max(3.4, size[0]), max(2.4, size[1])), paint, alternative=alternative)


def _frames(axes: Axes, cells: Sequence[tuple[int, int]], *, color: str) -> None:
    """A frame inside each cell (row, column), as one path."""
    if not cells:
        return
    corners = np.array([(0.07, 0.08), (0.93, 0.08), (0.93, 0.92), (0.07, 0.92), (0.07, 0.08)])
    vertices = np.concatenate([corners + np.array([column, row]) for row, column in cells])
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(cells)
    axes.add_patch(PathPatch(Path(vertices, codes), fill=False, edgecolor=color, linewidth=1.0))


def dots(
    id: str, panels: Sequence[Panel], *, rows: Sequence[str], xlabel: str, alternative: str
) -> str:
    """One row per language and one dot per system; a point is (value, row number)."""
    styles = series_style([series.sampling for series in panels[0].series])

    def paint(canvas: Canvas) -> None:
        grid = canvas.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(grid, panels, strict=True):
            for series, style in zip(panel.series, styles, strict=True):
                x, y = [p[0] for p in series.points], [p[1] for p in series.points]
                look = {"color": style["color"], "marker": style["marker"]}
                axes.plot(x, y, linestyle="none", markersize=5.5, label=series.label, **look)
            axes.set_title(panel.title)
            axes.set_xlabel(xlabel)
            axes.grid(axis="both")
            axes.set_axisbelow(True)
        grid[0].set_yticks(range(len(rows)), rows)
        grid[0].invert_yaxis()
        _legend(canvas, grid[0])

    size = (1.3 + 2.4 * len(panels), 1.4 + 0.27 * len(rows))
    return draw(id, (max(5.2, size[0]), size[1]), paint, alternative=alternative)


@dataclass(frozen=True)
class Interval:
    """A value of the system in a row, and the ends of its interval if they are known."""

    row: int
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class IntervalPanel:
    """One measure: its name, what its axis says, and the values of the systems."""

    title: str
    unit: str
    values: tuple[Interval, ...]


def intervals(
    id: str,
    panels: Sequence[IntervalPanel],
    *,
    rows: Sequence[str],
    samplings: Sequence[str],
    alternative: str,
) -> str:
    """One row per system and one panel per measure: a marker, with a line for the interval."""
    styles = series_style(samplings)

    def paint(canvas: Canvas) -> None:
        grid = canvas.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(grid, panels, strict=True):
            for value in panel.values:
                style = styles[value.row]
                if value.low is not None and value.high is not None:
                    axes.plot([value.low, value.high], [value.row] * 2, color=style["color"])
                axes.plot(
                    value.value, value.row, color=style["color"], marker=style["marker"],
                    markersize=6.5,
                )  # fmt: skip
            axes.set_title(panel.title, loc="left")
            axes.set_xlabel(panel.unit)
            axes.margins(x=0.12)
            axes.locator_params(axis="x", nbins=4)
            axes.grid(axis="both")
            axes.set_axisbelow(True)
        grid[0].set_yticks(range(len(rows)), rows)
        grid[0].set_ylim(len(rows) - 0.5, -0.5)

    size = (1.3 + 2.2 * len(panels), 0.75 + 0.24 * len(rows))
    return draw(id, size, paint, alternative=alternative)


def curves(id: str, panels: Sequence[Panel], *, xlabel: str, ylabel: str, alternative: str) -> str:
    """Lines over a common horizontal axis; every panel has the same scales."""

    def paint(canvas: Canvas) -> None:
        grid = canvas.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(grid, panels, strict=True):
            styles = series_style([series.sampling for series in panel.series])
            for series, style in zip(panel.series, styles, strict=True):
                x, y = [p[0] for p in series.points], [p[1] for p in series.points]
                many = len(x) > 25
                look = style | ({"marker": ""} if many else {})
                axes.plot(x, y, label=series.label, markersize=4.5, **look)
            axes.set_title(panel.title)
            axes.set_xlabel(xlabel)
            axes.grid(axis="both")
            axes.set_axisbelow(True)
        grid[0].set_ylabel(ylabel)
        _legend(canvas, grid[0])

    size = (max(5.2, 0.8 + 2.9 * len(panels)), 3.1)
    return draw(id, size, paint, alternative=alternative)


@dataclass(frozen=True)
class Cloud:
    """Points (x, y) of one label, of two kinds: round and square."""

    label: str
    round: tuple[tuple[float, float], ...]
    square: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class CloudPanel:
    """A set of axes with its title and its clouds."""

    title: str
    clouds: tuple[Cloud, ...]


def clouds(id: str, panels: Sequence[CloudPanel], *, alternative: str) -> str:
    """Scatter plots, two in a row, on one scale; each cloud's label is at the mean of its points.

    The order of the labels decides their colours; it must be the same in every panel.
    """
    columns = min(2, len(panels))
    lines = -(-len(panels) // columns)
    points = [p for panel in panels for one in panel.clouds for p in (*one.round, *one.square)]
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    margin = 0.05 * float((high - low).max() or 1.0)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()

    def paint(canvas: Canvas) -> None:
        grid = canvas.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            for cloud, color in zip(panel.clouds, itertools.cycle(GROUPS), strict=False):
                for points, cap in ((cloud.round, "round"), (cloud.square, "projecting")):
                    _specks(axes, points, cap=cap, color=color)
            for cloud in panel.clouds:
                members = (*cloud.round, *cloud.square)
                if members:
                    x, y = np.mean(members, axis=0)
                    box = {"facecolor": PAGE, "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
                    axes.text(x, y, cloud.label, ha="center", va="center", bbox=box)
            axes.set_title(panel.title)
            axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
            axes.grid(axis="both")
            axes.set_axisbelow(True)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)

    height = 0.5 + 3.6 * (top - bottom) / (right - left)
    size = (0.6 + 3.7 * columns, min(height, 4.5) * lines)
    return draw(id, size, paint, alternative=alternative)


def _specks(axes: Axes, points: Sequence[tuple[float, float]], *, cap: str, color: str) -> None:
    """Points as lines of no length with caps: one short path instead of an element per point."""
    if not points:
        return
    vertices = np.repeat(np.asarray(points, dtype=float), 2, axis=0)
    path = Path(vertices, [Path.MOVETO, Path.LINETO] * len(points))
    path.should_simplify = False
    axes.add_patch(
        PathPatch(path, fill=False, edgecolor=color, linewidth=2.6, capstyle=cap, alpha=0.75)
    )


def strips(
    id: str,
    labels: Sequence[str],
    batches: Sequence[Sequence[str]],
    *,
    alternative: str,
) -> str:
    """One strip per run: along the steps, the share of each batch type."""
    drawn = {kind for row in batches for kind in row}
    known = batch_looks()
    kinds = sorted(drawn, key=list(known).index) if drawn <= set(known) else sorted(drawn)
    colors = {kind: look_of(kind, known).color for kind in kinds}

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        for row, types in enumerate(batches):
            for left, right, shares in stretches(types, kinds):
                bottom = row - 0.36
                for kind, share in shares:
                    height = 0.72 * share
                    axes.broken_barh(
                        [(left, right - left)], (bottom, height), facecolor=colors[kind]
                    )
                    bottom += height
        for kind in kinds:
            axes.broken_barh([], (0, 0), facecolor=colors[kind], label=kind)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlim(0, max(len(types) for types in batches))
        axes.set_xlabel("training step")
        axes.spines[:].set_visible(False)
        _legend(canvas, axes)

    return draw(id, (7.6, 0.95 + 0.34 * len(labels)), paint, alternative=alternative)


def stretches(
    types: Sequence[str], kinds: Sequence[str], *, most: int = 120
) -> list[tuple[int, int, tuple[tuple[str, float], ...]]]:
    """(first step, end, shares of the types) of at most `most` stretches; equal ones are joined."""
    edges = np.linspace(0, len(types), min(most, len(types)) + 1).astype(int).tolist()
    joined: list[tuple[int, int, tuple[tuple[str, float], ...]]] = []
    for left, right in itertools.pairwise(edges):
        part = types[left:right]
        shares = tuple((kind, part.count(kind) / len(part)) for kind in kinds if kind in part)
        if joined and joined[-1][2] == shares:
            joined[-1] = (joined[-1][0], right, shares)
        else:
            joined.append((left, right, shares))
    return joined


def _legend(canvas: Canvas, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        # All columns are as wide as the widest label; labels that do not fit go below.
        widest = 0.5 + 0.075 * max(len(label) for label in labels)
        columns = max(1, min(len(handles), int(canvas.get_figwidth() / widest)))
        canvas.legend(handles, labels, loc="outside upper left", ncols=columns)


def _cell_text(value: float, *, diverging: bool) -> str:
    # Two decimals, or points with one, fit the cell; the table behind the figure has three.
    if not diverging:
        text = f"{value:.2f}"
        return text[1:] if text.startswith("0") else text
    text = f"{abs(value):.1f}"
    sign = "+" if value > 0 else "−"
    return sign + text if float(text) else text


def _dark(color: tuple[float, float, float, float]) -> bool:
    """Whether white text has the better contrast (WCAG relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.179
