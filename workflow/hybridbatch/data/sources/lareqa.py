"""XQuAD-R and MLQA-R: question answering turned into sentence retrieval (arXiv 2004.05484).

There is one JSON file per language, in SQuAD's layout with two more lists in each paragraph:
`sentences`, and `sentence_breaks`, their [begin, end) in the paragraph's text. The passages are
the sentences; the relevant sentence contains the start of the answer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import is_code
from hybridbatch.data.readers.jsontext import parsed


@dataclass(frozen=True)
class Sentence:
    """A passage. `original_id` is `{article}-{paragraph}-{sentence}`, counted from 0."""

    original_id: str
    text: str


@dataclass(frozen=True)
class Question:
    """A question and the one sentence in its language that answers it.

    `question_id` is the same in every language.
    """

    question_id: str
    text: str
    answer: Sentence


@dataclass(frozen=True)
class LareqaFile:
    """All sentences and questions of one language, in the order of the file."""

    language: str
    sentences: tuple[Sentence, ...]
    questions: tuple[Question, ...]


def read_files(paths: Iterable[Path]) -> tuple[LareqaFile, ...]:
    """Read files named `{language}.json`, in the order of their languages.

    Raises:
        HybridBatchError: a file breaks the format (see `read_file`), a language occurs twice, or
            there is no file.
    """
    files = sorted((read_file(path) for path in paths), key=lambda file: file.language)
    if not files:
        raise HybridBatchError("--input: no file; give one `{language}.json` per language")
    for one, other in pairwise(files):
        if one.language == other.language:
            raise HybridBatchError(f"--input: {one.language}.json occurs twice; give it once")
    return tuple(files)


def read_file(path: Path) -> LareqaFile:
    """Read one file named `{language}.json`.

    Raises:
        HybridBatchError: the name is not a language code, or the file is not in the format; the
            message names the file, the article and the paragraph.
    """
    language = path.stem
    if not is_code(language):
        raise HybridBatchError(
            f"{path}: {language!r} is not a language code; name the file like ar.json"
        )
    sentences: list[Sentence] = []
    questions: list[Question] = []
    for article, paragraph, content in _paragraphs(path):
        try:
            found = _sentences(content, f"{article:03d}-{paragraph:02d}")
            sentences.extend(found)
            questions.extend(_questions(content, found))
        except (KeyError, TypeError, ValueError) as error:
            raise HybridBatchError(
                f"{path}: article {article}, paragraph {paragraph}: {_explain(error)}; "
                f"download the file again"
            ) from error
    _check_unique(questions, path)
    return LareqaFile(language, tuple(sentences), tuple(questions))


def _paragraphs(path: Path) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """(article, paragraph, content) of each paragraph, counted from 0."""
    try:
        articles = parsed(path.read_text(encoding="utf-8"), remedy="it is damaged")["data"]
        numbered = [
            (article, paragraph, content)
            for article, entry in enumerate(articles)
            for paragraph, content in enumerate(entry["paragraphs"])
        ]
    except OSError as error:
        raise HybridBatchError(f"{path}: cannot be read ({error.strerror})") from error
    except (KeyError, TypeError, ValueError) as error:
        raise HybridBatchError(
            f"{path}: not a LAReQA file ({_explain(error)}); download it again"
        ) from error
    yield from numbered


def _sentences(content: Mapping[str, Any], prefix: str) -> list[Sentence]:
    texts, breaks = content["sentences"], content["sentence_breaks"]
    if len(texts) != len(breaks):
        raise ValueError(f"{len(texts)} sentences but {len(breaks)} sentence_breaks")
    for number, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"sentence {number} is empty")
    return [Sentence(f"{prefix}-{number:02d}", text) for number, text in enumerate(texts)]


def _questions(content: Mapping[str, Any], sentences: Sequence[Sentence]) -> Iterator[Question]:
    breaks = content["sentence_breaks"]
    for entry in content["qas"]:
        question_id, text = entry["id"], entry["question"]
        if not isinstance(question_id, str) or not question_id.strip():
            raise ValueError("a question has no id")
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"question {question_id} has no text")
        if not entry["answers"]:
            raise ValueError(f"question {question_id} has no answer")
        start = entry["answers"][0]["answer_start"]
        # The breaks only locate the answer; the text comes from `sentences`. In two sentences of
        # the Turkish XQuAD-R, the breaks cut the paragraph differently.
        holding = [i for i, (begin, end) in enumerate(breaks) if begin <= start < end]
        if len(holding) != 1:
            raise ValueError(
                f"question {question_id}: its answer starts at {start}, in {len(holding)} sentences"
            )
        yield Question(question_id, text, sentences[holding[0]])


def _check_unique(questions: Sequence[Question], path: Path) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.question_id in seen:
            raise HybridBatchError(
                f"{path}: question {question.question_id} occurs twice; download the file again"
            )
        seen.add(question.question_id)


def _explain(error: Exception) -> str:
    return f"key {error} is missing" if isinstance(error, KeyError) else str(error)
