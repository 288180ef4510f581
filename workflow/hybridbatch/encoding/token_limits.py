"""How many tokens of a text a model can take."""

from torch import nn

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.encoder import DualEncoder

# The names of the table of positions, anywhere in the model.
_POSITIONS = (
    *("position_embeddings", "position_embedding", "embed_positions", "positions_embed"),
    "wpe",  # GPT-2
)


def check_max_tokens(encoder: DualEncoder, max_tokens: int, *, key: str) -> None:
    """Check that the model has a position for each of `max_tokens` tokens.

    Only a table of positions has an end.

    Raises:
        HybridBatchError: it has fewer; the message names the key and its largest value.
    """
    most = most_tokens(encoder.model)
    if most is not None and max_tokens > most:
        raise HybridBatchError(
            f"config: {key}: {max_tokens} is more than the {most} positions of the model; "
            f"lower it to at most {most}"
        )


def most_tokens(model: nn.Module) -> int | None:
    """The tokens that a model's table of positions has rows for; None without a table.

    RoBERTa and similar models reserve the rows up to that of padding, so that 514 rows are 512
    positions, and OPT the first two.
    """
    most = []
    for name, module in model.named_modules():
        weight = getattr(module, "weight", None)
        if name.rpartition(".")[2] in _POSITIONS and weight is not None:
            padding = getattr(module, "padding_idx", None)
            reserved = 0 if padding is None else padding + 1
            most.append(len(weight) - max(reserved, getattr(module, "offset", 0)))
    # GPT-J computes its table and has no weights for it.
    most += [
        len(table)
        for name, table in model.named_buffers()
        if name.rpartition(".")[2] in _POSITIONS and table.ndim == 2
    ]
    return min(most, default=None)
