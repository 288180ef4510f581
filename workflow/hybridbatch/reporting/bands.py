"""A line with its interval as a band: a figure over the share of monolingual batches."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure as Canvas

from hybridbatch.reporting.drawing import draw, series_style


@dataclass(frozen=True)
class Point:
    """A value at x, with its interval if there is one."""

    x: float
    value: float
    low: float | None
    high: float | None


def band(
    id: str,
    points: Sequence[Point],
    *,
    sampling: str,
    xlabel: str,
    ylabel: str,
    alternative: str,
) -> str:
    """A line through the points and a band between the ends of their intervals."""
    (style,) = series_style([sampling])
    color, marker = style["color"], style["marker"]

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        x = [point.x for point in points]
        lows = [point.value if point.low is None else point.low for point in points]
        highs = [point.value if point.high is None else point.high for point in points]
        axes.fill_between(x, lows, highs, color=color, alpha=0.2, linewidth=0)
        axes.plot(x, [point.value for point in points], color=color, marker=marker, markersize=4.5)
        axes.set_xticks(x, [f"{value:g}" for value in x])
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.grid(axis="both")
        axes.set_axisbelow(True)

    return draw(id, (4.2, 2.8), paint, alternative=alternative)
