"""What the page shows, as plain values for its template."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hybridbatch.common.display import cut
from hybridbatch.common.languages import english_name
from hybridbatch.retrieval.query_answers import Answer
from hybridbatch.retrieval.query_search import Passage
from hybridbatch.serving.items import InLanguage, Items
from hybridbatch.serving.request import Asked

# Texts longer than this many columns of a terminal are cut; the whole text is one click away.
_LONGEST = 1200


@dataclass(frozen=True)
class Text:
    """A text and its language; `short` is its beginning, or all of it."""

    language: str
    short: str
    whole: str

    @property
    def is_cut(self) -> bool:
        """Whether the beginning is not all of it."""
        return self.short != self.whole


@dataclass(frozen=True)
class Shown:
    """A passage in a list.

    Attributes:
        place: where it stands, as `LIST-RANK`.
        rank: from 1.
        score: the inner product.
        passage_id: its id.
        title: its title, or an empty text.
        text: its text.
        relevant: whether it answers the question; None if the benchmark has no such question.
        link: the address that shows or hides its item; None if it belongs to none.
        item: its item if that is shown; empty if not.
    """

    place: str
    rank: int
    score: float
    passage_id: str
    title: str
    text: Text
    relevant: bool | None
    link: str | None
    item: Sequence[InLanguage]


@dataclass(frozen=True)
class List:
    """What one run found.

    Attributes:
        run: its name.
        passages: best first.
        relevant: how many of them answer the question.
    """

    run: str
    passages: Sequence[Shown]
    relevant: int

    @property
    def ranks(self) -> dict[str, int]:
        """The rank of each passage, by its id."""
        return {each.passage_id: each.rank for each in self.passages}


def lists_of(
    answer: Answer, asked: Asked, items: Items, opened: Sequence[InLanguage]
) -> list[List]:
    """The lists of an answer, side by side on the page.

    Args:
        answer: what the runs found.
        asked: what was asked.
        items: which passages belong to an item.
        opened: the item of the passage at `asked.open`.
    """
    ids = [passage.passage_id for passages in answer.found.values() for passage in passages]
    with_item = items.relevant(ids)
    lists = []
    for number, (run, passages) in enumerate(answer.found.items(), start=1):
        shown = []
        for rank, passage in enumerate(passages, start=1):
            place = f"{number}-{rank}"
            is_open = asked.open == place
            link = asked.address(place="" if is_open else place)
            shown.append(
                Shown(
                    place=place,
                    rank=rank,
                    score=passage.score,
                    passage_id=passage.passage_id,
                    title=passage.title,
                    text=text_of(passage.language, passage.text),
                    relevant=passage.passage_id in answer.relevant if answer.query_ids else None,
                    link=link if passage.passage_id in with_item else None,
                    item=opened if is_open else (),
                )
            )
        lists.append(List(run, shown, sum(bool(each.relevant) for each in shown)))
    return lists


def passage_at(answer: Answer, place: str) -> Passage | None:
    """The passage at a place, which is `LIST-RANK`; None if there is none."""
    number, _, rank = place.partition("-")
    lists = list(answer.found.values())
    if not (number.isdecimal() and rank.isdecimal() and 1 <= int(number) <= len(lists)):
        return None
    passages = lists[int(number) - 1]
    return passages[int(rank) - 1] if 1 <= int(rank) <= len(passages) else None


def text_of(language: str, text: str) -> Text:
    """A text as the page shows it."""
    return Text(language, cut(text.strip(), _LONGEST), text.strip())


@cache
def name_of(language: str) -> str:
    """The English name of a language, or its code if it has none."""
    return english_name(language) or language
