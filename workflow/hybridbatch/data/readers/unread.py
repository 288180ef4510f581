"""Files that no reader takes, each with what to do instead.

The workflow imports this before any stage runs, so the module imports no large library.
"""

import re
from pathlib import Path
from types import MappingProxyType

from hybridbatch.data.readers.textlines import ending

_ARCHIVE = "an archive; unpack it, and name the file or folder inside"
_PACKED = "compressed in a way that is not read; unpack it, or compress it with gzip (.gz)"
_SHEET = "a spreadsheet; save it as CSV in UTF-8"
_LINES = "JSON Lines under another ending; rename it to .jsonl"
_TRANSLATIONS = (
    "a list of translations, which says nothing of questions and their passages; write a table "
    "with a row for each question and passage"
)
_PICKLE = "a format that can run code when it is read; save the data as Parquet"
_DATABASE = "a database; export the table as Parquet or CSV"
_OTHER = "another format; write it as Parquet, JSON Lines or CSV"
_INSTEAD = MappingProxyType(
    {
        **dict.fromkeys((".zip", ".tar", ".tgz", ".rar", ".7z"), _ARCHIVE),
        **dict.fromkeys((".bz2", ".xz", ".zst", ".lz4", ".br", ".lzma"), _PACKED),
        **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), _SHEET),
        **dict.fromkeys((".ndjson", ".jsonlines", ".jl"), _LINES),
        **dict.fromkeys((".tmx", ".xliff", ".xlf", ".po", ".sgm"), _TRANSLATIONS),
        **dict.fromkeys((".pkl", ".pickle", ".pt", ".joblib"), _PICKLE),
        **dict.fromkeys((".db", ".sqlite", ".sqlite3", ".duckdb"), _DATABASE),
        **dict.fromkeys((".yaml", ".yml", ".avro", ".orc", ".npy", ".npz"), _OTHER),
        ".tab": "a table with tabs under another ending; rename it to .tsv",
        ".txt": "text of no known format; rename it to .tsv, .csv or .jsonl if it is one of these",
        ".xml": "XML, which is read only as the topics of a TREC folder; write it as CSV or .jsonl",
    }
)
_POINTER = b"version https://git-lfs.github.com/"
_PAGE = re.compile(rb"\s*<(!doctype\s+html|html[\s>])", re.IGNORECASE)


def instead(path: Path) -> str:
    """What a file of an ending that is not read is, and the remedy; empty if that is not known."""
    return _INSTEAD.get(ending(path), "")


def not_the_data(path: Path) -> str:
    """Why the first bytes of a file are not the data, with the remedy; empty if they may be.

    A pointer of Git LFS and a page that a site answers with stand where the file should be.
    """
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        head = file.read(256)
    if head.startswith(_POINTER):
        return "a pointer of Git LFS and not the data; run `git lfs pull` where it comes from"
    if _PAGE.match(head):
        return "a web page and not the data; download the file itself, its raw form"
    return ""
