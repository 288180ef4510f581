"""Tables as CSV and figures as SVG files, inside the page: `data:` links, which need no script."""

import csv
import io
import re
import urllib.parse

from hybridbatch.reporting.document import MISSING, Cell, Column, Table

# Characters that need no escape in a URL inside a double-quoted attribute.
_PLAIN = " !$()*+,/:;=?@-._~[]{}|"
# A number as the page writes it.
NUMBER = re.compile(r"[+−-]?\d[\d,]*(\.\d+)?")
# A spreadsheet reads the bytes as UTF-8 only if they begin with this mark.
_BYTE_ORDER_MARK = "\ufeff"


def csv_link(table: Table) -> str:
    """A table as a `data:` URL of a CSV file."""
    return _data_url("text/csv", _BYTE_ORDER_MARK + csv_of(table))


def svg_link(svg: str) -> str:
    """A figure as a `data:` URL of an SVG file."""
    return _data_url("image/svg+xml", standalone(svg))


def csv_of(table: Table) -> str:
    """A table as CSV: one header row, one row for each of its rows; numbers are plain.

    If the table has row groups or marks, they get their own columns. A cell holds its exact value
    if it has one, else the number that its text shows, else its text. It is empty if nothing was
    measured.
    """
    grouped = len(table.groups) > 1 and any(group.label for group in table.groups)
    marked = any(row.mark for row in table.rows)
    header = [*(["group"] if grouped else []), table.corner, *(["mark"] if marked else [])]
    header += [
        " ".join(filter(None, (column.group, column.exported or column.label)))
        for column in table.columns
    ]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    for group in table.groups:
        for row in group.rows:
            writer.writerow(
                [
                    *([group.label] if grouped else []),
                    _plain(Cell(row.header), Column("")),
                    *([row.mark] if marked else []),
                    *(map(_plain, row.cells, table.columns)),
                ]
            )
    return buffer.getvalue()


def standalone(svg: str) -> str:
    """A figure of the page as a separate file, with fixed colours, size, font and background.

    Programs other than browsers do not support CSS variables, and no page around it sets a font.
    """
    body = re.sub(r"var\(--[\w-]+, (#[0-9a-f]{6})\)", r"\1", svg)
    body = body.replace("font-family: inherit", "font-family: sans-serif")
    body = re.sub(
        r'style="max-width: [\d.]+pt" viewBox="0 0 ([\d.]+) ([\d.]+)"',
        r'width="\1pt" height="\2pt" viewBox="0 0 \1 \2" style="background: #ffffff"',
        body,
        count=1,
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _plain(cell: Cell, column: Column) -> str:
    if cell.value is not None:
        return str(cell.value)
    if cell.text == MISSING:
        return ""
    if column.numeric and NUMBER.fullmatch(cell.text):
        return cell.text.replace(",", "").replace("−", "-").removeprefix("+")
    return f"{cell.text} ({cell.note})" if cell.note else cell.text


def _data_url(kind: str, text: str) -> str:
    return f"data:{kind};charset=utf-8,{urllib.parse.quote(text, safe=_PLAIN)}"
