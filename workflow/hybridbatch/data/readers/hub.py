"""Data files of a data set on the Hugging Face hub, pinned to a commit and checked.

Only data files are downloaded. Loading scripts are never fetched and never run.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.layouts import ENDINGS
from hybridbatch.data.readers.textlines import GZIP

PREFIX = "hf://"
_ADDRESS = re.compile(r"(?:datasets/)?([\w.-]+(?:/[\w.-]+)?)@([^/]+)((?:/[^/]+)*)")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def parse_address(address: str) -> tuple[str, str, str]:
    """Repository, commit and folder of `hf://org/name@COMMIT` or `hf://org/name@COMMIT/folder`.

    Raises:
        HybridBatchError: it has another form, or no commit of 40 hexadecimal digits.
    """
    match = _ADDRESS.fullmatch(address.removeprefix(PREFIX))
    if match is None:
        raise HybridBatchError(
            f"{address}: write hf://org/name@COMMIT, with the commit of the data set's files"
        )
    repository, commit, folder = match.groups()
    if not _COMMIT.fullmatch(commit):
        raise HybridBatchError(
            f"{address}: {commit!r} is no commit; branches and tags change: write the 40 digits "
            f"that the hub shows under 'Files and versions'"
        )
    return repository, commit, folder.strip("/")


@contextmanager
def downloaded(address: str) -> Iterator[Path]:
    """The data files of a data set in a temporary folder, each checked against the hub's digest.

    Raises:
        HybridBatchError: the address is wrong, the hub cannot be reached, there are no data files,
            or a file has another digest than the hub states.
    """
    repository, commit, inside = parse_address(address)
    # The hub's client is slow to import, and only this source needs it.
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    with TemporaryDirectory(prefix="hybridbatch-hub-") as temporary:
        try:
            info = HfApi().dataset_info(repository, revision=commit, files_metadata=True)
            chosen = [each for each in info.siblings or [] if _is_data(each.rfilename, inside)]
            for each in chosen:
                path = Path(
                    hf_hub_download(
                        repository,
                        each.rfilename,
                        repo_type="dataset",
                        revision=commit,
                        local_dir=temporary,
                    )
                )
                _check_digest(path, each.lfs.sha256 if each.lfs else None, each.blob_id)
        except RepositoryNotFoundError as error:
            raise HybridBatchError(
                f"{address}: the hub has no such data set or commit; correct it"
            ) from error
        except (HfHubHTTPError, OSError) as error:
            raise HybridBatchError(
                f"{address}: the hub cannot be reached ({type(error).__name__}); download the "
                f"files elsewhere and import their folder"
            ) from error
        if not chosen:
            raise HybridBatchError(
                f"{address}: no files that end in {', '.join(ENDINGS)}; loading scripts are not run"
            )
        yield Path(temporary, inside)


def _is_data(name: str, folder: str) -> bool:
    path = Path(name.lower().removesuffix(GZIP))
    inside = not folder or name.startswith(f"{folder}/") or name == folder
    return inside and path.suffix in ENDINGS and not path.name.startswith((".", "dataset_infos"))


def _check_digest(path: Path, sha256: str | None, blob_id: str | None) -> None:
    """Compare with the SHA-256 of a large file, or the SHA-1 of a small one as a git blob."""
    if sha256:
        same = sha256_file(path) == sha256
    else:
        content = path.read_bytes()
        header = f"blob {len(content)}\0".encode()
        same = hashlib.sha1(header + content).hexdigest() == blob_id
    if not same:
        raise HybridBatchError(f"{path.name}: not the file that the hub states; try again")
