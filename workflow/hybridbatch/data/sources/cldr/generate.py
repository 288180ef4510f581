"""The embedded question-answer set: items, their split, hard negatives and the benchmark.

The split keeps held-out facts out of training. Every entity has a home territory: the country of a
city; the likely territory, according to CLDR, of a language or script; the territory in the code of
a currency, or its only user. Homes are held out as a whole. A fact belongs to

- test, if the home of its entity is held out: as a question, or as a distractor (a passage of the
  benchmark that answers no question);
- train, if neither its entity nor its value belongs to a held-out home;
- the distractors, if only its value belongs to one (Greek as the official language of Cyprus, with
  Greece held out). Therefore no training text names a held-out entity.

Homes that many others refer to (the United States through the dollar and English) are never held
out, because most facts would be lost. Values that are not entities (years, weekdays, time zones)
occur in both splits.

Three things make the task hard. An entity has up to nine facts. Questions and passages share few
words. About half of the passages end in a cross-reference to the entity with the most similar name
among those with the same relation, so the right name is not enough to find the right passage.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hybridbatch.data.sources.cldr import facts, render
from hybridbatch.data.sources.cldr.facts import Fact
from hybridbatch.data.sources.cldr.names import LANGUAGES

SOURCE = "cldr"
_HELD_OUT_PERCENT = 16
# A home is never held out if at least this many others refer to it.
_HUB_LINKS = 4
# This share of the facts of held-out entities become questions; the others are distractors.
_ASKED_PERCENT = 80
_CROSS_REFERENCE_PERCENT = 50
_HARD_NEGATIVES = 3


@dataclass(frozen=True)
class CldrItem:
    """One question with its answering passage, in every language of `names.LANGUAGES`.

    No two items share a question or a passage, so both groups are the item's id.
    `hard_negative_ids` are items of the same split: another relation of the same entity and the
    same relation of an entity with a similar name, in turn.
    """

    item_id: str
    question_group: str
    passage_group: str
    split: str
    questions: Mapping[str, str]
    passages: Mapping[str, str]
    hard_negative_ids: tuple[str, ...]


@dataclass(frozen=True)
class Distractor:
    """A passage of the benchmark that answers none of its questions, in every language."""

    passage_id: str
    passages: Mapping[str, str]


@dataclass(frozen=True)
class _Parts:
    """The facts by use; each part is sorted by id."""

    train: tuple[Fact, ...]
    test: tuple[Fact, ...]
    distractors: tuple[Fact, ...]


@cache
def generate() -> tuple[CldrItem, ...]:
    """All items of both splits, sorted by item_id; they are the same on every machine."""
    parts = _parts()
    items = [*_items(parts.train, split="train"), *_items(parts.test, split="test")]
    return tuple(sorted(items, key=lambda item: item.item_id))


def distractors() -> tuple[Distractor, ...]:
    """The benchmark's passages without a question, sorted by passage_id."""
    parts = _parts()
    alike = _Lookalikes(parts.test)
    return tuple(
        Distractor(fact.fact_id, _passages(fact, alike.of(fact))) for fact in parts.distractors
    )


def pair_rows() -> list[dict[str, Any]]:
    """Rows of the pairs table, sorted by item_id and language.

    Each has item_id, question_group, passage_group, language, question, passage, source, split
    (`train` or `test`) and hard_negatives, a list of passages in the row's language.
    """
    items = generate()
    passages = {item.item_id: item.passages for item in items}
    return [
        {
            "item_id": item.item_id,
            "question_group": item.question_group,
            "passage_group": item.passage_group,
            "language": language,
            "question": item.questions[language],
            "passage": item.passages[language],
            "source": SOURCE,
            "split": item.split,
            "hard_negatives": [passages[each][language] for each in item.hard_negative_ids],
        }
        for item in items
        for language in LANGUAGES
    ]


