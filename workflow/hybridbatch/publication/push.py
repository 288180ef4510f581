"""An exported folder to the Hugging Face hub."""

import re
import warnings
from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import RepositoryNotFoundError

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.hub import hub_errors

_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def check_push(repository: str, *, public: bool) -> None:
    """Check, before anything is written, that the hub would take the folder.

    Args:
        repository: `org/name`.
        public: whether everyone may read it.

    Raises:
        HybridBatchError: the name is not one of the hub, there is no token, the hub cannot be
            reached, or the repository is public and `public` is not asked for.
    """
    if not _NAME.fullmatch(repository):
        raise HybridBatchError(
            f"--push: {repository!r} is no repository of the hub; name it org/name"
        )
    token = get_token()
    if token is None:
        raise HybridBatchError(
            "--push: no token for the hub; log in with `hf auth login`, or set HF_TOKEN to a token "
            "that may write"
        )
    with hub_errors(
        f"--push {repository}", missing="correct its name", unreachable="export without --push"
    ):
        try:
            info = HfApi(token=token).model_info(repository)
        except RepositoryNotFoundError:
            return  # it is made
    if not info.private and not public:
        raise HybridBatchError(
            f"--push: {repository} is public, so that everyone could read the model; add --public, "
            f"or name another repository"
        )


def push(folder: Path, repository: str, *, public: bool) -> str:
    """Upload an exported folder, and return the address of the commit.

    The repository is made if there is none, private unless `public`. Files of these names are
    replaced, others stay.

    Raises:
        HybridBatchError: the hub refuses it or cannot be reached; the folder stays.
    """
    again = f"the model is in {folder}: upload it later with `hf upload {repository} {folder}`"
    api = HfApi(token=get_token())
    with hub_errors(f"--push {repository}", missing=again, unreachable=again, refused=again):
        api.create_repo(repository, private=not public, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that results lie beside the model is intended
            commit = api.upload_folder(
                repo_id=repository, folder_path=folder, commit_message=f"Export of {folder.name}"
            )
    return str(commit.commit_url)
