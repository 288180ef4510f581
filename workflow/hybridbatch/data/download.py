"""Stage `download`: fetch one raw file from a mirror or from upstream, and check it.

A mirror is a folder or a URL that has each file under the host and path of its upstream URL.
"""

import argparse
import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from hybridbatch.common.artifacts import atomic_file
from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.progress import Progress
from hybridbatch.data.mirrors import VARIABLE, choose_mirror, mirror_folder

_CHUNK_BYTES = 1 << 18
_LONGEST_WAIT_SECONDS = 30.0
_REMEDY = (
    f"set `mirror:` in the config, or {VARIABLE}, to a folder or URL "
    "that holds the files as host/path"
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The file to fetch.

    Attributes:
        path: host and path of its URL.
        sha256: its SHA-256 in hexadecimal.
        size: in bytes; null in lists of checksums, which have none.
    """

    path: str
    sha256: str
    size: int | None = None


@dataclass(frozen=True)
class Patience:
    """The number of tries, the time to wait for a reply, and the pauses between tries.

    `backoff` is the first pause in seconds; each further pause is twice as long, up to 30 seconds.
    `timeout` is (connect, read) in seconds.
    """

    attempts: int = 6
    backoff: float = 1.0
    timeout: tuple[float, float] = (10.0, 60.0)


class _Transient(Exception):  # noqa: N818 - it causes another try and never leaves this module
    """A failure that may be temporary."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hybridbatch download`."""
    parser.add_argument("--output", type=Path, required=True, help="path of the fetched file")
    parser.add_argument("--mirror", help=f"folder or URL; {VARIABLE} overrides it")


def run(args: argparse.Namespace) -> None:
    """Fetch the file of the options."""
    options = options_from_json(Options, args.options)
    fetch(options, output=args.output, mirror=choose_mirror(args.mirror, os.environ))


def fetch(
    options: Options,
    *,
    output: Path,
    mirror: str | None = None,
    patience: Patience | None = None,
) -> None:
    """Write the file to `output` if it is complete and correct; otherwise write nothing.

    The download is tried again after connection failures, incomplete bodies, HTTP 5xx and 429.

    Raises:
        HybridBatchError: the file is missing, has another size or digest, or cannot be reached.
    """
    patience = patience or Patience()
    folder = mirror_folder(mirror)
    if folder is not None and not folder.is_dir():
        raise HybridBatchError(f"mirror {mirror}: no such folder; {_REMEDY}")
    with atomic_file(output) as temporary:
        if folder is not None:
            _copy(options, folder, temporary)
        else:
            _download(options, mirror, temporary, patience)
    logger.info("%s: SHA-256 as pinned", options.path.rpartition("/")[2])


def _copy(options: Options, folder: Path, target: Path) -> None:
    source = folder / options.path
    if not source.is_file():
        raise _not_in_mirror(options, str(source))
    size = source.stat().st_size
    if options.size not in (None, size):
        raise _wrong_content(options, str(source), digest=sha256_file(source), size=size)
    try:
        with source.open("rb") as handle:
            chunks = iter(lambda: handle.read(_CHUNK_BYTES), b"")
            received, digest = _receive(chunks, options, str(source), target, total=size)
    except OSError as error:
        raise HybridBatchError(f"{source}: cannot be copied ({error.strerror})") from error
    if digest != options.sha256:
        raise _wrong_content(options, str(source), digest=digest, size=received)


def _download(options: Options, mirror: str | None, target: Path, patience: Patience) -> None:
    base = "https:/" if mirror is None else mirror.rstrip("/")
    url = f"{base}/{quote(options.path)}"

    def report(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        pause = state.next_action.sleep if state.next_action else 0.0
        logger.warning(
            "%s: %s; try %d of %d in %.0f s",
            url,
            error,
            state.attempt_number + 1,
            patience.attempts,
            pause,
        )

    tries = Retrying(
        stop=stop_after_attempt(patience.attempts),
        wait=wait_exponential(multiplier=patience.backoff, max=_LONGEST_WAIT_SECONDS),
        retry=retry_if_exception_type(_Transient),
        before_sleep=report,
        reraise=True,
    )
    try:
        tries(_download_once, options, url, target, mirrored=mirror is not None, patience=patience)
    except _Transient as error:
        raise HybridBatchError(
            f"{url}: cannot be downloaded ({error}, {patience.attempts} tries); "
            f"without a network, {_REMEDY}"
        ) from error


def _download_once(
    options: Options, url: str, target: Path, *, mirrored: bool, patience: Patience
) -> None:
    with _opened(options, url, mirrored=mirrored, timeout=patience.timeout) as response:
        announced = response.headers.get("Content-Length", "")
        total = options.size or (int(announced) if announced.isdecimal() else 0)
        received, digest = _receive(_chunks(response), options, url, target, total=total)
    short = options.size is None or received < options.size
    if digest != options.sha256 and short and announced != str(received):
        # The server gave no length that matches: the body may be incomplete.
        wanted = "an unknown number of" if options.size is None else f"{options.size:,}"
        raise _Transient(f"the body ended after {received:,} of {wanted} bytes")
    if digest != options.sha256:
        raise _wrong_content(options, url, digest=digest, size=received)


@contextmanager
def _opened(
    options: Options, url: str, *, mirrored: bool, timeout: tuple[float, float]
) -> Iterator[requests.Response]:
    """The response to a GET of `url` with status 200."""
    # No compression in transit: it would hide the file's size.
    headers = {"Accept-Encoding": "identity", "User-Agent": "hybridbatch"}
    try:
        response = requests.get(url, stream=True, timeout=timeout, headers=headers)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _Transient(_reason(error)) from error
    except requests.RequestException as error:
        raise HybridBatchError(f"{url}: cannot be downloaded ({error}); {_REMEDY}") from error
    with response:
        status = response.status_code
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise _Transient(f"HTTP {status} {response.reason}")
        if status == HTTPStatus.NOT_FOUND and mirrored:
            raise _not_in_mirror(options, url)
        if status != HTTPStatus.OK:
            raise HybridBatchError(f"{url}: HTTP {status} {response.reason}; {_REMEDY}")
        yield response


def _chunks(response: requests.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_content(_CHUNK_BYTES)
    except (requests.RequestException, OSError) as error:
        raise _Transient(_reason(error)) from error


def _receive(
    chunks: Iterable[bytes], options: Options, source: str, target: Path, *, total: int
) -> tuple[int, str]:
    """Write the chunks to `target`; return their number of bytes and their SHA-256.

    `total` is the expected number of bytes for the progress lines; 0 if it is unknown.
    """
    name = options.path.rpartition("/")[2]
    progress = Progress(name, total, "bytes") if total else None
    digest, received = hashlib.sha256(), 0
    with target.open("wb") as handle:
        for chunk in chunks:
            received += len(chunk)
            if options.size is not None and received > options.size:
                raise HybridBatchError(
                    f"{options.path}: larger than the {options.size:,} bytes expected of "
                    f"SHA-256 {options.sha256}; {source} has changed, {_REMEDY}"
                )
            digest.update(chunk)
            handle.write(chunk)
            if progress is not None:
                progress.update(received)
    return received, digest.hexdigest()


def _reason(error: BaseException) -> str:
    # requests wraps the cause in a sentence on connection pools; only the cause helps the user.
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
    cause = getattr(inner, "reason", None) or inner
    words = (word for word in getattr(cause, "args", ()) if isinstance(word, str))
    return next(words, str(cause) or type(error).__name__)


def _not_in_mirror(options: Options, place: str) -> HybridBatchError:
    return HybridBatchError(
        f"{options.path}: not in the mirror, looked for {place}; put it there, or unset `mirror:` "
        f"and {VARIABLE} to download it from upstream"
    )


def _wrong_content(options: Options, source: str, *, digest: str, size: int) -> HybridBatchError:
    expected = "" if options.size is None else f" ({options.size:,} bytes)"
    return HybridBatchError(
        f"{options.path}: wrong checksum: SHA-256 {digest} ({size:,} bytes), expected "
        f"{options.sha256}{expected}; {source} is damaged or has changed, "
        f"replace it or use another mirror"
    )
