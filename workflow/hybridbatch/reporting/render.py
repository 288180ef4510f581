"""Turns sections into one self-contained HTML page."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from hybridbatch.reporting.document import Section

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def render_page(*, title: str, sections: Sequence[Section]) -> str:
    """The page as HTML. Text is escaped; only SVG and the style sheet are taken as markup."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    template = _environment().get_template("report.html.j2")
    return template.render(title=title, sections=tuple(sections), style=Markup(style))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests["kind"] = lambda block, name: type(block).__name__ == name
    environment.filters["svg"] = Markup
    return environment
