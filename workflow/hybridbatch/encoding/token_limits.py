"""How many tokens of a text a model can take."""

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.encoder import DualEncoder

# The names of the table of learned positions, anywhere in the model; `wpe` is GPT-2's.
_POSITIONS = ("position_embeddings", "wpe")


def check_max_tokens(encoder: DualEncoder, max_tokens: int, *, key: str) -> None:
    """Check that the model has a position for each of `max_tokens` tokens.

    Only learned positions are limited. RoBERTa and similar models reserve the rows up to that of
    padding, so that 514 rows are 512 positions.

    Raises:
        HybridBatchError: it has fewer; the message names the key and its largest value.
    """
    for name, module in encoder.model.named_modules():
        weight = getattr(module, "weight", None)
        if name.rpartition(".")[2] not in _POSITIONS or weight is None:
            continue
        padding = getattr(module, "padding_idx", None)
        most = len(weight) - (0 if padding is None else padding + 1)
        if max_tokens > most:
            raise HybridBatchError(
                f"config: {key}: {max_tokens} is more than the {most} positions of the model; "
                f"lower it to at most {most}"
            )
