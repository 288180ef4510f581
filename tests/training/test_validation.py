"""Validation batches: fixed, half of each kind, and as large as the data allow."""

from collections import Counter

import numpy as np
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.training.sampling import Batch, Items
from hybridbatch.training.validation import validation_batches, validation_losses


def items_of(has_language, *, groups=None, languages=("de", "en", "th")):
    count = len(has_language)
    numbers = np.arange(count) if groups is None else np.array(groups)
    return Items(
        has_language=np.array(has_language, dtype=bool),
        source=np.zeros(count, dtype=np.int64),
        question_group=numbers,
        passage_group=numbers.copy(),
        languages=languages,
        sources=("a",),
    )


def test_half_are_monolingual_in_every_language_and_half_cross_lingual():
    batches = validation_batches(items_of([[1, 1, 1]] * 20), batches=6, batch_size=8)
    assert [batch.kind for batch in batches] == ["monolingual"] * 3 + ["cross-lingual"] * 3
    assert {int(batch.query_languages[0]) for batch in batches[:3]} == {0, 1, 2}
    for batch in batches:
        assert len(set(batch.items.tolist())) == 8
        equal = batch.query_languages == batch.passage_languages
        assert equal.all() if batch.kind == "monolingual" else not equal.any()


def test_they_are_the_same_every_time():
    first, second = (
        validation_batches(items_of([[1, 1, 0], [1, 1, 1], [0, 1, 1]] * 5), batches=4, batch_size=4)
        for _ in range(2)
    )
    for one, other in zip(first, second, strict=True):
        assert one.items.tolist() == other.items.tolist()
        assert one.query_languages.tolist() == other.query_languages.tolist()
        assert one.passage_languages.tolist() == other.passage_languages.tolist()


def test_few_items_make_smaller_batches_without_translated_duplicates():
    # Five items, of which two are the same question; one is in Thai, too few for a batch.
    items = items_of(
        [[1, 1, 1], [1, 1, 0], [1, 1, 0], [1, 1, 0], [1, 1, 0]], groups=[0, 0, 1, 2, 3]
    )
    batches = validation_batches(items, batches=8, batch_size=32)
    assert Counter((batch.kind, len(batch)) for batch in batches) == {
        ("monolingual", 4): 4,
        ("cross-lingual", 4): 4,
    }
    for batch in batches:
        assert 2 not in batch.query_languages[batch.items != 0]
        assert len(set(items.question_group[batch.items].tolist())) == 4


def test_data_that_allow_one_kind_alone_have_batches_of_that_kind():
    one_language = items_of([[1], [1], [1]], languages=("en",))
    kinds = [batch.kind for batch in validation_batches(one_language, batches=4, batch_size=2)]
    assert kinds == ["monolingual"] * 4
    # Three items, each language in two of them but of one question: no monolingual batch.
    scattered = items_of([[1, 1, 0], [1, 1, 0], [0, 0, 1]], groups=[0, 0, 1])
    with pytest.raises(HybridBatchError, match="fewer than two held-out items"):
        validation_batches(scattered, batches=4, batch_size=2)
    crossed = items_of([[1, 1, 0, 0], [0, 0, 1, 1]], languages=("de", "en", "th", "zh"))
    kinds = [batch.kind for batch in validation_batches(crossed, batches=4, batch_size=2)]
    assert kinds == ["cross-lingual"] * 4


def batch_of(kind):
    empty = np.zeros(0, dtype=np.int64)
    return Batch(kind, empty, empty, empty, source=-1)


def test_losses_are_means_per_kind_and_over_all():
    batches = [batch_of("monolingual"), batch_of("monolingual"), batch_of("cross-lingual")]
    values = iter([1.0, 2.0, 6.0])
    losses = validation_losses(batches, lambda _: next(values))
    assert losses == {"monolingual": 1.5, "cross-lingual": 6.0, "all": 3.0}


def test_a_loss_that_is_no_number_is_an_error():
    with pytest.raises(HybridBatchError, match="the loss is nan"):
        validation_losses([batch_of("monolingual")], lambda _: float("nan"))
