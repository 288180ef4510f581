"""Inputs and vectors that tell texts no better than chance: an error with the reason.

They give no failure of themselves: a loss stays constant, and every passage has one score.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.batching import TokenIds

_SAMPLE = 256  # texts that are looked at first
# Fewer texts may be equal by chance, such as the last ones of a shard.
_FEW = 8
_EQUAL = 1e-6  # rounding alone, in values of a unit vector
logger = logging.getLogger(__name__)


class Tokenised(Protocol):
    """The token ids of texts, by number."""

    def __len__(self) -> int:
        """How many texts there are."""

    def __getitem__(self, number: int, /) -> TokenIds:
        """The ids of one text."""


def check_known(tokenizer: Any, texts: Mapping[str, pa.Array | pa.ChunkedArray]) -> None:
    """Check that the tokenizer knows a letter or digit of some text.

    Args:
        tokenizer: a fast tokenizer of transformers.
        texts: by what they are called in messages. Groups that are unknown while others are known
            get a warning.

    Raises:
        HybridBatchError: it knows none of any group; all would be runs of one token.
    """
    unknown = [name for name, some in texts.items() if not _knows(tokenizer, some)]
    if not unknown:
        return
    if len(unknown) < len(texts):
        logger.warning(
            "the tokenizer knows no letter of %s; their vectors mean nothing", ", ".join(unknown)
        )
        return
    raise HybridBatchError(
        f"the model's tokenizer knows no letter of {', '.join(unknown)}: every word becomes "
        f"{tokenizer.unk_token!r}; name a model for these languages"
    )


def _knows(tokenizer: Any, texts: pa.Array | pa.ChunkedArray) -> bool:
    """Whether a letter or digit of some text is known; true if there are none."""
    if tokenizer.unk_token_id is None:
        return True
    stride = max(1, len(texts) // _SAMPLE)
    first = texts.take(pa.array(range(0, len(texts), stride))).to_pylist()
    if not any(str.isalnum(letter) for text in first for letter in text):
        return True
    parts = (texts.slice(start, _SAMPLE) for start in range(0, len(texts), _SAMPLE))
    return _any_known(tokenizer, first) or any(
        _any_known(tokenizer, part.to_pylist()) for part in parts
    )


def _any_known(tokenizer: Any, texts: Sequence[str]) -> bool:
    found = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    ids = {each for ids in found for each in ids} - {tokenizer.unk_token_id}
    # A mark for the beginning of a word, such as XLM-R's, stands before unknown words as well.
    return any(any(map(str.isalnum, t)) for t in tokenizer.convert_ids_to_tokens(sorted(ids)))


def check_distinct(token_ids: Tokenised, vectors: np.ndarray | None, *, what: str) -> None:
    """Check that distinct texts are distinct to the model.

    Args:
        token_ids: the tokens of distinct texts, cut and with their prefix.
        vectors: their unit vectors (texts, dim); None to compare the tokens alone.
        what: what the message calls the texts.

    Raises:
        HybridBatchError: all are equal, and there are more than a few.
    """
    if len(token_ids) < _FEW:
        return
    first = token_ids[0]
    if vectors is not None and float(np.ptp(vectors, axis=0).max()) > _EQUAL:
        return
    if all(np.array_equal(first, token_ids[number]) for number in range(len(token_ids))):
        raise HybridBatchError(
            f"{what}: all {len(token_ids)} texts begin alike and are cut to the same {len(first)} "
            f"tokens; raise max_tokens, or remove from the texts what they begin with"
        )
    if vectors is not None:
        raise HybridBatchError(
            f"{what}: all {len(token_ids)} texts have the same vector; the model's weights are "
            f"broken, or its training went astray: take another model, or lower learning_rate"
        )
