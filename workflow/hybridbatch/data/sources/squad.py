"""Pairs of a question and its paragraph from files in SQuAD's format.

It reads SQuADShifts, a data set for validation. The passage is the whole paragraph: unlike
LAReQA's, these files have no sentence breaks, and with a sentence splitter the answers would depend
on the splitter.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.problems import Problems
from hybridbatch.data.readers.squadfiles import questions

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
    found = Problems()
    every = list(questions(path, found, remedy="download the file again"))
    found.raise_any()
    kept = [each for each in every if each.answered]
    if len(kept) < len(every):
        left = len(every) - len(kept)
        logger.info("%s: %d questions without text or answer left out", path.name, left)
    for each in kept:
        yield ParagraphPair(f"{path.stem}:{each.id}", each.question, each.paragraph)
