"""What a checkpoint's config.json says, by the names that transformers gives it.

Architectures have names of their own for the same thing, such as `dim` and `n_embd`; transformers
maps them to one.
"""

from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.checkpoint_files import unloadable


def read_config(folder: Path) -> Any:
    """The config of a checkpoint folder, as an object of transformers.

    Raises:
        HybridBatchError: it is damaged, or of an architecture that transformers does not know.
    """
    from transformers import AutoConfig  # slow to import; not every caller needs it

    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # what it raises depends on the architecture
        raise unloadable(folder, error) from error


def token_width(folder: Path) -> int:
    """Values in the state of a token.

    Raises:
        HybridBatchError: as `read_config`, or the config does not say.
    """
    width = getattr(read_config(folder), "hidden_size", None)
    if not isinstance(width, int):
        raise HybridBatchError(f"{folder}: config.json: no hidden_size; is this a text model?")
    return width
