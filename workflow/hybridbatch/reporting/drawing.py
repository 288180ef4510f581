"""Turns a matplotlib figure into SVG that sits inside the page: same input, same bytes.

Text and series colours become CSS variables, so that a figure follows the page's light or dark
theme; text stays text, set in the reader's fonts.
"""

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence

import matplotlib
from matplotlib.figure import Figure as Canvas

from hybridbatch.training.samplings import SAMPLINGS, Look, looks

# Figures are drawn in these colours; `var(--name, colour)` then replaces them. The palette of Okabe
# and Ito suits the common kinds of colour blindness; every series has its own marker too.
INK = "#1b1f24"
FAINT = "#c3c9d1"
PAGE = "#fefefe"
# These are too many groups to tell apart by colour alone, so labels must name them. Each colour has
# a contrast of at least 3 with the light and with the dark page.
GROUPS = (
    "#de5e64", "#118568", "#b769c9", "#767700", "#508bee", "#b25201",
    "#1aa0a7", "#b2417f", "#52a43f", "#735cc7", "#b78310", "#127ca3",
)  # fmt: skip
# For the first, second, ... system of the same sampling.
DASHES = ("-", "--", ":", "-.")

# The name of a series of no system, such as an equal share, and its look.
REFERENCE = ""
_REFERENCE_LOOK = Look(INK, INK, INK, "P")

STYLE: dict[str, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hybridbatch",
    "text.parse_math": False,  # names of runs are data: a dollar sign is a dollar sign
    "font.size": 9.5,
    "axes.titlesize": 10.0,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
}


def draw(
    id: str, size: tuple[float, float], paint: Callable[[Canvas], None], *, alternative: str
) -> str:
    """Paint a figure of `size` inches and return it as an `<svg>` element.

    Args:
        id: prefix of the ids inside the element; unique in the page.
        paint: draws on the empty figure.
        alternative: the text for a reader who does not see the figure.

    Raises:
        ValueError: `id` holds a character that could end an attribute.
    """
    if not re.fullmatch(r"[\w.@+-]+", id):
        raise ValueError(f"{id!r} cannot be the id of a figure")
    buffer = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        # The fonts of this machine do not matter: the reader's browser sets the text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)  # type: ignore[arg-type]
        canvas = Canvas(figsize=size, layout="constrained")
        paint(canvas)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    return _embed(buffer.getvalue().decode("utf-8"), id=id, alternative=alternative)


def series_style(samplings: Sequence[str]) -> list[dict[str, str]]:
    """Colour, marker and line style of each system, given the systems' samplings.

    Raises:
        ValueError: a sampling has no look.
    """
    seen: dict[str, int] = {}
    known = {**looks(), REFERENCE: _REFERENCE_LOOK}
    styles = []
    for sampling in samplings:
        look = look_of(sampling, known)
        nth = seen.get(sampling, 0)
        seen[sampling] = nth + 1
        dash = DASHES[nth % len(DASHES)]
        styles.append({"color": look.color, "marker": look.marker, "linestyle": dash})
    return styles


def batch_looks() -> Mapping[str, Look]:
    """The look of each kind of batch: that of the sampling which draws no other kind."""
    return {
        kind: SAMPLINGS[name].look
        for kind, name in (("monolingual", "x-x-mono"), ("cross-lingual", "x-y"), ("mixed", "x-x"))
    }


def look_of(name: str, known: Mapping[str, Look]) -> Look:
    """The look of a sampling or of a kind of batch.

    Raises:
        ValueError: it is not known; drawn like another one, it could not be told apart.
    """
    if name not in known:
        raise ValueError(
            f"{name!r} has no look in charts; known are {', '.join(filter(None, known))}"
        )
    return known[name]


def _embed(svg: str, *, id: str, alternative: str) -> str:
    body = svg[svg.index("<svg") :]
    # A style element would apply to the whole page, and the page's style sheet has these rules.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    body = re.sub(r'\bid="', f'id="{id}-', body)
    body = body.replace('xlink:href="#', f'xlink:href="#{id}-').replace("url(#", f"url(#{id}-")
    body = re.sub(
        r"(fill|stroke): (#[0-9a-f]{6})",
        lambda match: f"{match[1]}: {_themed(match[2])}",
        body,
    )
    body = re.sub(r"\s*\n\s*", " ", body)
    # A hundredth of a point is finer than any screen or printer.
    body = re.sub(
        r' (?:d|x|y)="[^"]*"',
        lambda match: re.sub(r"(\.\d\d)\d+", r"\1", match[0]),
        body,
    )
    # The figure shrinks with the page, but never grows beyond the size that its text is made for.
    body = re.sub(
        r'width="([\d.]+)pt" height="[\d.]+pt"', r'style="max-width: \1pt"', body, count=1
    )
    opening = f'<svg role="img" aria-label="{_attribute(alternative)}"'
    return body.replace("<svg", opening, 1).strip()


def series_variables() -> str:
    """The style sheet's variables with the colours of the series, two per line."""
    variables = [
        f"--series-{name}: light-dark({look.light}, {look.dark});" for name, look in looks().items()
    ]
    pairs = (variables[i : i + 2] for i in range(0, len(variables), 2))
    return "\n".join("  " + " ".join(pair) for pair in pairs)


def _themed(color: str) -> str:
    variables = {INK: "ink", FAINT: "line", PAGE: "page"}
    variables |= {look.color: f"series-{name}" for name, look in looks().items()}
    return f"var(--{variables[color]}, {color})" if color in variables else color


def _attribute(text: str) -> str:
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(mark, entity)
    return text
