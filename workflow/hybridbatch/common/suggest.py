"""Suggests the known word closest to a misspelt one."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`; did you mean ...?` if a known word is close to this one; otherwise an empty text."""
    words = {name.lower(): name for name in known}
    close = difflib.get_close_matches(str(word).lower(), words, n=1, cutoff=0.7)
    return f"; did you mean `{words[close[0]]}`?" if close else ""
