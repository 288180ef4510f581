"""Hard negatives of a batch: none of them answers a question of the batch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hybridbatch.training.sampling import Batch, Items

NO_GROUP = -1


@dataclass(frozen=True)
class Negatives:
    """The hard negatives of n items in L languages, and the data that reveals false ones.

    The entries of item i in language l go from `offsets[i * L + l]` up to `offsets[i * L + l + 1]`
    in two arrays: `texts` (numbers of passage texts) and `groups` (the passage group of the
    training passages with that text in that language, or NO_GROUP). The passage groups that answer
    question group g are `answer_groups` from `answer_offsets[g]` up to `answer_offsets[g + 1]`.
    `forms[t]` is equal for texts that count as the same.
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

    They are drawn without replacement from the list of the pair's item in its passage's language.
    Texts that may answer a question of the batch are left out: texts whose passage group answers
    one of the batch's question groups in any item, and texts equal to a positive of the batch.

    Args:
        batch: the pairs.
        items: the items that the batch's numbers refer to.
        passage_text: number of the passage text of each item and language, (n, L).
        negatives: the lists to draw from.
        count: the largest number for each pair.
        random: the random generator of the draws.

    Returns:
        Numbers of passage texts, int64 (h,).
    """
    if not len(negatives.texts):  # no pair has any, and then no forms are told apart
        return np.empty(0, dtype=np.int64)
    answers = answer_groups(batch, items=items, negatives=negatives)
    positives = set(negatives.forms[passage_text[batch.items, batch.passage_languages]].tolist())
    rows = batch.items * len(items.languages) + batch.passage_languages
    chosen: dict[int, None] = {}  # an ordered set
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
    """The passage groups that answer a question of the batch."""
    found: set[int] = set()
    for group in items.question_group[batch.items].tolist():
        start, stop = negatives.answer_offsets[group], negatives.answer_offsets[group + 1]
        found.update(negatives.answer_groups[start:stop].tolist())
    return found
