"""What a checkpoint's config.json says, by the names that transformers gives it.

Architectures have names of their own for the same thing, such as `dim` and `n_embd`; transformers
maps them to one.
"""

from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.checkpoint_files import unloadable

# Their first position is the one after that of padding, so that 514 rows are 512 positions.
AFTER_PADDING = frozenset(
    {
        "roberta",
        "xlm-roberta",
        "xlm-roberta-xl",
        "camembert",
        "roberta-prelayernorm",
        "data2vec-text",
    }
    | {"longformer", "ibert", "esm", "xmod", "luke", "markuplm", "mpnet"}
)


def read_config(folder: Path, *, origin: str = "") -> Any:
    """The config of a checkpoint folder, as an object of transformers.

    `origin` names a folder that the user gave.

    Raises:
        HybridBatchError: it is damaged, or of an architecture that transformers does not know.
    """
    from transformers import AutoConfig  # slow to import; not every caller needs it

    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # what it raises depends on the architecture
        raise unloadable(folder, error, origin=origin) from error


def token_width(folder: Path) -> int:
    """Values in the state of a token.

    Raises:
        HybridBatchError: as `read_config`, or the config does not say.
    """
    width = getattr(read_config(folder), "hidden_size", None)
    if not isinstance(width, int):
        raise HybridBatchError(f"{folder}: config.json: no hidden_size; is this a text model?")
    return width


def most_positions(folder: Path) -> int | None:
    """The tokens that a text may have, by the config; None if it sets no end.

    Raises:
        HybridBatchError: as `read_config`.
    """
    config = read_config(folder)
    most = getattr(config, "max_position_embeddings", None)
    if not isinstance(most, int) or most < 1:  # XLNet says -1
        return None
    if config.model_type not in AFTER_PADDING:
        return most
    # MPNet's padding is 1 whatever its config says.
    padding = 1 if config.model_type == "mpnet" else config.pad_token_id
    return most - (0 if padding is None else padding + 1)
