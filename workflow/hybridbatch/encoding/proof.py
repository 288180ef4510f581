"""Proves that a checkpoint encodes: it is loaded, and a few texts go through it.

What would fail in the stage `encode`, or give vectors that mean nothing, is refused here.
"""

from pathlib import Path

import numpy as np
import torch

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.batching import TokenIds, pad
from hybridbatch.encoding.checkpoint_files import reason_of
from hybridbatch.encoding.encoder import DualEncoder, table_rows
from hybridbatch.encoding.settings import usable_declaration
from hybridbatch.encoding.token_limits import most_tokens

_TEXTS = (
    "a",
    "The capital of Peru is Lima.",
    "秘鲁的首都是利马。",
    "عاصمة بيرو هي ليما",
    "1, 2 & 3?",
)
_ADDED = ("bos", "eos", "unk", "sep", "pad", "cls")  # tokens that stand beside or in any text
_LONGEST = 512  # tokens of the longest text that is tried
# Vectors of a text by itself and beside a longer one: rounding alone differs by some 1e-6.
_TOLERANCE = 1e-3


def prove(folder: Path, *, origin: str) -> None:
    """Load a checkpoint and encode some texts.

    Args:
        folder: the checkpoint folder.
        origin: how messages name it.

    Raises:
        HybridBatchError: it does not load; its tokenizer knows ids that its table of embeddings
            lacks; it has states of another width than its config says, or fails on a long text; or
            its vectors are not finite, zero, the same for other texts, or others when padding
            follows.
    """
    declared = usable_declaration(folder)
    pooling = declared.pooling if declared is not None else "mean"
    encoder = DualEncoder.load(folder, pooling=pooling, device="cpu", origin=origin)
    _check_vocabulary(encoder, origin=origin)
    # Not what the folder declares, which the config may override.
    longest = min(_LONGEST, most_tokens(encoder.model) or _LONGEST)
    try:
        texts = encoder.tokenize(_TEXTS, prefix="", max_tokens=longest)
        used = max((ids for ids in texts), key=len)
        # The ids of the longest text, again and again, are a text of the greatest length.
        _check_vectors(encoder, [*texts, np.resize(used, longest)], origin=origin)
    except (HybridBatchError, MemoryError):
        raise
    except Exception as error:  # what it raises depends on the architecture
        raise HybridBatchError(
            f"{origin}: config.json: this {encoder.model.config.model_type} does not encode a text "
            f"of up to {longest} tokens ({reason_of(error)}); name another model"
        ) from error


def _check_vocabulary(encoder: DualEncoder, *, origin: str) -> None:
    """Check that each token of a text has a row in the table of word embeddings.

    Special tokens that the tokenizer does not add itself are passed over: a text does not hold
    them, such as the token of an image in Gemma's tokenizer.
    """
    rows = table_rows(encoder.model)
    if rows is None:
        raise HybridBatchError(
            f"{origin}: config.json: a {encoder.model.config.model_type} has no table of word "
            f"embeddings; name another model"
        )
    tokenizer = encoder.tokenizer
    added = {getattr(tokenizer, f"{kind}_token_id") for kind in _ADDED}
    special = {
        number for number, token in tokenizer.added_tokens_decoder.items() if token.special
    } - added
    used = [(n, token) for token, n in tokenizer.get_vocab().items() if n not in special]
    highest, token = max(used, default=(0, ""))
    if highest >= rows:
        raise HybridBatchError(
            f"{origin}: tokenizer.json: the token {token!r} has the id {highest}, but the table of "
            f"word embeddings has {rows} rows; take the tokenizer of this model, or give the model "
            f"more rows with `resize_token_embeddings`"
        )


@torch.inference_mode()
def _check_vectors(encoder: DualEncoder, texts: list[TokenIds], *, origin: str) -> None:
    texts = [ids for ids in texts if len(ids)]
    states = encoder.model(input_ids=torch.from_numpy(texts[0].astype(np.int64))[None])
    width, stated = states.last_hidden_state.shape[-1], encoder.model.config.hidden_size
    if width != stated:
        raise HybridBatchError(
            f"{origin}: config.json: hidden_size is {stated}, but the states of a token have "
            f"{width} values; name another model"
        )
    alone = torch.cat([_vectors(encoder, [ids]) for ids in texts])
    if not bool(alone.isfinite().all()):
        raise HybridBatchError(
            f"{origin}: the vector of a text is not finite, so a weight is not; restore the weights"
        )
    if not bool(alone.any(dim=1).all()):
        raise HybridBatchError(
            f"{origin}: the vector of a text is zero; the weights are empty, restore them"
        )
    if len(alone) > 1 and bool((alone == alone[0]).all()):
        raise HybridBatchError(
            f"{origin}: all texts get the same vector; the weights are empty, restore them"
        )
    together = _vectors(encoder, texts)
    if (alone - together).abs().max() > _TOLERANCE:
        raise HybridBatchError(
            f"{origin}: config.json: a {encoder.model.config.model_type} gives a text another "
            f"vector when padding follows, so vectors would depend on the other texts of a batch; "
            f"name another model"
        )


def _vectors(encoder: DualEncoder, texts: list[TokenIds]) -> torch.Tensor:
    ids, mask = pad(texts, pad_id=encoder.pad_id)
    vectors: torch.Tensor = encoder(
        torch.from_numpy(ids), None if mask is None else torch.from_numpy(mask)
    )
    return vectors
