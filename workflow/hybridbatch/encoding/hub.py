"""Models of the Hugging Face hub: downloaded at a revision, and checked against its digests."""

import glob
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.model_folder import FIRST, used_names
from hybridbatch.encoding.refusals import refuse_unsupported

# The packages from which versions of the client raise errors of the network.
_CLIENTS = ("httpx", "httpx2", "requests")


def download_hub(model: str, folder: Path) -> None:
    """Download `org/name@revision` and check every file's digest.

    Only the files that the project uses are fetched, the small ones that may refuse the model
    before its weights.

    Raises:
        HybridBatchError: the hub cannot be reached or has no such revision, the model declares what
            is not supported, or a file is not the one that the hub describes.
    """
    repository, _, revision = model.partition("@")
    shown = f"model {model}"
    remedy = "download the repository elsewhere and set `model:` to its folder"
    with hub_errors(shown, missing="correct `model:`", unreachable=remedy):
        info = HfApi().model_info(repository, revision=revision, files_metadata=True)
        siblings = {sibling.rfilename: sibling for sibling in info.siblings or []}

        def fetch(names: Iterable[str]) -> None:
            wanted = [name for name in names if name in siblings]
            snapshot_download(
                repository,
                revision=info.sha,
                allow_patterns=[glob.escape(name) for name in wanted],
                local_dir=folder,
            )
            for name in wanted:
                large = siblings[name].lfs
                _check_digest(
                    folder / name,
                    sha256=large.sha256 if large else None,
                    blob_id=siblings[name].blob_id,
                    model=model,
                )

        fetch(FIRST)
        refuse_unsupported(folder, origin=shown)
        fetch(used_names(folder, origin=shown, there=siblings.__contains__))
    shutil.rmtree(folder / ".cache", ignore_errors=True)


@contextmanager
def hub_errors(
    origin: str, *, missing: str, unreachable: str, refused: str = "try again later"
) -> Iterator[None]:
    """Turn failures of the hub's client into one line.

    Args:
        origin: how the line begins.
        missing: the remedy where there is no such repository.
        unreachable: the remedy where the hub does not answer.
        refused: the remedy where it answers with another error.

    Raises:
        HybridBatchError: for each failure of the hub or of the network.
    """
    try:
        yield
    except GatedRepoError as error:
        raise HybridBatchError(
            f"{origin}: the hub asks for an account with access to it; accept its conditions there "
            f"and set HF_TOKEN, or name another model"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise HybridBatchError(
            f"{origin}: the hub has no such repository or revision; {missing}"
        ) from error
    except HfHubHTTPError as error:
        raise HybridBatchError(f"{origin}: the hub answers {_status(error)}; {refused}") from error
    except HybridBatchError:
        raise
    except Exception as error:
        if not _of_network(error):
            raise
        raise HybridBatchError(
            f"{origin}: the hub cannot be reached ({type(error).__name__}); {unreachable}"
        ) from error


def _status(error: HfHubHTTPError) -> str:
    return str(getattr(error.response, "status_code", "with an error"))


def _of_network(error: Exception) -> bool:
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _CLIENTS


def _check_digest(path: Path, *, sha256: str | None, blob_id: str | None, model: str) -> None:
    # Large files are addressed by SHA-256, the small ones by the SHA-1 of their git blob.
    if sha256:
        found, expected = sha256_file(path), sha256
    else:
        content = path.read_bytes()
        header = f"blob {len(content)}\0".encode()
        found, expected = hashlib.sha1(header + content).hexdigest(), blob_id or ""
    if found != expected:
        raise HybridBatchError(
            f"model {model}: {path.name} has digest {found}, the hub states {expected}; try again"
        )
