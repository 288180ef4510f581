"""Pairs of a question and its paragraph from files in SQuAD's format.

It reads SQuADShifts, a data set for validation. The passage is the whole paragraph: unlike
LAReQA's, these files have no sentence breaks, and with a sentence splitter the answers would depend
on the splitter.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ParagraphPair:
    """A question and the paragraph that answers it; `item_id` is `{file}:{id of the question}`."""

    item_id: str
    question: str
    passage: str


def read_files(paths: Iterable[Path]) -> tuple[ParagraphPair, ...]:
    """The pairs of files in SQuAD's format, in the order given.

    White space around a text is removed. Questions without text, or without an answer, are left
    out and counted in the log.

    Raises:
        HybridBatchError: there is no file or no pair, a file is not in the format, or a question
            occurs twice; the message names the file and the place.
    """
    pairs = [pair for path in paths for pair in _read_file(path)]
    if not pairs:
        raise HybridBatchError("--input: no question with an answer; give files in SQuAD's format")
    return tuple(pairs)


def _read_file(path: Path) -> Iterator[ParagraphPair]:
    left_out, seen = 0, set()
    for place, content in _paragraphs(path):
        try:
            passage = _text(content, "context")
            for entry in content["qas"]:
                question_id, question = _text(entry, "id"), _text(entry, "question")
                if question_id in seen:
                    raise ValueError(f"question {question_id} occurs twice")
                seen.add(question_id)
                if passage and question and entry["answers"]:
                    yield ParagraphPair(f"{path.stem}:{question_id}", question, passage)
                else:
                    left_out += 1
        except (KeyError, TypeError, ValueError) as error:
            raise HybridBatchError(
                f"{path}: {place}: {_explain(error)}; download the file again"
            ) from error
    if left_out:
        logger.info("%s: %d questions without text or answer left out", path.name, left_out)


def _paragraphs(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """The place of each paragraph, counted from 0, and its content."""
    try:
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        return [
            (f"article {article}, paragraph {number}", content)
            for article, entry in enumerate(articles)
            for number, content in enumerate(entry["paragraphs"])
        ]
    except OSError as error:
        raise HybridBatchError(f"{path}: cannot be read ({error.strerror})") from error
    except (KeyError, TypeError, ValueError) as error:
        raise HybridBatchError(
            f"{path}: not in SQuAD's format ({_explain(error)}); download it again"
        ) from error


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str):
        raise ValueError(f"{key} is {type(value).__name__}, expected text")
    return value.strip()


def _explain(error: Exception) -> str:
    return f"key {error} is missing" if isinstance(error, KeyError) else str(error)
