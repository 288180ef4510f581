"""Questions from files in SQuAD's format, of any language.

The passage is the whole paragraph, so the offsets of the answers are not used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.jsontext import JsonError, parsed
from hybridbatch.data.readers.problems import Problems, short
from hybridbatch.data.readers.textlines import whole_text


@dataclass(frozen=True)
class Question:
    """A question with its paragraph; `answered` is whether it has an answer and both have text."""

    place: str
    id: str
    question: str
    paragraph: str
    answered: bool


def questions(path: Path, found: Problems, *, remedy: str = "mend it") -> Iterator[Question]:
    """The questions of a file in SQuAD's format, in its order; white space around is removed.

    What breaks the format, and a question whose id occurred before, are noted in `found` and left
    out. `remedy` ends the messages.

    Raises:
        HybridBatchError: the file is missing, not JSON, or has no list of articles.
    """
    seen: set[str] = set()
    for place, content in _paragraphs(path, found, remedy):
        try:
            paragraph, entries = _text(content, "context"), _list(content, "qas")
        except _BrokenError as error:
            found.add(f"{path}: {place}: {error}; {remedy}")
            continue
        for number, entry in enumerate(entries):
            where = f"{place}, question {number}"
            try:
                question = _question(entry, where, paragraph)
                if question.id in seen:
                    raise _BrokenError(f"question {short(question.id)} occurs twice")
            except _BrokenError as error:
                found.add(f"{path}: {where}: {error}; {remedy}")
                continue
            seen.add(question.id)
            yield question


class _BrokenError(Exception):
    """What is wrong with a part of the file."""


def _question(entry: Any, place: str, paragraph: str) -> Question:
    id_, text = _text(entry, "id"), _text(entry, "question")
    if not id_:
        raise _BrokenError("id is blank")
    answers = _list(entry, "answers") if "answers" in entry else []
    impossible = bool(entry.get("is_impossible"))
    answered = bool(paragraph and text and answers and not impossible)
    return Question(place, id_, text, paragraph, answered)


def _paragraphs(
    path: Path, found: Problems, remedy: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The place of each paragraph, counted from 0, and its content."""
    try:
        content = parsed(whole_text(path), remedy=remedy)
    except JsonError as error:
        raise HybridBatchError(f"{path}: {error}") from error
    try:
        articles = _list(content, "data")
    except _BrokenError as error:
        raise HybridBatchError(f"{path}: not in SQuAD's format ({error}); {remedy}") from error
    for number, article in enumerate(articles):
        try:
            paragraphs = _list(article, "paragraphs")
        except _BrokenError as error:
            found.add(f"{path}: article {number}: not in SQuAD's format ({error}); {remedy}")
            continue
        for count, paragraph in enumerate(paragraphs):
            yield f"article {number}, paragraph {count}", paragraph


def _value(entry: Any, key: str) -> Any:
    if not isinstance(entry, dict):
        raise _BrokenError(f"{type(entry).__name__} where an object is expected")
    if key not in entry:
        raise _BrokenError(f"key '{key}' is missing")
    return entry[key]


def _list(entry: Any, key: str) -> list[Any]:
    value = _value(entry, key)
    if not isinstance(value, list):
        raise _BrokenError(f"{key} is {type(value).__name__}, expected a list")
    return value


def _text(entry: Any, key: str) -> str:
    value = _value(entry, key)
    if key == "id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _BrokenError(f"{key} is {type(value).__name__}, expected text")
    return value.strip()
