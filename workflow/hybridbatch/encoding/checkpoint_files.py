"""Finds the damaged file of a checkpoint folder by its format."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from hybridbatch.common.artifacts import damaged
from hybridbatch.common.errors import HybridBatchError


def damaged_file(folder: Path) -> tuple[Path, str] | None:
    """The first file that is not valid JSON or safetensors, such as a truncated one, and why."""
    for path in sorted(folder.rglob("*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            return path, f"not JSON ({error})"
    for path in sorted(folder.rglob("*.safetensors")):
        try:
            with safe_open(path, framework="np"):
                pass
        except SafetensorError as error:
            return path, str(error)
    return None


def unloadable(folder: Path, error: Exception) -> HybridBatchError:
    """The error for a checkpoint that a library cannot load; it names the broken file, if any."""
    if (found := damaged_file(folder)) is not None:
        return damaged(*found)
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return damaged(folder, f"does not load as a checkpoint ({reason})")
