"""Text in columns: what it takes on a terminal, and where it is cut."""

import unicodedata

import pytest

from hybridbatch.common.display import cell, cut, display_width, one_line

THAI = "ที่นี่กี่โมง"  # six letters; vowel and tone marks stand above them
ARABIC = "مَا هِيَ عَاصِمَةُ فَرَنْسَا؟"
CHINESE = "法国的首都是哪里？"
MARKS = {"Mn", "Me", "Cf"}


def plain(text: str) -> str:
    """A text without the marks that isolate its direction."""
    return text.replace("\u2068", "").replace("\u2069", "")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("Paris", 5),
        (THAI, 6),
        (ARABIC, 18),
        (CHINESE, 18),
        ("e\u0301a", 2),  # a letter and its accent as two characters
        ("ｶﾞ", 2),  # half-width
        ("\u1112\u1161\u11ab", 2),  # one Korean syllable in three letters
        ("می\u200cخواهم", 7),  # a joiner between
        ("🙂", 2),
    ],
)
def test_the_width_of_a_text(text: str, columns: int) -> None:
    assert display_width(text) == columns


@pytest.mark.parametrize("text", [THAI, ARABIC, CHINESE, "What is the capital of France?"])
def test_a_cut_text_fills_its_columns_and_keeps_letters_whole(text: str) -> None:
    whole = display_width(text)
    for columns in range(1, whole + 3):
        short = cut(text, columns)
        assert display_width(short) <= columns
        if columns >= whole:
            assert short == text
            continue
        kept = short.removesuffix("…")
        assert short != kept and text.startswith(kept)
        # Nothing that fits is missing, but for a space at the end or half of a wide letter.
        assert display_width(short) >= columns - 1
        # The mark that follows would stand above the ellipsis.
        rest = text[len(kept) :]
        assert not kept or unicodedata.category(rest[0]) not in MARKS
        assert display_width(cell(text, columns)) == columns


def test_cuts_as_examples() -> None:
    assert cut(THAI, 4) == "ที่นี่กี่…"
    assert cut(CHINESE, 6) == cut(CHINESE, 5) == "法国…"
    assert cut("Paris is big", 7) == "Paris…"
    assert cell(CHINESE, 6) == "法国… "


def test_right_to_left_text_is_isolated_inside_its_column() -> None:
    shown = cell(ARABIC, 10)
    assert shown.startswith("\u2068") and plain(shown).rstrip(" ").endswith("…")
    filled = cell("سلام", 10)
    assert filled == "\u2068سلام\u2069" + " " * 6
    assert cell("hello", 5) == "hello"


def test_what_would_break_the_lines_is_left_out() -> None:
    assert one_line(" a\tb\n\nc\x1b[31m\u2028d ") == "a b c [31m d"
    # An open override would turn around the rest of the line.
    assert cell("\u202eabc\u2066", 5) == "abc  "
    assert one_line("co\u00adop") == "coop"
    # Joiners belong to the letters.
    assert one_line("می\u200cخواهم") == "می\u200cخواهم"
