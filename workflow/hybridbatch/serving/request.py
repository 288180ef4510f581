"""What is asked of the page, read from the address and checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from hybridbatch.common.errors import HybridBatchError

NUMBERS, LONGEST = (5, 10, 20, 50), 10_000


@dataclass(frozen=True)
class Asked:
    """A question, and how its answer is shown.

    Attributes:
        question: empty if none was asked.
        languages: the passages that are searched; none for all.
        k: passages of each run.
        open: the place of the passage whose item is shown, as `LIST-RANK`; empty for none.
    """

    question: str = ""
    languages: tuple[str, ...] = ()
    k: int = 10
    open: str = ""

    def address(self, *, place: str = "") -> str:
        """The address of this page, with the item of the passage at `place` shown."""
        values = [("q", self.question), *(("language", code) for code in self.languages)]
        values += [("k", str(self.k)), *([("open", place)] if place else [])]
        return f"/?{urlencode(values)}"

    def about(self, question: str) -> "Asked":
        """The same for another question."""
        return replace(self, question=question, open="")


def read_asked(values: MultiDict[str, str], *, known: Sequence[str]) -> Asked:
    """What the parameters of an address ask for.

    Args:
        values: the parameters; others than those of `Asked` count for nothing.
        known: the languages of the passages.

    Raises:
        HybridBatchError: a language is unknown, the number is not one of `NUMBERS`, or the
            question is longer than `LONGEST` characters.
    """
    question = values.get("q", "").replace("\0", " ").strip()
    if len(question) > LONGEST:
        raise HybridBatchError(
            f"the question has {len(question):,} characters; ask one of at most {LONGEST:,}"
        )
    languages = tuple(dict.fromkeys(values.getlist("language")))
    for language in languages:
        if language not in known:
            raise HybridBatchError(
                f"language: {language!r} is not in the benchmark, which has {', '.join(known)}"
            )
    number = values.get("k", str(Asked.k))
    if number not in map(str, NUMBERS):
        raise HybridBatchError(f"k: {number!r}; choose one of {', '.join(map(str, NUMBERS))}")
    return Asked(question, languages, int(number), values.get("open", ""))
