"""Topics, judgements and collections in TREC's formats, as rows."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hybridbatch.data.readers.csvrows import read_separated
from hybridbatch.data.readers.layouts import ARROW, JSON, PARQUET
from hybridbatch.data.readers.problems import Problems
from hybridbatch.data.readers.rows import Rows
from hybridbatch.data.readers.tabular import read_rows
from hybridbatch.data.readers.textlines import decoded, ending, numbered_lines, whole_text
from hybridbatch.data.readers.xmltopics import is_xml, read_xml_topics

_TOP = re.compile(r"<top(?:\s[^<>]*)?>(.*?)</top>", re.S | re.I)
_DOC = re.compile(r"<doc>(.*?)</doc>", re.S | re.I)
# A field ends at its own mark, at that of another, or at any mark that begins a line; a `<` in its
# text does not end it. CLEF names fields with their language: `<DE-title>`.
_NAMES = r"(?:[a-z]{2}-)?(num|title|desc|narr)"
_FIELD = re.compile(
    rf"<{_NAMES}>\s*(?:(?:Number|Topic|Description|Narrative)\s*:)?(.*?)"
    rf"(?=</?{_NAMES}>|^\s*</?[a-z-]+>|\Z)",
    re.I | re.S | re.M,
)
_ID_NAMES = (b"id", b"_id", b"qid", b"query_id", b"query-id", b"docid", b"pid", b"passage_id")
_QRELS = ("query_id", "iteration", "passage_id", "relevance")


def read_topics(path: Path, found: Problems) -> Rows:
    """Topics: XML, `<top>` with num, title, desc and narr, or lines of id, tab and text.

    Of `<top>` the title is the query, of XML the `query` or else the title, unless `columns` names
    another.
    """
    if ending(path) in (*JSON, *PARQUET, *ARROW):
        return read_rows(path, found)
    if is_xml(path):
        return read_xml_topics(path, found)
    if _is_marked(path, "<top"):
        return _marked(path, _TOP, _topic, ("query_id", "title", "desc", "narr"), found)
    return _lines(path, ("query_id", "text"), found)


def read_judgements(path: Path, found: Problems) -> Rows:
    """Lines of topic, iteration, document and relevance, separated by white space."""
    if ending(path) in (*JSON, *PARQUET, *ARROW):
        return read_rows(path, found)
    if ending(path) == ".csv":
        return read_separated(path, found)
    columns: dict[str, list[Any]] = {name: [] for name in _QRELS}
    lines = []
    for number, line in numbered_lines(path):
        fields = decoded(line, f"{path}: line {number}").split()
        if not fields:
            continue
        if len(fields) != len(_QRELS):
            found.add(
                f"{path}: line {number} has {len(fields)} columns, expected 4: topic, iteration, "
                f"document and relevance; correct it"
            )
            continue
        lines.append(number)
        for name, value in zip(_QRELS, fields, strict=True):
            columns[name].append(value)
    return Rows(path, columns, len(lines), lines=lines, texts=True)


def read_collection(path: Path, found: Problems) -> Rows:
    """Documents: `<DOC>`, JSON Lines, or lines of id, tab and text (or id, title and text)."""
    if ending(path) in (*JSON, *PARQUET, *ARROW):
        return read_rows(path, found)
    if _is_marked(path, "<doc>"):
        return _marked(path, _DOC, _document, ("passage_id", "title", "text"), found)
    first = next((line for _, line in numbered_lines(path) if line.strip()), b"")
    names = ("passage_id", "title", "text") if first.count(b"\t") == 2 else ("passage_id", "text")
    return _lines(path, names, found)


def _lines(path: Path, names: Sequence[str], found: Problems) -> Rows:
    """The rows of a file of tabs, with or without a header, or of a `.csv` file with one."""
    first = next((line for _, line in numbered_lines(path) if line.strip()), b"")
    named = first.split(b"\t")[0].strip().lower() in _ID_NAMES
    if ending(path) == ".csv" or named:
        return read_separated(path, found)
    return read_separated(path, found, header=names)


def _is_marked(path: Path, mark: str) -> bool:
    head = b"".join(line for number, line in numbered_lines(path) if number < 50)
    return mark.encode() in head.lower()


def _marked(
    path: Path,
    pattern: re.Pattern[str],
    read: Callable[[str], dict[str, str]],
    names: Sequence[str],
    found: Problems,
) -> Rows:
    """The marked entries of a file; text between them is refused, as it may be a damaged entry."""
    text = whole_text(path)
    columns: dict[str, list[Any]] = {name: [] for name in names}
    lines, end, line = [], 0, 1
    for match in pattern.finditer(text):
        between = text[end : match.start()]
        if between.strip() and not re.fullmatch(r"\s*(<[^>]*>\s*)*", between):
            found.add(f"{path}: line {line}: text outside of an entry; look for a missing mark")
        line += between.count("\n")
        if match[0][:5].lower() in match[1].lower():
            found.add(
                f"{path}: line {line}: an entry begins inside another; look for a missing mark"
            )
        entry = read(match[1])
        lines.append(line)
        for name in names:
            columns[name].append(entry.get(name))
        line += match[0].count("\n")
        end = match.end()
    if text[end:].strip() and not re.fullmatch(r"\s*(</[^>]*>\s*)*", text[end:]):
        found.add(f"{path}: line {line}: text outside of an entry; look for a missing mark")
    return Rows(path, columns, len(lines), lines=lines, texts=True)


def _topic(text: str) -> dict[str, str]:
    found = ((field[1].lower(), " ".join(field[2].split())) for field in _FIELD.finditer(text))
    fields = dict(found)
    return {"query_id" if name == "num" else name: value for name, value in fields.items()}


def _document(text: str) -> dict[str, str]:
    def inside(name: str) -> str | None:
        values = re.findall(rf"<{name}>(.*?)</{name}>", text, re.S | re.I)
        return "\n".join(value.strip() for value in values) if values else None

    found = {"passage_id": inside("docno"), "title": inside("title") or "", "text": inside("text")}
    return {name: value for name, value in found.items() if value is not None}