def benchmark_rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Queries, passages and qrels of the held-out entities, one language after the other.

    - queries: query_id, item_id, language, text;
    - passages: passage_id, language, title (empty), text;
    - qrels: query_id, passage_id, relevance 1, for the answering passage of every language.

    Ids are `{language}:{item_id}`; for a distractor, the id of its fact replaces the item_id.
    """
    items = [item for item in generate() if item.split == "test"]
    texts = {item.item_id: item.passages for item in items}
    texts |= {each.passage_id: each.passages for each in distractors()}
    queries = [
        {
            "query_id": f"{language}:{item.item_id}",
            "item_id": item.item_id,
            "language": language,
            "text": item.questions[language],
        }
        for language in LANGUAGES
        for item in items
    ]
    passages = [
        {
            "passage_id": f"{language}:{original}",
            "language": language,
            "title": "",
            "text": texts[original][language],
        }
        for language in LANGUAGES
        for original in sorted(texts)
    ]
    qrels = [
        {
            "query_id": query["query_id"],
            "passage_id": f"{language}:{query['item_id']}",
            "relevance": 1,
        }
        for query in queries
        for language in LANGUAGES
    ]
    return queries, passages, qrels


@cache
def _parts() -> _Parts:
    known = facts.extract()
    held_out = _held_out(known)
    train: list[Fact] = []
    test: list[Fact] = []
    unasked: list[Fact] = []
    for fact in known:
        if fact.home in held_out:
            asked = render.stable_hash("asked", fact.fact_id) % 100 < _ASKED_PERCENT
            (test if asked else unasked).append(fact)
        elif fact.value_home in held_out:
            unasked.append(fact)
        else:
            train.append(fact)
    return _Parts(tuple(train), tuple(test), tuple(unasked))


def _held_out(known: Sequence[Fact]) -> frozenset[str]:
    """The homes whose facts are not in training."""
    links: defaultdict[str, set[str]] = defaultdict(set)
    for fact in known:
        if fact.value_home != fact.home:
            links[fact.value_home].add(fact.home or fact.entity)
    homes = {fact.home for fact in known} - {""}
    return frozenset(
        home
        for home in homes
        if len(links[home]) < _HUB_LINKS
        and render.stable_hash("held out", home) % 100 < _HELD_OUT_PERCENT
    )


class _Lookalikes:
    """Finds the facts with the same relation whose entities have the most similar names."""

    def __init__(self, pool: Iterable[Fact]) -> None:
        self._pool: defaultdict[str, list[tuple[Fact, frozenset[str], int]]] = defaultdict(list)
        for fact in pool:
            row = (fact, _trigrams(fact.names["en"]), render.stable_hash("alike", fact.fact_id))
            self._pool[fact.relation].append(row)

    def of(self, fact: Fact, *, count: int = _HARD_NEGATIVES) -> tuple[Fact, ...]:
        """The most similar English name first; ties have an arbitrary but fixed order."""
        own, salt = _trigrams(fact.names["en"]), render.stable_hash("alike", fact.fact_id)

        def rank(row: tuple[Fact, frozenset[str], int]) -> tuple[float, int]:
            _, theirs, key = row
            return -len(own & theirs) / len(own | theirs), salt ^ key

        others = (row for row in self._pool[fact.relation] if row[0].entity != fact.entity)
        return tuple(row[0] for row in heapq.nsmallest(count, others, key=rank))


def _trigrams(name: str) -> frozenset[str]:
    padded = f"  {name.casefold()} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def _items(chosen: Sequence[Fact], *, split: str) -> list[CldrItem]:
    alike = _Lookalikes(chosen)
    of_entity: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in chosen:
        of_entity[fact.entity].append(fact)
    items = []
    for fact in chosen:
        similar = alike.of(fact)
        negatives = _hard_negatives(fact, of_entity[fact.entity], similar)
        items.append(
            CldrItem(
                item_id=fact.fact_id,
                question_group=fact.fact_id,
                passage_group=fact.fact_id,
                split=split,
                questions=render.questions(fact),
                passages=_passages(fact, similar),
                hard_negative_ids=tuple(each.fact_id for each in negatives),
            )
        )
    return items


def _passages(fact: Fact, similar: Sequence[Fact]) -> Mapping[str, str]:
    refers = render.stable_hash("refers", fact.fact_id) % 100 < _CROSS_REFERENCE_PERCENT
    return render.passages(fact, see_also=similar[0] if refers and similar else None)


def _hard_negatives(fact: Fact, of_entity: Sequence[Fact], similar: Sequence[Fact]) -> list[Fact]:
    """Another relation of the same entity and the same relation of a lookalike, in turn."""
    others = [each for each in of_entity if each != fact]
    others.sort(key=lambda each: render.stable_hash("negative", fact.fact_id, each.fact_id))
    count = min(len(others), _HARD_NEGATIVES - 1)
    mixed = [each for pair in zip(others[:count], similar, strict=False) for each in pair]
    return [*mixed, *similar[count:]][:_HARD_NEGATIVES]
