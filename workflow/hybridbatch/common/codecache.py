"""Caches on disk what `codehash` reads from each module.

An entry's key is a hash of the module's text, so that an edited module never gets an old entry. The
cache is optional: if it is missing, damaged or not writable, the modules are parsed again.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybridbatch.common import codehash, ignored_texts
from hybridbatch.common.codehash import Module, Parse, Source

# Above this many entries, only those of the current texts are kept.
_MOST = 2000
_Entries = dict[str, Module]


@contextmanager
def remembered(path: Path) -> Iterator[Parse]:
    """Yield a `parse` for `code_hash` that uses the cache at `path`; add new modules to it.

    Several processes may do so at once: each replaces the whole file.
    """
    reader = _reader()
    known = _read(path)
    used: _Entries = {}

    def parse(source: Source) -> Module:
        key = _key(source, reader)
        used[key] = known.get(key) or codehash.parse(source)
        return used[key]

    yield parse
    if not used.keys() <= known.keys():
        _write(path, used)


def _key(source: Source, reader: str) -> str:
    head = f"{reader}\n{source.name}\n{source.parent}\n".encode()
    return hashlib.sha256(head + source.text).hexdigest()


def _reader() -> str:
    """Identifies the parser: if its code or the Python version changes, no old entry is used."""
    own = (Path(str(module.__file__)).read_bytes() for module in (codehash, ignored_texts))
    digests = " ".join(hashlib.sha256(text).hexdigest() for text in own)
    return f"{sys.version} {digests}"


def _read(path: Path) -> _Entries:
    try:
        checksum, _, body = path.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            return {}
        entries = json.loads(body)
        return {
            key: Module(digest, tuple(imports), tuple(data))
            for key, (digest, imports, data) in entries.items()
        }
    except (OSError, ValueError, TypeError):
        return {}  # no cache yet, an unreadable one, or one of another form


def _write(path: Path, used: _Entries) -> None:
    from hybridbatch.common.artifacts import atomic_file  # seldom needed, and slow to import

    entries = {**_read(path), **used}  # another process may have written since
    if len(entries) > _MOST:
        entries = used
    plain = {key: (module.digest, module.imports, module.data) for key, module in entries.items()}
    body = json.dumps(plain, sort_keys=True).encode()
    try:
        with atomic_file(path) as temporary:
            temporary.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    except OSError:
        return  # a folder without the right to write, or a full disk
