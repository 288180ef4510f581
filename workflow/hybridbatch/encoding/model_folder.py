"""Which files of a checkpoint folder the project uses, and whether they can be used.

Only the standard library is needed, so that a local folder is checked before anything runs.
"""

import os
from collections.abc import Callable
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.declaration import (
    MODULES,
    PROMPTS,
    TRANSFORMER_SETTINGS,
    WEIGHTS,
    declared_names,
    read_declaration,
)
from hybridbatch.encoding.given_files import check_given, read_json
from hybridbatch.encoding.refusals import ADAPTERS, refuse_unsupported

CONFIG, INDEX = "config.json", "model.safetensors.index.json"
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model",
               "spiece.model")  # fmt: skip
_BESIDE = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt")
# What says which other files are used, and whether the model is refused.
FIRST = (CONFIG, INDEX, MODULES, ADAPTERS, "tokenizer_config.json")


def check_folder(folder: Path, *, origin: str) -> None:
    """Check a checkpoint folder by its small files and the first bytes of the others.

    Raises:
        HybridBatchError: a file is missing, a dangling link or a pointer of git-lfs, not JSON, or
            declares what is not supported; it names the file, the cause and the remedy.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 - as for the names of models
        raise HybridBatchError(f"{origin}: no such folder; correct the path")
    check_given(folder, FIRST, origin=origin)
    refuse_unsupported(folder, origin=origin)
    if not (folder / CONFIG).is_file():
        cache = ", which is snapshots/COMMIT below it" if (folder / "snapshots").is_dir() else ""
        raise HybridBatchError(
            f"{origin}: no {CONFIG} in this folder; name the folder of a transformers model{cache}"
        )
    read_json(folder, CONFIG, origin=origin)
    check_given(folder, used_names(folder, origin=origin), origin=origin)
    weights = weight_names(folder, lambda name: (folder / name).is_file(), origin=origin)
    if not weights:
        raise HybridBatchError(
            f"{origin}: no {WEIGHTS}; pickled weights and parts without their index are not read, "
            f"load the model with transformers and save it with `save_pretrained`"
        )
    if lost := [name for name in weights if not (folder / name).is_file()]:
        raise HybridBatchError(
            f"{origin}: {lost[0]}: missing, though {INDEX} lists it ({len(lost)} of "
            f"{len(weights) - 1} parts are missing); download the model again"
        )
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise HybridBatchError(
            f"{origin}: no tokenizer files, such as tokenizer.json; add those of the model"
        )
    read_declaration(folder, origin=origin)


def used_names(
    folder: Path, *, origin: str, there: Callable[[str], bool] | None = None
) -> list[str]:
    """The paths that a checkpoint folder may hold and the project uses, whether there or not.

    Args:
        folder: the folder; its files of `FIRST` are read.
        origin: how messages name it.
        there: whether the model has a file, for a folder that does not hold all of them yet.

    Raises:
        HybridBatchError: the list of parts or of modules is damaged, or a module is not supported.
    """
    present = there or (lambda name: os.path.lexists(folder / name))
    declared = declared_names(folder, origin=origin)
    return [
        *(CONFIG, ADAPTERS, *_TOKENIZERS, *_BESIDE),
        *weight_names(folder, present, origin=origin),
        *(MODULES, PROMPTS, *TRANSFORMER_SETTINGS, *declared),
    ]


def checkpoint_files(folder: Path) -> list[Path]:
    """The files of a folder that the project uses.

    Raises:
        HybridBatchError: as `used_names`.
    """
    names = used_names(folder, origin=str(folder))
    return [folder / name for name in names if (folder / name).is_file()]


def weight_names(folder: Path, present: Callable[[str], bool], *, origin: str) -> list[str]:
    """`model.safetensors`, or the index of its parts and the parts; empty if there is neither.

    Other weights are copies in another form, which transformers does not load either.

    Raises:
        HybridBatchError: the index is damaged.
    """
    if present(WEIGHTS):
        return [WEIGHTS]
    if not present(INDEX):
        return []
    parts = read_json(folder, INDEX, origin=origin).get("weight_map")
    names = sorted(set(map(str, parts.values()))) if isinstance(parts, dict) else []
    if not names or any(Path(name).name != name for name in names):
        raise HybridBatchError(
            f"{origin}: {INDEX}: damaged: lists no files of the folder; restore it from where it "
            f"came from"
        )
    return [INDEX, *names]
