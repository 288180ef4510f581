"""The config's `model:`: what kind of model it names, and what runs of it are called."""

import os
import re
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError


def model_kind(model: str) -> str:
    """`embedded`, `local` or `hub`.

    Raises:
        HybridBatchError: it is none of them.
    """
    if model == "embedded":
        return "embedded"
    # Where a name is too long for a path, this is false and no error.
    is_folder = os.path.isdir(model)  # noqa: PTH112
    if model.startswith((".", "/", "~")) or is_folder:
        return "local"
    if re.fullmatch(r"[\w.-]+/[\w.-]+@[\w.-]+", model):
        return "hub"
    raise HybridBatchError(
        f"config: model: {model!r} is neither `embedded`, nor a folder, nor a hub id with its "
        f"revision such as org/name@0123abcd"
    )


def local_folder(model: str) -> Path | None:
    """The folder of a local model, its `~` expanded; None for the others."""
    return Path(model).expanduser() if model_kind(model) == "local" else None


def model_name(model: str) -> str:
    """The model's part of a run id if the config does not give one.

    Raises:
        HybridBatchError: as `model_kind`.
    """
    if model_kind(model) == "embedded":
        return "embedded"
    if folder := local_folder(model):
        # A run's name is used on command lines, where a leading hyphen would be an option.
        return re.sub(r"[^\w@+-]", "-", folder.resolve().name).lstrip("-") or "model"
    name, _, revision = model.rpartition("/")[2].partition("@")
    return re.sub(r"[^\w@+-]", "-", f"{name}@{revision[:8]}")
