"""The parts of a report: sections of blocks, without markup.

Sections build these values from the figures; `render` turns them into HTML. All text in them is
plain and is escaped when rendered; only `Figure.svg` is markup, made by `drawing`.
"""

from dataclasses import dataclass

MISSING = "–"


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its text, and a note shown beside it.

    `language` is the code of the language that the text is written in, for fonts and direction.
    `value` is the exact value of a rounded or shortened text, for sorting and for downloads.
    `link` leads to another place on the page, such as `#data`.
    """

    text: str
    note: str = ""
    language: str | None = None
    value: float | str | None = None
    link: str = ""


@dataclass(frozen=True)
class Column:
    """A column: its header, a header above it shared with its neighbours, and its alignment.

    `exported` is its header in a download, if the download has other units than the page.
    """

    label: str
    group: str = ""
    numeric: bool = True
    exported: str = ""


@dataclass(frozen=True)
class Row:
    """A row: its header, a short mark beside the header (such as `unseen`), and its cells.

    `language` is the code of the language that the row is about. A `summary` row stays below
    the rows that it summarises when they are sorted. A `good` row has a coloured background.
    """

    header: str
    cells: tuple[Cell, ...]
    mark: str = ""
    language: str = ""
    summary: bool = False
    good: bool = False


@dataclass(frozen=True)
class RowGroup:
    """Rows under a common heading; an empty label has no heading."""

    rows: tuple[Row, ...]
    label: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a caption; `corner` heads the column of row headers.

    Raises:
        ValueError: a row does not have one cell for each column.
    """

    id: str
    caption: str
    corner: str
    columns: tuple[Column, ...]
    groups: tuple[RowGroup, ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"{self.id}: row {row.header} has {len(row.cells)} cells, "
                    f"the table {len(self.columns)} columns"
                )

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of all groups, in order."""
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def spans(self) -> tuple[tuple[str, int], ...]:
        """The upper header row: (label, number of columns); empty when no column has a group."""
        merged: list[tuple[str, int]] = []
        for column in self.columns:
            if merged and merged[-1][0] == column.group:
                merged[-1] = (column.group, merged[-1][1] + 1)
            else:
                merged.append((column.group, 1))
        return tuple(merged) if any(label for label, _ in merged) else ()


@dataclass(frozen=True)
class Figure:
    """A picture: its title, a sentence on how to read it, a text alternative, and its numbers."""

    id: str
    title: str
    reading: str
    alternative: str
    svg: str
    table: Table
    wide: bool = False


@dataclass(frozen=True)
class Paragraph:
    """Running text; `tone` is empty, `note`, `warning` or `small`."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Chip:
    """What was asked, the answer in a few words, and the figure behind it.

    `kind` is `good`, `bad` or `open`; it decides the colour and the sign before the answer.

    Raises:
        ValueError: another kind.
    """

    label: str
    answer: str
    detail: str
    kind: str

    def __post_init__(self) -> None:
        if self.kind not in ("good", "bad", "open"):
            raise ValueError(f"{self.label}: no chip is {self.kind!r}")


@dataclass(frozen=True)
class Chips:
    """Answers side by side; `label` says what is compared."""

    label: str
    items: tuple[Chip, ...]


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Definition:
    """A term, its meaning in one sentence, and the source of the definition."""

    term: str
    text: str
    source: str
    url: str = ""


@dataclass(frozen=True)
class Definitions:
    """A list of terms."""

    items: tuple[Definition, ...]


@dataclass(frozen=True)
class Code:
    """Text shown as it is, such as a configuration file."""

    text: str
    label: str


@dataclass(frozen=True)
class Gallery:
    """Figures, side by side if there is room."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Example:
    """A text in some language, a note on it, and lists, side by side if there is room.

    A table is shown as a list of its rows, with the last column below the others. An example is
    closed until the reader opens it, unless it is `open`.
    """

    id: str
    title: str
    text: str
    language: str
    note: str
    tables: tuple[Table, ...]
    open: bool = False


@dataclass(frozen=True)
class Details:
    """Blocks behind a line that opens them."""

    summary: str
    blocks: "tuple[Block, ...]"


@dataclass(frozen=True)
class Subsection:
    """Blocks under a heading of the third level."""

    id: str
    title: str
    blocks: "tuple[Block, ...]"


Block = (
    Paragraph | Chips | Bullets | Definitions | Code | Table | Figure | Gallery | Example | Details
)


@dataclass(frozen=True)
class Section:
    """A section of the page, which the navigation lists."""

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    subsections: tuple[Subsection, ...] = ()


def simple_table(
    id: str,
    caption: str,
    *,
    corner: str,
    columns: tuple[Column, ...],
    rows: tuple[Row, ...],
    note: str = "",
) -> Table:
    """A table whose rows are one group."""
    return Table(id, caption, corner, columns, (RowGroup(rows),), note)
