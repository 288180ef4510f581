"""The options that a model's folder can declare: the config's value, else the folder's.

An option that the config does not set is null. Its default for folders that declare nothing stands
beside it in `undeclared`, as `planning.stage_options` puts it there.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hybridbatch.encoding.declaration import UNDECLARED, Declaration, read_declaration
from hybridbatch.encoding.model_config import most_positions

logger = logging.getLogger(__name__)


def usable_declaration(folder: Path) -> Declaration | None:
    """The declaration of a folder, with no more tokens than the model has positions.

    Tokenizers may state a limit beyond that of the model. A folder that states none is cut at the
    last position, as sentence-transformers does.

    Raises:
        HybridBatchError: as `read_declaration`.
    """
    declared = read_declaration(folder)
    if declared is None:
        return None
    limits = [limit for limit in (declared.max_tokens, most_positions(folder)) if limit is not None]
    return replace(declared, max_tokens=min(limits, default=None))


def settled(values: Mapping[str, Any], declared: Declaration | None) -> dict[str, Any]:
    """Options without `undeclared`, in which what the config does not set has its value."""
    defaults = values.get(UNDECLARED) or {}
    found = {**defaults, **(declared.settings() if declared is not None else {})}
    return {
        name: found.get(name) if value is None else value
        for name, value in values.items()
        if name != UNDECLARED
    }


def settled_text(text: str, folder: Path) -> str:
    """`settled` from JSON to JSON, for the model in `folder`.

    A text that is not a JSON object stays as it is, and the stage refuses it.

    Raises:
        HybridBatchError: as `read_declaration`.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(values, dict):
        return text
    return json.dumps(settled(values, usable_declaration(folder)), ensure_ascii=False)


def log_settings(text: str, folder: Path, *, keys: Iterable[str]) -> None:
    """One line on what the folder declares and what the config sets instead.

    Args:
        text: the options as they were given, before `settled_text`.
        folder: the folder of the model; a plain checkpoint declares nothing, and nothing is said.
        keys: the options that the folder can declare.
    """
    declared = usable_declaration(folder)
    if declared is None:
        return
    given, settings = json.loads(text), declared.settings()
    parts = []
    for key in keys:
        own, value = settings.get(key), given.get(key)
        if own is not None and value in (None, own):
            parts.append(f"{key} {own!r}")
        elif own is not None:
            parts.append(f"{key} {value!r} of the config over {own!r}")
    logger.info("%s declares %s", folder, ", ".join(parts))
