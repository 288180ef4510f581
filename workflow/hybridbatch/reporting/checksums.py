"""SHA-256 of the files that the report's figures come from."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checksum:
    """A file, what it is, and its SHA-256 as 64 hexadecimal digits."""

    kind: str
    path: str
    sha256: str


def input_checksums(
    results: Path,
    *,
    raw_files: Iterable[tuple[str, ...]],
    benchmarks: Iterable[str],
    sources: Iterable[str],
) -> tuple[Checksum, ...]:
    """The pinned raw files, (path, SHA-256) each, then the files of prepared data.

    Paths of prepared data are relative to `results`; missing files are left out.
    """
    found = [Checksum("raw file", path, digest) for path, digest in raw_files]
    folders = [("benchmark", results / "benchmarks" / name, "*.parquet") for name in benchmarks]
    folders += [("training pairs", results / "pairs", f"{name}.parquet") for name in sources]
    for kind, folder, pattern in folders:
        for path in sorted(folder.glob(pattern)):
            relative = path.relative_to(results).as_posix()
            found.append(Checksum(kind, relative, _sha256(path)))
    return tuple(found)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
