"""Validation batches: the same for every sampling, seed and step."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.training.item_queue import Candidates, Stream, capacity
from hybridbatch.training.sampling import CROSS_LINGUAL, MONOLINGUAL, Batch, Items, ordered_pairs

ALL = "all"  # the mean over both kinds of batch
_LEAST = 2  # a batch needs this many pairs for a question to have a negative
_SEED = 0  # fixed, so that runs with different seeds are compared on the same batches


def validation_batches(items: Items, *, batches: int, batch_size: int) -> tuple[Batch, ...]:
    """Fixed batches of held-out items: the first half monolingual, the rest cross-lingual.

    Monolingual batches use the languages in turn, in an order shuffled once. With too few held-out
    items, batches are smaller. If the data allows only one kind, all batches are of that kind.

    Args:
        items: the held-out items of all sources; a batch mixes sources.
        batches: number of batches.
        batch_size: the largest number of pairs in a batch.

    Raises:
        HybridBatchError: no two held-out items differ in question and passage.
    """
    has_language = items.has_language
    columns = Stream(_SEED, "validation", "languages").at(0).permutation(len(items.languages))
    sizes = {int(c): _size(items, has_language[:, c], batch_size) for c in columns}
    eligible = [column for column, size in sizes.items() if size >= _LEAST]
    candidates = {c: _candidates(items, has_language[:, c], items.languages[c]) for c in eligible}
    parallel = has_language.sum(axis=1) >= 2
    cross_size = _size(items, parallel, batch_size)
    if not eligible and cross_size < _LEAST:
        raise HybridBatchError(
            "validation: fewer than two held-out items differ in question and passage; raise "
            "validation.fraction, or set it to 0 to train without validation"
        )
    monolingual = batches if cross_size < _LEAST else (batches + 1) // 2
    monolingual = monolingual if eligible else 0
    chosen = []
    for number in range(monolingual):
        column = eligible[number % len(eligible)]
        drawn = candidates[column].draw(sizes[column])
        same = np.full(len(drawn), column, dtype=np.int64)
        chosen.append(Batch(MONOLINGUAL, drawn, same, same, source=-1))
    parallel_items = _candidates(items, parallel, CROSS_LINGUAL)
    stream = Stream(_SEED, "validation", "pairs")
    for number in range(batches - monolingual):
        drawn = parallel_items.draw(cross_size)
        queries, passages = ordered_pairs(has_language[drawn], stream.at(number))
        chosen.append(Batch(CROSS_LINGUAL, drawn, queries, passages, source=-1))
    return tuple(chosen)


def validation_losses(
    batches: Sequence[Batch], loss_of: Callable[[Batch], float]
) -> Mapping[str, float]:
    """The mean loss of each kind of batch, in order of appearance, and of ALL batches.

    Raises:
        HybridBatchError: a loss is not a finite number.
    """
    losses = defaultdict(list)
    for batch in batches:
        loss = loss_of(batch)
        if not np.isfinite(loss):
            raise HybridBatchError(
                f"validation: the loss is {loss}; lower learning_rate, or set precision to fp32"
            )
        losses[batch.kind].append(loss)
    means = {kind: float(np.mean(values)) for kind, values in losses.items()}
    return {**means, ALL: float(np.mean([loss for values in losses.values() for loss in values]))}


def _candidates(items: Items, members: NDArray[np.bool_], name: str) -> Candidates:
    return Candidates(
        np.flatnonzero(members),
        question_group=items.question_group,
        passage_group=items.passage_group,
        stream=Stream(_SEED, "validation", name),
    )


def _size(items: Items, members: NDArray[np.bool_], batch_size: int) -> int:
    """The largest number of pairs in a batch of these items, at most `batch_size`."""
    return capacity(
        np.flatnonzero(members),
        question_group=items.question_group,
        passage_group=items.passage_group,
        limit=batch_size,
    )
