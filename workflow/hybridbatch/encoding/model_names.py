"""The config's `model:`: what kind of model it names, and what runs of it are called."""

import re
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.declaration import (
    MODULES,
    PROMPTS,
    SETTINGS,
    TRANSFORMER_SETTINGS,
    WEIGHTS,
    declared_files,
)
from hybridbatch.encoding.refusals import ADAPTERS

# The files of a checkpoint folder that the project uses.
FILES = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    ADAPTERS,  # which is then refused
)
# On the hub, where `modules.json` cannot be read first: sentence-transformers gives the folder of
# a module a number, as in 1_Pooling.
HUB_FILES = (
    *FILES,
    *(MODULES, PROMPTS, *TRANSFORMER_SETTINGS),
    *(f"[0-9]*_*/{name}" for name in (SETTINGS, WEIGHTS)),
)


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


def local_folder(model: str) -> Path | None:
    """The folder of a local model, its `~` expanded; None for the others."""
    return Path(model).expanduser() if model_kind(model) == "local" else None


def checkpoint_files(folder: Path) -> list[Path]:
    """The files of a folder that the project uses: those of `FILES`, and of its declaration.

    Raises:
        HybridBatchError: its `modules.json` is damaged or lists what is not supported.
    """
    found = [path for pattern in FILES for path in sorted(folder.glob(pattern))]
    return [*found, *declared_files(folder)]


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
