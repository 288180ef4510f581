"""Text in the columns of a terminal: how wide it is, where to cut it, how to keep its direction."""

import unicodedata

# Cf holds joiners, which shape letters, and these: marks of direction, and the soft hyphen.
_DIRECTIONS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
_SOFT_HYPHEN = "\u00ad"
_JOINER = "\u200d"
# Between these two, a terminal orders right-to-left text by itself and not with its neighbours.
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
# Vowels and final consonants of Hangul, which join the consonant before them.
_JOINING_HANGUL = ((0x1160, 0x11FF), (0xD7B0, 0xD7FF))


def one_line(text: str) -> str:
    """The text on one line, without control characters and marks of direction."""
    kept = (
        " " if unicodedata.category(mark) in ("Cc", "Zl", "Zp") else mark
        for mark in text
        if unicodedata.bidirectional(mark) not in _DIRECTIONS and mark != _SOFT_HYPHEN
    )
    return " ".join("".join(kept).split())


def display_width(text: str) -> int:
    """The columns that a text takes: two for a wide character, none for a combining mark."""
    return sum(map(_width, text))


def cut(text: str, columns: int) -> str:
    """The text if it fits into `columns`, at least 1; else its beginning and an ellipsis.

    A letter keeps all its combining marks or is left out with them.
    """
    if display_width(text) <= columns:
        return text
    used, kept = 0, []
    for mark in text:
        used += _width(mark)
        if used > columns - 1:
            break
        kept.append(mark)
    return "".join(kept).rstrip(f" {_JOINER}") + "…"


def cell(text: str, columns: int) -> str:
    """The text on one line, cut or filled with spaces to exactly `columns`.

    Right-to-left text is isolated, so that it does not change the order of its neighbours.
    """
    shown = cut(one_line(text), columns)
    fill = " " * (columns - display_width(shown))
    if any(unicodedata.bidirectional(mark) in ("R", "AL", "AN") for mark in shown):
        shown = f"{_ISOLATE}{shown}{_END_ISOLATE}"
    return shown + fill


def _width(mark: str) -> int:
    if unicodedata.category(mark) in ("Mn", "Me", "Cf"):
        return 0
    if any(first <= ord(mark) <= last for first, last in _JOINING_HANGUL):
        return 0
    return 2 if unicodedata.east_asian_width(mark) in ("W", "F") else 1
