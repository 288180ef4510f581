"""When two texts count as the same: equal up to Unicode form, case and white space."""

import unicodedata
from collections.abc import Iterable


def normalised(text: str) -> str:
    """`text` in NFKC (Unicode Standard Annex 15), case-folded, white space runs as one space.

    `normalised(" Ｑuelle  Straße ")` is `"quelle strasse"`.
    """
    # ASCII text is in NFKC already; asking is much cheaper than normalising.
    composed = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(composed.casefold().split())


def normalised_all(texts: Iterable[str]) -> list[str]:
    """`normalised` of each text, computed once per distinct text."""
    known: dict[str, str] = {}
    result = []
    for text in texts:
        form = known.get(text)
        if form is None:
            form = known[text] = normalised(text)
        result.append(form)
    return result
