"""MIRACL (TACL 2023, arXiv 2210.09984): topics, judgements and the corpus of each language.

Each language and split has two tab-separated files, without header and without quoting. The corpus
of a language is `docs-0.jsonl.gz`, `docs-1.jsonl.gz` and so on, with one JSON object per line:
`docid`, `title` and `text`. Languages use the same ids for different queries and passages.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.jsontext import JsonError, parsed

Row = Mapping[str, object]

_CORPUS = "huggingface.co/datasets/miracl/miracl-corpus/resolve/main"
_DOCS = re.compile(r"(?:^|/)miracl-corpus-v1\.0-([a-z]{2,3})/docs-(\d+)\.jsonl\.gz$")
_QUERY_FILE = re.compile(r"^(topics|qrels)\.miracl-v1\.0-([a-z]{2,3})-dev\.tsv$")
_CHECKSUM = re.compile(r"^([0-9a-fA-F]{64})[ \t]+\*?(.+?)\s*$")


def corpus_path(language: str, number: int) -> str:
    """The host and path of a corpus file in its upstream URL."""
    return f"{_CORPUS}/miracl-corpus-v1.0-{language}/docs-{number}.jsonl.gz"


def corpus_checksums(path: Path, languages: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The SHA-256 of the corpus files of each language, in the order of their numbers.

    Args:
        path: a list in the format of `sha256sum`; files that are not of a corpus are ignored.
        languages: the languages to return.

    Raises:
        HybridBatchError: the list cannot be read, lacks a file, or has two digests of one file.
    """
    found: dict[tuple[str, int], str] = {}
    for digest, name in _read_checksums(path):
        if match := _DOCS.search(name):
            key = (match[1], int(match[2]))
            if found.get(key, digest) != digest:
                raise HybridBatchError(f"{path}: {name} occurs twice; keep the right line")
            found[key] = digest
    digests = {}
    for language in languages:
        numbers = sorted(number for code, number in found if code == language)
        missing = next((i for i in range(len(numbers) + 1) if i not in numbers), 0)
        if missing < len(numbers) or not numbers:
            wanted = corpus_path(language, missing)
            raise HybridBatchError(
                f"{path}: no checksum of {wanted}; add the line that `sha256sum` writes for it"
            )
        digests[language] = tuple(found[language, number] for number in numbers)
    return digests


def query_files(paths: Sequence[Path]) -> dict[str, tuple[Path, Path]]:
    """(topics, qrels) of each language, by the names of the files.

    Raises:
        HybridBatchError: a name is not a MIRACL name, occurs twice or lacks its counterpart.
    """
    found: dict[tuple[str, str], Path] = {}
    for path in paths:
        match = _QUERY_FILE.match(path.name)
        if match is None or (match[2], match[1]) in found:
            raise HybridBatchError(
                f"{path}: expected one topics.miracl-v1.0-LANGUAGE-dev.tsv and one qrels file of "
                f"each language"
            )
        found[match[2], match[1]] = path
    languages = sorted({language for language, _ in found})
    for language in languages:
        for kind in ("topics", "qrels"):
            if (language, kind) not in found:
                name = f"{kind}.miracl-v1.0-{language}-dev.tsv"
                raise HybridBatchError(f"--input: {name} is missing; give it too")
    return {code: (found[code, "topics"], found[code, "qrels"]) for code in languages}


def read_topics(path: Path, language: str) -> Iterator[Row]:
    """Rows of the schema QUERIES. Queries are not parallel: each is a separate item."""
    for number, (original, text) in _read_tsv(path, columns=2):
        if not text.strip():
            raise HybridBatchError(f"{path}: line {number}: the query is blank; download it again")
        query_id = f"{language}:{original}"
        yield {"query_id": query_id, "item_id": query_id, "language": language, "text": text}


def read_qrels(path: Path, language: str) -> Iterator[Row]:
    """Rows of the schema QRELS, including the passages judged not relevant."""
    for number, (query, _, passage, relevance) in _read_tsv(path, columns=4):
        if not relevance.isdecimal():
            raise HybridBatchError(
                f"{path}: line {number}: the relevance is {relevance!r}, not a number; "
                f"download it again"
            )
        yield {
            "query_id": f"{language}:{query}",
            "passage_id": f"{language}:{passage}",
            "relevance": int(relevance),
        }


def read_documents(path: Path, language: str) -> Iterator[Row]:
    """Rows of the schema PASSAGES from one corpus file, one after the other, without blank lines.

    Raises:
        HybridBatchError: the file is truncated or not gzip, or a line is not an object with docid,
            title and text; the message names the line, counted from 1.
    """
    number = 0
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    yield _document(line, language)
    except (OSError, EOFError, zlib.error) as error:
        raise HybridBatchError(
            f"{path}: line {number + 1}: cannot be unpacked ({error}); download it again"
        ) from error
    except JsonError as error:
        raise HybridBatchError(f"{path}: line {number}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        what = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise HybridBatchError(f"{path}: line {number}: {what}; download it again") from error


def _document(line: bytes, language: str) -> Row:
    content = parsed(line.decode("utf-8"), remedy="download it again")
    docid, title, text = content["docid"], content["title"], content["text"]
    for name, value in (("docid", docid), ("title", title), ("text", text)):
        if not isinstance(value, str):
            raise TypeError(f"{name} is {value!r}, expected a string")
    if not docid or any(character.isspace() for character in docid):
        raise ValueError(f"docid is {docid!r}, expected one word")
    return {
        "passage_id": f"{language}:{docid}",
        "language": language,
        "title": title.strip(),
        "text": text,
    }


def _read_tsv(path: Path, *, columns: int) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of a file without header; quotation marks have no special meaning."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise HybridBatchError(f"{path}: cannot be read ({error}); download it again") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = line.removesuffix("\r").split("\t")
        if len(fields) != columns:
            raise HybridBatchError(
                f"{path}: line {number}: {len(fields)} columns, expected {columns} separated by "
                f"tabs; download it again"
            )
        yield number, fields


def _read_checksums(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise HybridBatchError(
            f"{path}: cannot be read ({error}); name a SHA256SUMS file"
        ) from error
    for line in lines:
        if match := _CHECKSUM.match(line):
            yield match[1].lower(), match[2]
