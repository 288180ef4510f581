"""Mirrors: folders or URLs that have each raw file under the host and path of its upstream URL."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from hybridbatch.common.errors import HybridBatchError

VARIABLE = "HYBRIDBATCH_MIRROR"


def choose_mirror(named: str | None, environment: Mapping[str, str]) -> str | None:
    """The mirror that the environment names, else `named`; None means upstream."""
    return environment.get(VARIABLE) or named or None


def mirror_folder(mirror: str | None, *, key: str = "mirror") -> Path | None:
    """The folder of a mirror, which may be missing; None if files come over HTTP.

    Args:
        mirror: a folder or URL; None for upstream.
        key: the first words of an error message.

    Raises:
        HybridBatchError: it is a URL of another scheme than http, https or file.
    """
    if mirror is None:
        return None
    url = urlsplit(mirror)
    if url.scheme in ("http", "https"):
        return None
    if "://" in mirror and url.scheme != "file":
        raise HybridBatchError(f"{key} {mirror}: neither a folder nor an http, https or file URL")
    return Path(url2pathname(url.path) if url.scheme == "file" else mirror).expanduser()
