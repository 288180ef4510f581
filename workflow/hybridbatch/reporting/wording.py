"""How numbers and names are written; all rounding is done here."""

from collections.abc import Callable, Sequence

from hybridbatch.common.languages import english_name
from hybridbatch.data.sources.catalog import DATASETS
from hybridbatch.evaluation import measures
from hybridbatch.reporting.document import MISSING, Cell


def score(value: float | None) -> str:
    """A measure between 0 and 1 with three decimals, as the field prints it."""
    return MISSING if value is None else f"{value:.3f}"


def ranks(value: float | None) -> str:
    """A number of ranks, rounded to an integer."""
    return MISSING if value is None else f"{value:,.0f}"


def signed(value: float | None, *, decimals: int = 3) -> str:
    """A difference with its sign (a minus, not a hyphen); without one if it rounds to zero."""
    if value is None:
        return MISSING
    text = f"{abs(value):,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return ("+" if value > 0 else "−") + text


def metric_value(metric: str, value: float | None) -> str:
    """A value as its metric is written: ranks as integers, all else with three decimals."""
    return ranks(value) if measures.in_ranks(metric) else score(value)


def metric_difference(metric: str, value: float | None) -> str:
    """A difference of two values of a metric, with its sign."""
    return signed(value, decimals=0 if measures.in_ranks(metric) else 3)


def points(value: float) -> str:
    """A margin in hundredths: .01 is `1 point`."""
    return f"{100 * value:g} point{'' if 100 * value == 1 else 's'}"


def signed_points(value: float | None) -> str:
    """A difference in hundredths with its sign and one decimal."""
    return MISSING if value is None else signed(100 * value, decimals=1)


def p_value(value: float) -> str:
    """`0.0312`, `< 0.0001`: a p-value is never 0."""
    return f"{value:.4f}" if value >= 0.00005 else "< 0.0001"


def interval(low: float | None, high: float | None, *, write: Callable[[float | None], str]) -> str:
    """`−0.004 to +0.012`, empty if there is no interval."""
    return "" if low is None or high is None else f"{write(low)} to {write(high)}"


def count(value: int | None) -> str:
    """A whole number with thousands separated."""
    return MISSING if value is None else f"{value:,}"


def counted(value: int | None, noun: str) -> str:
    """`1 item`, `1,148 items`."""
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def share(part: int, whole: int) -> str:
    """A share in per cent with one decimal; it is missing if `whole` is 0."""
    return MISSING if whole == 0 else f"{100 * part / whole:.1f} %"


def duration(seconds: float) -> str:
    """A time such as `0.8 s`, `42 s`, `3 min 05 s` or `2 h 04 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def language(code: str) -> str:
    """`Arabic (ar)`; a code without a name is written alone."""
    name = english_name(code)
    return f"{name} ({code})" if name else code


def language_name(code: str) -> str:
    """`Arabic`; a code without a name is written as it is."""
    return english_name(code) or code


def benchmark(name: str) -> str:
    """The name of a benchmark in the report."""
    return (DATASETS[name].label if name in DATASETS else "") or name


def metric(name: str) -> str:
    """The name of a metric in the report."""
    found = measures.find(name)
    return found.label if found else name


def shortened(text: str, most: int) -> str:
    """The text, or its first `most` characters, up to a space if one is near, and an ellipsis."""
    if len(text) <= most:
        return text
    start = text[:most]
    space = start.rfind(" ", most - 20)
    return (start[:space] if space > 0 else start).rstrip() + " …"


def listing(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def number_cells(texts: Sequence[str]) -> tuple[Cell, ...]:
    """Cells of plain texts."""
    return tuple(Cell(text) for text in texts)


def value_cells(
    write: Callable[[float | None], str], values: Sequence[float | None]
) -> tuple[Cell, ...]:
    """Cells of values as `write` rounds them, with the values themselves for downloads."""
    return tuple(Cell(write(value), value=value) for value in values)
