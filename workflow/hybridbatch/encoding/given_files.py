"""The files of a model's folder as they were given: dangling links, pointers of git-lfs, JSON.

Only the standard library is needed, so that a folder is checked before anything runs.
"""

from __future__ import annotations

import json
import os
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError

_LFS_POINTER = b"version https://git-lfs"
_HEAD = len(_LFS_POINTER)
_UTF8 = "save it as UTF-8 without a byte order mark"


def check_given(folder: Path, names: Iterable[str], *, origin: str) -> None:
    """Check that files are what their names promise, by their first bytes.

    Args:
        folder: the checkpoint folder.
        names: paths in it; those that are not there are passed over.
        origin: how messages name the folder.

    Raises:
        HybridBatchError: for the first that is a dangling link, a folder, a pointer of git-lfs, or
            JSON in another encoding than UTF-8; it names the file, the cause and the remedy.
    """
    for name in names:
        if (fault := _fault(folder / name)) is not None:
            raise HybridBatchError(f"{origin}: {name}: {fault}")


def _fault(path: Path) -> str | None:
    if not os.path.lexists(path):
        return None
    if not path.exists():
        return (
            f"a link to {path.readlink()}, which is not there; download the model again, or copy "
            f"its folder with `cp -rL` where it is whole"
        )
    if not path.is_file():
        return "not a file; put the model's file of this name there"
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head == _LFS_POINTER:
        return (
            "a pointer of git-lfs instead of the content; run `git lfs pull` in the repository that"
            " it is from"
        )
    if path.suffix == ".json" and head.startswith((BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE)):
        return f"begins with a byte order mark, which JSON may not have; {_UTF8}"
    return None


def read_json(folder: Path, name: str, *, origin: str, kind: type = dict) -> Any:
    """The content of a JSON file, which is an object of `kind`.

    Raises:
        HybridBatchError: it is missing, as `check_given`, not JSON, or of another kind.
    """
    check_given(folder, [name], origin=origin)
    try:
        values = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise HybridBatchError(
            f"{origin}: {name}: missing, though another file of the folder names it; restore it"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise HybridBatchError(
            f"{origin}: {name}: damaged: not JSON ({error}); restore it from where it came from"
        ) from error
    if not isinstance(values, kind):
        form = "a list" if kind is list else "an object"
        raise HybridBatchError(f"{origin}: {name}: not {form} of JSON; restore it")
    return values
