"""Checks downloads again when a stage reads them, because a disk may damage them."""

from pathlib import Path

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.records import REMEDY
from hybridbatch.data.sources import catalog
from hybridbatch.planning import paths


def check_download(path: Path, digest: str) -> None:
    """Check a file that a stage reads against the catalog, if it is one of its downloads.

    Files that the catalog does not pin, such as those of MIRACL's corpus, are not checked here:
    gzip has its own checksums.

    Args:
        path: the file, relative to the working folder.
        digest: its digest, as `ContentDigests` writes it.

    Raises:
        HybridBatchError: its content is not what was downloaded.
    """
    if not path.is_relative_to(paths.RAW):
        return
    name = path.relative_to(paths.RAW).as_posix()
    pinned = {file.path: file.sha256 for file in catalog.pinned_files()}.get(name)
    if pinned is not None and digest != f"sha256:{pinned}":
        raise HybridBatchError(f"{path}: damaged, its SHA-256 is not the pinned one; {REMEDY}")
