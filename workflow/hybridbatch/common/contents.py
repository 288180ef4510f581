"""Digests of files from outside the workflow, by their content.

A large file is read once. Its digest is kept with its size, inode, mtime and ctime, and computed
again when one of them differs. A program cannot set the ctime, so a file that was replaced under
its old mtime (`cp -p`, `rsync -t`, `tar`) is noticed. Not noticed is a change on a file system that
keeps no ctime (some network shares), or by writing to the raw disk. Files below 1 MB are read every
time.
"""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from hybridbatch.common.artifacts import atomic_file
from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError

# Beside Snakemake's own records of the working folder.
CACHE = Path(".snakemake/hybridbatch/contents.json")
_SMALL = 2**20


class ContentDigests:
    """SHA-256 of files and folders, with the digests of large files kept in `cache`."""

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._known: dict[str, list[Any]] | None = None

    def of(self, path: Path) -> str:
        """`sha256:` and 64 hexadecimal digits: of a file, or of all files of a folder.

        A folder's digest covers the relative paths and contents of its files, except hidden ones.

        Raises:
            HybridBatchError: the path is missing or cannot be read.
        """
        try:
            if not path.is_dir():
                return f"sha256:{self._of_file(path)}"
            digest = hashlib.sha256()
            for file in sorted(path.rglob("*")):
                name = file.relative_to(path)
                if file.is_file() and not any(part.startswith(".") for part in name.parts):
                    digest.update(f"{name.as_posix()}\0{self._of_file(file)}\n".encode())
            return f"sha256:{digest.hexdigest()}"
        except OSError as error:
            raise HybridBatchError(f"{path}: cannot be read ({error.strerror})") from error

    def _of_file(self, path: Path) -> str:
        facts = path.stat()
        if facts.st_size < _SMALL or self._cache is None:
            return sha256_file(path)
        mark = [facts.st_size, facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns]
        key, known = str(path.resolve()), self._load()
        if key not in known or known[key][:-1] != mark:
            known[key] = [*mark, sha256_file(path)]
            self._save()
        digest: str = known[key][-1]
        return digest

    def _load(self) -> dict[str, list[Any]]:
        if self._known is None:
            self._known = {}
            # A damaged cache counts as empty.
            with contextlib.suppress(OSError, ValueError):
                assert self._cache is not None
                values = json.loads(self._cache.read_text(encoding="utf-8"))
                if isinstance(values, dict):
                    self._known = {k: v for k, v in values.items() if _is_entry(v)}
        return self._known

    def _save(self) -> None:
        assert self._cache is not None
        # If the cache cannot be written, the next process reads the file again.
        with contextlib.suppress(OSError), atomic_file(self._cache) as temporary:
            temporary.write_text(json.dumps(self._known), encoding="utf-8")


def _is_entry(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 5
        and isinstance(value[-1], str)
        and len(value[-1]) == 64
    )
