"""Topics of TREC in XML: `<topic number="1">` with a query, or `<top>` with num and title."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.problems import Problems
from hybridbatch.data.readers.rows import Rows
from hybridbatch.data.readers.textlines import BOM, opened, whole_text

_TOPICS = ("topic", "top", "query")
_IDS = ("number", "num", "id", "qid")
_START = re.compile(rb"\s*<(\?xml|topics?|queries)[\s>]", re.I)
# The text of a topic without fields of its own.
_TEXT = "text"


def is_xml(path: Path) -> bool:
    """Whether a file begins as XML does; `<top>` at its begin is the older format."""
    with opened(path) as file:
        return _START.match(file.read(4096).removeprefix(BOM)) is not None


def read_xml_topics(path: Path, found: Problems) -> Rows:
    """A row for each topic: `query_id`, and a column for each of its elements.

    White space is joined. Elements inside of an element are part of its text.

    Raises:
        HybridBatchError: the file is not well-formed, declares entities, or holds no topic.
    """
    text = whole_text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise HybridBatchError(f"{path}: XML with a document type; remove the lines of <!DOCTYPE>")
    try:
        # The encoding was decoded above; a declaration of another one would be refused.
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml.*?\?>", "", text, flags=re.S))
    except ElementTree.ParseError as error:
        raise HybridBatchError(f"{path}: not well-formed XML ({error}); correct it") from error
    topics = [each for each in root.iter() if _name(each) in _TOPICS and each is not root]
    topics = [each for each in topics if _name(each) == _name(topics[0])]
    if not topics:
        raise HybridBatchError(f"{path}: no <topic> in the XML; it should hold at least one")
    rows = [_fields(topic) for topic in topics]
    for number, row in enumerate(rows, start=1):
        if "query_id" not in row:
            found.add(f"{path}: topic {number} has no number; give it `number`")
    names = dict.fromkeys(("query_id", *(name for row in rows for name in row)))
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in names}
    places = [f"topic {number}" for number in range(1, len(rows) + 1)]
    return Rows(path, columns, len(rows), places=places, texts=True)


def _fields(topic: ElementTree.Element) -> dict[str, str]:
    parts = {_name(part): _joined(part) for part in topic}
    given = {name.lower(): value.strip() for name, value in topic.attrib.items()} | parts
    number = next((given[name] for name in _IDS if given.get(name)), None)
    found = {name: value for name, value in parts.items() if name not in _IDS}
    if not found:
        found = {_TEXT: _joined(topic)}
    return found if number is None else {"query_id": number} | found


def _joined(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _name(element: ElementTree.Element) -> str:
    """The name in lower case, without a name space and CLEF's language (`DE-title`)."""
    name = str(element.tag).rpartition("}")[2].lower()
    return re.sub(r"^[a-z]{2}-", "", name)
