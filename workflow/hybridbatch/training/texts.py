"""The training texts as token ids, and the texts of a batch."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hybridbatch.encoding.batching import TokenIds
from hybridbatch.encoding.degenerate import check_distinct, check_known
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.training.compaction import Compaction, compact
from hybridbatch.training.data import PairData, TrainingData
from hybridbatch.training.drawn_negatives import choose_negatives
from hybridbatch.training.flat_texts import FlatTexts
from hybridbatch.training.options import Options
from hybridbatch.training.sampling import Batch

logger = logging.getLogger(__name__)
_TOGETHER = 8192  # texts that are converted to Python strings at a time


@dataclass(frozen=True)
class TokenizedTexts:
    """Token ids of every distinct question and passage, by number."""

    questions: FlatTexts
    passages: FlatTexts


def tokenize(encoder: DualEncoder, data: TrainingData, options: Options) -> TokenizedTexts:
    """Tokenise every distinct text once.

    Raises:
        HybridBatchError: all questions, or all passages, are the same to the model.
    """
    length = options.max_tokens
    tokenized = TokenizedTexts(
        _tokenized(encoder, data.questions, prefix=options.query_prefix, max_tokens=length),
        _tokenized(encoder, data.passages, prefix=options.passage_prefix, max_tokens=length),
    )
    texts = {"the questions": data.questions, "the passages": data.passages}
    check_known(encoder.tokenizer, texts)
    check_distinct(tokenized.questions, None, what="the training questions")
    check_distinct(tokenized.passages, None, what="the training passages")
    logger.info("tokenised %d questions and %d passages", len(data.questions), len(data.passages))
    return tokenized


def _tokenized(
    encoder: DualEncoder, texts: pa.StringArray, *, prefix: str, max_tokens: int
) -> FlatTexts:
    """The token ids of all texts; a slice at a time is converted to Python strings."""
    slices = (texts.slice(start, _TOGETHER) for start in range(0, len(texts), _TOGETHER))
    return FlatTexts.collected(
        encoder.tokenize(some.to_pylist(), prefix=prefix, max_tokens=max_tokens) for some in slices
    )


def compacted(encoder: DualEncoder, texts: TokenizedTexts) -> Compaction:
    """Reduce the encoder's embedding table to these texts, and renumber their ids in place."""
    parts = (texts.questions, texts.passages)
    compaction = compact(encoder, parts)
    logger.info("training %d of %d word embeddings", compaction.used.sum(), len(compaction.whole))
    for part in parts:
        part.renumber(compaction.numbers())
    return compaction


def batch_texts(
    pairs: PairData,
    batch: Batch,
    texts: TokenizedTexts,
    *,
    hard_negatives: int = 0,
    random: np.random.Generator | None = None,
) -> list[TokenIds]:
    """Token ids of the batch's b questions, b passages in the same order, and hard negatives.

    Each pair has at most `hard_negatives` of these; `random` draws them.
    """
    questions = pairs.question_text[batch.items, batch.query_languages]
    passages = pairs.passage_text[batch.items, batch.passage_languages]
    if hard_negatives:
        assert random is not None
        drawn = choose_negatives(
            batch,
            items=pairs.items,
            passage_text=pairs.passage_text,
            negatives=pairs.negatives,
            count=hard_negatives,
            random=random,
        )
        passages = np.concatenate([passages, drawn])
    return [texts.questions[i] for i in questions] + [texts.passages[i] for i in passages]
