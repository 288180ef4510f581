"""Texts count as the same if they differ only in Unicode form, case and white space."""

import unicodedata

import polars as pl


def normalised(text: str) -> str:
    """`text` in NFKC (Unicode Standard Annex 15), case-folded, with single spaces.

    `normalised(" Ｑuelle  Straße ")` is `"quelle strasse"`.
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def normalised_column(texts: pl.Series) -> pl.Series:
    """`normalised` of each text; the column has no nulls."""
    return pl.Series(texts.name, map(normalised, texts.to_list()), dtype=pl.String)
