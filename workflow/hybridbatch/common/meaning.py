"""What the report's glossary says of an entry of a table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """A text and its source."""

    text: str
    source: str = ""
    link: str = ""
