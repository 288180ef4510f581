"""The config's `model:`: what kind of model it names, and what runs of it are called."""

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
    if model.startswith((".", "/", "~")) or Path(model).is_dir():
        return "local"
    if re.fullmatch(r"[\w.-]+/[\w.-]+@[\w.-]+", model):
        return "hub"
    raise HybridBatchError(
        f"config: model: {model!r} is neither `embedded`, nor a folder, nor a hub id with its "
        f"revision such as org/name@0123abcd"
    )


def model_name(model: str) -> str:
    """The model's part of a run id, where the config gives none.

    Raises:
        HybridBatchError: as `model_kind`, or a local folder holds no model.
    """
    kind = model_kind(model)
    if kind == "embedded":
        return "embedded"
    if kind == "local":
        if not (Path(model).expanduser() / "config.json").is_file():
            raise HybridBatchError(f"config: model: {model}: no config.json in this folder")
        return re.sub(r"[^\w@+-]", "-", Path(model).expanduser().resolve().name)
    name, _, revision = model.rpartition("/")[2].partition("@")
    return re.sub(r"[^\w@+-]", "-", f"{name}@{revision[:8]}")
