"""How the report writes numbers and names, and draws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.reporting import charts, drawing, wording
from hybridbatch.reporting.document import Column, Row, RowGroup, Table


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (wording.score(0.7985), "0.798"),
        (wording.score(None), "–"),
        (wording.ranks(1217.4), "1,217"),
        (wording.signed(-0.0123), "−0.012"),
        (wording.signed(0.0123), "+0.012"),
        (wording.signed(-0.0004), "0.000"),
        (wording.metric_difference("rank_distance", -1120.2), "−1,120"),
        (wording.counted(1, "item"), "1 item"),
        (wording.counted(1148, "item"), "1,148 items"),
        (wording.share(1, 8), "12.5 %"),
        (wording.share(0, 0), "–"),
        (wording.duration(0.84), "0.8 s"),
        (wording.duration(9.96), "10 s"),
        (wording.duration(59.6), "1 min 00 s"),
        (wording.duration(185), "3 min 05 s"),
        (wording.duration(7440), "2 h 04 min"),
        (wording.language("th"), "Thai (th)"),
        (wording.language("xx"), "xx"),
        (wording.listing(["a", "b", "c"]), "a, b and c"),
        (wording.listing([]), ""),
    ],
)
def test_how_numbers_and_names_are_written(written: str, expected: str) -> None:
    assert written == expected


@given(st.floats(min_value=-1, max_value=1, allow_nan=False))
def test_a_difference_has_a_sign_unless_it_rounds_to_zero(value: float) -> None:
    text = wording.signed(value)
    assert text == "0.000" or text[0] == ("+" if value > 0 else "−")
    assert abs(float(text.replace("−", "-")) - value) <= 0.0005 + 1e-12


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="row a has 0 cells, the table 1 columns"):
        Table("t", "caption", "corner", (Column("one"),), (RowGroup((Row("a", ()),)),))


def test_svg_is_the_same_every_time_and_its_text_is_escaped() -> None:
    def picture() -> str:
        return charts.heatmap(
            "id",
            [[0.1, None], [0.2, 0.3]],
            rows=["<script>", "中文"],
            columns=["$x$", "ar"],
            limits=(0.0, 1.0),
            diverging=False,
            alternative='says "<b>"',
        )

    svg = picture()
    assert svg == picture()
    assert "<script" not in svg and "&lt;script&gt;" in svg
    assert "$x$" in svg and "中文" in svg
    assert svg.startswith('<svg role="img" aria-label="says &quot;&lt;b&gt;&quot;"')
    assert "<style" not in svg and "<metadata" not in svg


def test_an_id_that_could_break_out_of_its_attribute_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be the id of a figure"):
        drawing.draw('a" onload="x', (1, 1), lambda canvas: None, alternative="")


def test_systems_of_one_sampling_differ_in_their_lines() -> None:
    styles = drawing.series_style(["hybrid", "x-y", "hybrid"])
    assert styles[0]["color"] == styles[2]["color"] != styles[1]["color"]
    assert [style["linestyle"] for style in styles] == ["-", "-", "--"]


def test_batch_strips_join_equal_stretches() -> None:
    types = ["a"] * 4 + ["b"] * 2
    assert charts.stretches(types, ["a", "b"], most=6) == [
        (0, 4, (("a", 1.0),)),
        (4, 6, (("b", 1.0),)),
    ]
    assert charts.stretches(types, ["a", "b"], most=2) == [
        (0, 3, (("a", 1.0),)),
        (3, 6, (("a", 1 / 3), ("b", 2 / 3))),
    ]
