"""Tables as CSV and figures as SVG files: what a reader gets who follows the links."""

import csv
import io
import urllib.parse
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.document import Cell, Column, Row, RowGroup, Table, simple_table
from hybridbatch.reporting.downloads import csv_link, csv_of, standalone, svg_link


def decode(link: str) -> str:
    """What a browser saves: the text behind a `data:` URL."""
    return urllib.parse.unquote(link.partition(",")[2])


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_download_holds_exact_values_marks_and_groups() -> None:
    table = Table(
        id="t",
        caption="c",
        corner="language",
        columns=(Column("mAP", "pool"), Column("time", exported="time, s"), Column("text")),
        groups=(
            RowGroup(
                (
                    Row(
                        "Thai (th)",
                        (Cell("0.798", value=0.79849), Cell("1 min 23 s", value=83.1), Cell("a")),
                        mark="unseen",
                    ),
                ),
                "ours",
            ),
            RowGroup(
                (
                    Row("1,000", (Cell("–"), Cell("−1,217.5"), Cell("b", note="cut"))),
                    Row("en", (Cell("", value=None), Cell("+3"), Cell('say "x", y\nz'))),
                ),
                "theirs",
            ),
        ),
    )
    assert rows_of(csv_of(table)) == [
        ["group", "language", "mark", "pool mAP", "time, s", "text"],
        ["ours", "Thai (th)", "unseen", "0.79849", "83.1", "a"],
        ["theirs", "1000", "", "", "-1217.5", "b (cut)"],
        ["theirs", "en", "", "", "3", 'say "x", y\nz'],
    ]


def test_a_plain_table_has_no_extra_columns() -> None:
    table = simple_table(
        "t", "c", corner="step", columns=(Column("loss"),), rows=(Row("1", (Cell("2"),)),)
    )
    assert csv_of(table) == "step,loss\r\n1,2\r\n"
    # The mark tells spreadsheets that the bytes are UTF-8.
    assert decode(csv_link(table)) == "\ufeffstep,loss\r\n1,2\r\n"


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_any_text_survives_its_link(text: str) -> None:
    table = simple_table(
        "t", "c", corner="a", columns=(Column("b", numeric=False),), rows=(Row("x", (Cell(text),)),)
    )
    link = csv_link(table)
    assert not set(link) & set("\"'<>&#\n\r\t")  # nothing that could end an attribute or a URL
    assert decode(link) == "\ufeff" + csv_of(table)


def test_a_figure_stands_alone() -> None:
    svg = charts.dots(
        "figure",
        [charts.Panel("panel", (charts.Series("x-y & co", "x-y", ((0.5, 0.0),)),))],
        rows=["ไทย"],
        xlabel="mAP",
        alternative="<a dot>",
    )
    assert "var(--" in svg
    file = decode(svg_link(svg))
    assert file == standalone(svg)
    assert "var(--" not in file and "inherit" not in file
    root = ET.fromstring(file.encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["width"].endswith("pt") and root.attrib["height"].endswith("pt")
    texts = {
        "".join(text.itertext()).strip() for text in root.iter("{http://www.w3.org/2000/svg}text")
    }
    assert {"ไทย", "x-y & co", "mAP"} <= texts


@pytest.mark.parametrize("value", [0.25, None])
def test_cells_carry_the_value_that_they_round(value: float | None) -> None:
    (cell,) = wording.value_cells(wording.score, [value])
    assert (cell.text, cell.value) == (wording.score(value), value)
