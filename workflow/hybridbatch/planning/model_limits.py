"""What a model's config.json says of its limits, without the library that loads the model.

Snakemake may run without that library. The stages check the same with the loaded model; here only
architectures are judged whose positions are known to be a table.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridbatch.encoding.declaration import MODULES

# Architecture -> the key that holds its number of positions, and how many of them are padding's.
_TABLES = {
    **dict.fromkeys(("bert", "distilbert", "electra", "albert", "ernie"), 0),
    **dict.fromkeys(("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet"), 2),
    "gpt2": 0,
}
_POSITIONS = ("max_position_embeddings", "n_positions")
_WIDTHS = ("hidden_size", "dim", "n_embd")


@dataclass(frozen=True)
class Limits:
    """The tokens of a text that a model can take, and the values of a vector; None if unknown."""

    positions: int | None = None
    width: int | None = None


EMBEDDED = Limits(positions=512, width=384)


def limits_of(folder: Path) -> Limits:
    """The limits of a checkpoint folder, as far as its config.json says them."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Limits()  # other checks name a missing or damaged file
    if not isinstance(config, dict) or config.get("model_type") not in _TABLES:
        return Limits()
    reserved = _TABLES[config["model_type"]]
    positions = _first(config, _POSITIONS)
    if positions is not None and reserved:
        # RoBERTa counts positions from behind that of padding.
        padding = config.get("pad_token_id", 1)
        positions -= padding + 1 if isinstance(padding, int) else reserved
    if config.get("position_embedding_type", "absolute") != "absolute":
        positions = None
    # The layers of a sentence-transformers folder may change the width.
    width = None if (folder / MODULES).is_file() else _first(config, _WIDTHS)
    return Limits(positions, width)


def _first(config: dict[str, Any], keys: tuple[str, ...]) -> int | None:
    found = (config.get(key) for key in keys)
    return next((value for value in found if isinstance(value, int) and value > 0), None)
