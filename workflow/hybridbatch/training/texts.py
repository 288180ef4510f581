"""The training texts as token ids, and which of them a batch consists of."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from hybridbatch.encoding.batching import TokenIds
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.training.compaction import Compaction, compact
from hybridbatch.training.data import PairData, TrainingData
from hybridbatch.training.negatives import choose_negatives
from hybridbatch.training.sampling import Batch
from hybridbatch.training.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TokenizedTexts:
    """Token ids of every distinct question and passage, by number."""

    questions: list[TokenIds]
    passages: list[TokenIds]


def tokenize(encoder: DualEncoder, data: TrainingData, settings: Settings) -> TokenizedTexts:
    """Tokenise every distinct text once."""
    questions, passages = data.questions.to_pylist(), data.passages.to_pylist()
    tokenized = TokenizedTexts(
        encoder.tokenize(questions, prefix=settings.query_prefix, max_tokens=settings.max_tokens),
        encoder.tokenize(passages, prefix=settings.passage_prefix, max_tokens=settings.max_tokens),
    )
    logger.info("tokenised %d questions and %d passages", len(questions), len(passages))
    return tokenized


def compacted(encoder: DualEncoder, texts: TokenizedTexts) -> tuple[TokenizedTexts, Compaction]:
    """Cut the encoder's embedding table down to these texts, and the texts with their new ids."""
    compaction = compact(encoder, [*texts.questions, *texts.passages])
    logger.info("training %d of %d word embeddings", compaction.used.sum(), len(compaction.whole))
    renumbered = TokenizedTexts(
        compaction.renumbered(texts.questions), compaction.renumbered(texts.passages)
    )
    return renumbered, compaction


def batch_texts(
    pairs: PairData,
    batch: Batch,
    texts: TokenizedTexts,
    *,
    hard_negatives: int = 0,
    random: np.random.Generator | None = None,
) -> list[TokenIds]:
    """Token ids of the batch's b questions, b passages in the same order, and hard negatives.

    `hard_negatives` is how many at most for each pair; they are drawn from `random`.
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
