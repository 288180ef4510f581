"""The lines of text files, plain or gzip, with errors that name the line."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from hybridbatch.common.errors import HybridBatchError

GZIP = ".gz"
BOM = b"\xef\xbb\xbf"


def ending(path: Path) -> str:
    """The ending that tells the format, in lower case and without `.gz`: `.jsonl`."""
    name = path.name.lower().removesuffix(GZIP)
    return Path(name).suffix


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading; what is damaged in a gzip file becomes a HybridBatchError.

    Raises:
        HybridBatchError: the file is missing, or its compression is damaged.
    """
    if not path.is_file():
        raise HybridBatchError(f"{path}: no such file; correct the path")
    try:
        with path.open("rb") as plain:
            if path.name.lower().endswith(GZIP):
                with gzip.GzipFile(fileobj=plain) as unpacked:
                    yield cast(IO[bytes], unpacked)
            else:
                yield plain
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise HybridBatchError(
            f"{path}: cannot be unpacked ({error}); restore it from where it came from"
        ) from error


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, each with its number from 1; a byte order mark is left out."""
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            yield number, line.removeprefix(BOM) if number == 1 else line


def decoded(line: bytes, origin: str) -> str:
    """The text of a line.

    Raises:
        HybridBatchError: it is not UTF-8; `origin` names file and line.
    """
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(origin) from error


def not_utf8(origin: str) -> HybridBatchError:
    """The error of a text in another encoding."""
    return HybridBatchError(f"{origin}: the text is not UTF-8; save the file as UTF-8")


def whole_text(path: Path) -> str:
    """The text of a file.

    Raises:
        HybridBatchError: it is not UTF-8; the message names the line.
    """
    with opened(path) as file:
        content = file.read().removeprefix(BOM)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise not_utf8(f"{path}: line {line}") from error
