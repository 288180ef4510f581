"""Turns sections into one self-contained HTML page."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache

import jinja2
from markupsafe import Markup

from hybridbatch.common.package_files import package_file
from hybridbatch.reporting import page_record
from hybridbatch.reporting.document import Cell, Section, Table
from hybridbatch.reporting.downloads import NUMBER, csv_link, svg_link
from hybridbatch.reporting.drawing import series_variables

PACKAGE_DATA = ("reporting/templates/*",)
TEMPLATES = package_file("reporting/templates")
_SERIES = "  /* the colours of the series */"  # where they stand in the style sheet


def render_page(*, title: str, sections: Sequence[Section], made: str | None = None) -> str:
    """The page as HTML; `made` is the digest of all that made it.

    Text is escaped; only SVG, style sheet and script are taken as markup.
    """
    style, script = (
        Markup((TEMPLATES / name).read_text(encoding="utf-8").replace(_SERIES, series_variables()))
        for name in ("report.css", "report.js")
    )
    template = _environment().get_template("report.html.j2")
    # The page's policy allows only this script, whatever the data contains.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return template.render(
        title=title,
        made=made,
        made_name=page_record.NAME,
        sections=tuple(sections),
        style=style,
        script=script,
        script_hash=f"sha256-{digest}",
    )


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
    # Both are percent-encoded, so none of their characters can end an attribute.
    environment.filters["csv_link"] = lambda table: Markup(csv_link(table))
    environment.filters["column_label"] = _column_label
    environment.filters["svg_link"] = lambda svg: Markup(svg_link(svg))
    environment.tests["sortable"] = _sortable
    environment.tests["valued"] = _valued
    return environment


def _column_label(table: Table, number: int) -> str:
    """What a cell of a column is called where the table has no room for a header."""
    column = table.columns[number]
    return f"{column.group}: {column.label}" if column.group else column.label


def _sortable(table: Table) -> bool:
    """Whether a group has two or more rows that a reader may want in another order."""
    return any(sum(not row.summary for row in group.rows) > 1 for group in table.groups)


def _valued(cell: Cell) -> bool:
    """Whether sorting needs the cell's value, because its text is not a number."""
    return isinstance(cell.value, (int, float)) and not NUMBER.fullmatch(cell.text)
