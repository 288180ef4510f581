"""Finds the damaged or quantised file of a checkpoint folder by its format."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from hybridbatch.common.artifacts import damaged
from hybridbatch.common.errors import HybridBatchError

_FLOATING = ("F64", "F32", "F16", "BF16")


def damaged_file(folder: Path) -> tuple[Path, str] | None:
    """The first file that is not valid JSON or safetensors, such as a truncated one, and why."""
    for path in sorted(folder.rglob("*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            return path, f"not JSON ({error})"
    for path in sorted(folder.rglob("*.safetensors")):
        try:
            with safe_open(path, framework="np"):
                pass
        except SafetensorError as error:
            return path, str(error)
    return None


def quantised_weight(folder: Path) -> tuple[Path, str] | None:
    """The first file with a weight of another type than floating point, and the weight's name."""
    for path in sorted(folder.rglob("*.safetensors")):
        with safe_open(path, framework="np") as file:
            for name in file.keys():  # noqa: SIM118 - no mapping
                kind = file.get_slice(name).get_dtype()
                if name.endswith("weight") and kind not in _FLOATING:
                    return path, f"{name} is {kind}"
    return None


def unloadable(folder: Path, error: Exception, *, origin: str = "") -> HybridBatchError:
    """The error for a checkpoint that a library cannot load; it names the broken file, if any.

    `origin` names a folder that the user gave; without it, the workflow made the folder.
    """
    found = damaged_file(folder)
    if found is None:
        found = folder, f"does not load as a checkpoint ({reason_of(error)})"
    path, reason = found
    if not origin:
        return damaged(path, reason)
    inside = "" if path == folder else f"{path.relative_to(folder)}: "
    return HybridBatchError(
        f"{origin}: {inside}damaged: {reason}; restore it from where it came from"
    )


def reason_of(error: Exception) -> str:
    """Why a library refuses a checkpoint, on one line."""
    if "ignore_mismatched_sizes" in str(error):
        return "its weights are of other shapes than config.json says"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # A validation error gives the field in its first line and the fault in the second.
    return " ".join(lines[:2])[:300] if lines else type(error).__name__
