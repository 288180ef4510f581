"""Hard negatives of a batch, none of which answers any of its questions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hybridbatch.training.sampling import Batch, Items

NO_GROUP = -1


@dataclass(frozen=True)
class Negatives:
    """The hard negatives of n items in L languages, and what it takes to see a false one.

    The entries of item i in language l are those from `offsets[i * L + l]` to
    `offsets[i * L + l + 1]` of `texts` (numbers of passage texts) and `groups` (the passage
    group of the training passages with that text in that language, or NO_GROUP).
    The passage groups that answer question group g are `answer_groups` from `answer_offsets[g]`
    to `answer_offsets[g + 1]`. `forms[t]` is equal for texts that count as the same.
    """

    offsets: NDArray[np.int64]
    texts: NDArray[np.int32]
    groups: NDArray[np.int32]
    answer_offsets: NDArray[np.int64]
    answer_groups: NDArray[np.int32]
    forms: NDArray[np.int32]


def choose_negatives(
    batch: Batch,
    *,
    items: Items,
    passage_text: NDArray[np.int32],
    negatives: Negatives,
    count: int,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw up to `count` hard negatives for each pair of the batch, each text at most once.

    They come without replacement from the list of the pair's item in its passage's language. Left
    out is what may answer a question of the batch: a text of a passage group that holds the passage
    of any item with one of the batch's question groups, and a text equal to one of its positives.

    Args:
        batch: the pairs.
        items: what the batch's item numbers mean.
        passage_text: number of the passage text of each item and language, (n, L).
        negatives: the lists to choose from.
        count: per pair.
        random: where the draws come from.

    Returns:
        Numbers of passage texts, int64 (h,).
    """
    if not len(negatives.texts):  # no pair has any, and then no forms are told apart
        return np.empty(0, dtype=np.int64)
    answers = answer_groups(batch, items=items, negatives=negatives)
    positives = set(negatives.forms[passage_text[batch.items, batch.passage_languages]].tolist())
    rows = batch.items * len(items.languages) + batch.passage_languages
    chosen: dict[int, None] = {}  # a set that keeps its order
    for start, stop in zip(
        negatives.offsets[rows].tolist(), negatives.offsets[rows + 1].tolist(), strict=True
    ):
        texts = negatives.texts[start:stop].tolist()
        groups = negatives.groups[start:stop].tolist()
        free = dict.fromkeys(
            text
            for text, group in zip(texts, groups, strict=True)
            if group not in answers and int(negatives.forms[text]) not in positives
        )
        chosen.update(dict.fromkeys(random.permutation(list(free))[:count].tolist()))
    return np.array(list(chosen), dtype=np.int64)


def answer_groups(batch: Batch, *, items: Items, negatives: Negatives) -> set[int]:
    """The passage groups that answer some question of the batch."""
    found: set[int] = set()
    for group in items.question_group[batch.items].tolist():
        start, stop = negatives.answer_offsets[group], negatives.answer_offsets[group + 1]
        found.update(negatives.answer_groups[start:stop].tolist())
    return found
