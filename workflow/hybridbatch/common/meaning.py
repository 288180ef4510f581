"""Explains an entry of a registry in the report's glossary."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """A text and its source."""

    text: str
    source: str = ""
    link: str = ""
