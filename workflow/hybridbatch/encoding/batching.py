"""Batches of tokenised texts: ordered by length, filled by a token budget, padded."""

from collections.abc import Sequence

import numpy as np

TokenIds = np.ndarray  # one text's token ids, (tokens,) int32


def order_by_length(token_ids: Sequence[TokenIds]) -> list[int]:
    """Positions of the texts, longest first, equal lengths in the order of their token ids.

    The order depends on the set of texts alone, so the same texts in another order fill the same
    batches. The longest come first so that a budget too large for the memory shows at once.
    """
    return sorted(
        range(len(token_ids)), key=lambda i: (-len(token_ids[i]), token_ids[i].tobytes(), i)
    )


def batch_end(lengths: Sequence[int], start: int, *, tokens_per_batch: int) -> int:
    """End of the batch that begins at `start`: it holds texts `start` to `end - 1`.

    `lengths` are token counts, longest first. Padded to its longest text, the batch holds at most
    `tokens_per_batch` tokens, or a single text that is longer.
    """
    fits = max(1, tokens_per_batch // max(1, lengths[start]))
    return min(len(lengths), start + fits)


def pad(token_ids: Sequence[TokenIds], *, pad_id: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Texts as one rectangle: ids (texts, longest) int64 and a mask of the same shape.

    The mask is 1 for a token and 0 for padding; it is None if all texts are equally long.
    """
    lengths = np.array([len(ids) for ids in token_ids])
    width = int(lengths.max())
    mask = np.arange(width)[None, :] < lengths[:, None]
    padded = np.full(mask.shape, pad_id, dtype=np.int64)
    padded[mask] = np.concatenate(token_ids)
    return padded, None if mask.all() else mask.astype(np.int64)
