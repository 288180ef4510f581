"""NTREX-128: news documents, translated line by line, as question-passage pairs.

A question is a line of a document; its passage is the next line. For the first line, which is
nearly always the headline, the passage is the first one or two lines of the body.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from hybridbatch.common.errors import HybridBatchError

# Code in the names of the upstream files -> ISO 639-1.
LANGUAGES = MappingProxyType(
    {
        "arb": "ar",
        "deu": "de",
        "ell": "el",
        "eng": "en",
        "spa": "es",
        "hin": "hi",
        "rus": "ru",
        "tha": "th",
        "tur": "tr",
        "vie": "vi",
        "zho-CN": "zh",
    }
)
_DOCUMENTS = "DOCUMENT_IDS.tsv"
_TEXT_FILE = re.compile(r"newstest2019-(?:src|ref)\.(.+)\.txt")
_WITHOUT_SPACES = frozenset({"zh"})  # no space between sentences; Thai has one


@dataclass(frozen=True)
class Ntrex:
    """The aligned lines of all languages; `documents` gives the document of each line."""

    documents: tuple[str, ...]
    lines: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Window:
    """The line numbers of a question and of its passage, counted from 0 over all documents."""

    document: str
    question: int
    passage: tuple[int, ...]

    @property
    def item_id(self) -> str:
        """`ntrex-128:{document}:{first line}`."""
        return f"ntrex-128:{self.document}:{self.question}"


@dataclass(frozen=True)
class NtrexPair:
    """One window in one language."""

    item_id: str
    language: str
    question: str
    passage: str


def read_files(paths: Iterable[Path]) -> Ntrex:
    """Read `DOCUMENT_IDS.tsv` and files such as `newstest2019-ref.deu.txt`.

    Raises:
        HybridBatchError: a name is unknown, a file is missing or not UTF-8, or the files have
            different numbers of lines.
    """
    documents: list[str] = []
    lines: dict[str, tuple[str, ...]] = {}
    for path in paths:
        if path.name == _DOCUMENTS:
            documents = _lines(path)
        else:
            lines[_language(path)] = tuple(_lines(path))
    if not documents:
        raise HybridBatchError(f"--input: {_DOCUMENTS} is missing; it assigns lines to documents")
    for language, texts in lines.items():
        if len(texts) != len(documents):
            raise HybridBatchError(
                f"--input: the {language} file has {len(texts)} lines and {_DOCUMENTS} "
                f"{len(documents)}; download both again"
            )
    return Ntrex(tuple(documents), MappingProxyType(dict(sorted(lines.items()))))


def windows(documents: Sequence[str]) -> Iterator[Window]:
    """Cut the lines of each document into windows that share no line.

    The window of the headline has the first line of the body, or the first two if the body has an
    even number of lines. The other windows have two lines. Therefore every line of a document of
    at least two lines is in exactly one window.

    Args:
        documents: the document of each line.
    """
    begin = 0
    for document, run in groupby(documents):
        end = begin + len(list(run))
        body = end - begin - 1
        taken = min(body, 1 if body % 2 else 2)
        if taken:
            yield Window(document, begin, tuple(range(begin + 1, begin + 1 + taken)))
        for line in range(begin + 1 + taken, end, 2):
            yield Window(document, line, (line + 1,))
        begin = end


def pairs(source: Ntrex) -> Iterator[NtrexPair]:
    """Every window in every language, except windows with a blank line in that language."""
    for window in windows(source.documents):
        for language, lines in source.lines.items():
            question = lines[window.question].strip()
            body = [lines[line].strip() for line in window.passage]
            if question and all(body):
                passage = ("" if language in _WITHOUT_SPACES else " ").join(body)
                yield NtrexPair(window.item_id, language, question, passage)


def _language(path: Path) -> str:
    match = _TEXT_FILE.fullmatch(path.name)
    if match is None or match[1] not in LANGUAGES:
        raise HybridBatchError(
            f"{path}: not one of the NTREX-128 files in use; expected {_DOCUMENTS} or "
            f"newstest2019-ref.CODE.txt with a code of {', '.join(LANGUAGES)}"
        )
    return LANGUAGES[match[1]]


def _lines(path: Path) -> list[str]:
    """The lines without line ends; only a line feed ends a line, as texts contain other breaks."""
    try:
        content = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise HybridBatchError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise HybridBatchError(f"{path}: not UTF-8 ({error}); download it again") from error
    return [line.removesuffix("\r") for line in content.removesuffix("\n").split("\n")]
