"""What is wrong with data, collected, so that the user sees all of it at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hybridbatch.common.errors import HybridBatchError

# A file of a million wrong rows should not print a million lines.
MOST_SHOWN = 20


def short(text: str, most: int = 60) -> str:
    """The text, cut to `most` characters, so that a line of an error stays readable."""
    return text if len(text) <= most else f"{text[:most]}…"


def listed(names: Iterable[str]) -> str:
    """Names for a message: the first dozen, each cut; `none` if there are none.

    A name that is empty or has white space at an end is in quotation marks, to be seen.
    """
    every = list(names)
    shown = [
        short(name, 40) if name and name == name.strip() else repr(short(name, 40))
        for name in every[:12]
    ]
    more = f" and {len(every) - len(shown)} more" if len(every) > len(shown) else ""
    return (", ".join(shown) or "none") + more


class BadDataError(HybridBatchError):
    """Bad data. The message is one line, with the first problem; `problems` holds those to show."""

    def __init__(self, problems: tuple[str, ...], count: int) -> None:
        first = problems[0]
        if count > 1:
            first = f"{first} (the first of {count:,} problems)"
        super().__init__(first)
        self.problems, self.count = problems, count


class Problems:
    """The problems found so far: the first `MOST_SHOWN` as text, and the number of all."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.count = 0

    def __bool__(self) -> bool:
        return self.count > 0

    def add(self, text: str) -> None:
        """Add a problem, one line with file, place and remedy."""
        self.count += 1
        if len(self.shown) < MOST_SHOWN:
            self.shown.append(" ".join(text.split()))

    def add_rows(self, texts: Iterable[str], *, count: int) -> None:
        """Add `count` problems, of which `texts` are the first."""
        self.count += count
        for text in texts:
            if len(self.shown) >= MOST_SHOWN:
                break
            self.shown.append(" ".join(text.split()))

    def add_error(self, error: HybridBatchError) -> None:
        """Add what another check raised."""
        if isinstance(error, BadDataError):
            self.add_rows(error.problems, count=error.count)
        else:
            self.add(str(error))

    def raise_any(self) -> None:
        """Raise what was found.

        Raises:
            BadDataError: there is at least one problem.
        """
        if self.count:
            raise BadDataError(tuple(self.shown), self.count)


@dataclass(frozen=True)
class Origin:
    """Names a table, and the place of each of its rows, in messages.

    Args:
        name: the file.
        place: from the number of a row, counted from 0, to its place in the file.
    """

    name: str
    place: Callable[[int], str] = "row {}".format

    def at(self, row: int) -> str:
        """`mine.csv: line 7`."""
        return f"{self.name}: {self.place(row)}"

    def place_of(self, row: int) -> str:
        """`line 7`."""
        return self.place(row)


def joined_origin(parts: Sequence[tuple[int, Origin]]) -> Origin:
    """Names the rows of several tables, one after the other, each by its own file.

    Args:
        parts: the origins, each with the number of its first row; the numbers rise.
    """
    if len(parts) == 1:
        return parts[0][1]
    return _Joined(parts[0][1].name, parts=tuple(parts))


@dataclass(frozen=True)
class _Joined(Origin):
    parts: tuple[tuple[int, Origin], ...] = ()

    def at(self, row: int) -> str:
        first, origin = self._part(row)
        return origin.at(row - first)

    def place_of(self, row: int) -> str:
        first, origin = self._part(row)
        return f"{origin.place_of(row - first)} of {origin.name}"

    def _part(self, row: int) -> tuple[int, Origin]:
        return next(part for part in reversed(self.parts) if part[0] <= row)
