"""Hard negatives: from the right list, and never an answer to a question of the batch."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import table_from_rows
from hybridbatch.schemas.every import PAIRS
from hybridbatch.training.data import training_data
from hybridbatch.training.drawn_negatives import choose_negatives
from hybridbatch.training.sampling import Batch, Sampler, SamplingOptions


def corpus(*rows, languages=("en",)):
    """Pairs from (item, question group, passage group, language, passage, negatives)."""
    names = ("item_id", "question_group", "passage_group", "language", "passage", "hard_negatives")
    table = table_from_rows(
        [
            {**dict(zip(names, row, strict=True)), "split": "train", "source": "a"}
            | {"question": f"{row[0]}? {row[3]}"}
            for row in rows
        ],
        PAIRS,
    )
    return training_data(
        table, sources=("a",), languages=languages, validation_fraction=0.0, with_negatives=True
    )


def batch_of(items, queries=None, passages=None):
    zeros = np.zeros(len(items), dtype=np.int64)
    columns = [zeros if given is None else np.array(given) for given in (queries, passages)]
    return Batch("cross-lingual", np.array(items), *columns, source=0)


def chosen(data, batch, *, count=9, seed=0):
    found = choose_negatives(
        batch,
        items=data.training.items,
        passage_text=data.training.passage_text,
        negatives=data.training.negatives,
        count=count,
        random=np.random.default_rng(seed),
    )
    return [data.passages.to_pylist()[text] for text in found]


def test_they_come_from_the_passages_language():
    data = corpus(
        ("x", "x", "x", "de", "Berlin", ["Bonn"]),
        ("x", "x", "x", "en", "Berlin.", ["Bonn."]),
        ("y", "y", "y", "de", "Wien", ["Graz"]),
        languages=("de", "en"),
    )
    assert chosen(data, batch_of([0], queries=[0], passages=[1])) == ["Bonn."]
    assert chosen(data, batch_of([0], queries=[1], passages=[0])) == ["Bonn"]
    assert chosen(data, batch_of([0, 1], [1, 0], [0, 0])) == ["Bonn", "Graz"]


def test_a_passage_of_another_pair_of_the_batch_is_left_out():
    data = corpus(
        ("x", "x", "x", "en", "Paris", ["Rome", "Oslo"]),
        ("y", "y", "y", "en", "Rome", []),
        ("z", "z", "z", "en", "Oslo", []),
    )
    assert sorted(chosen(data, batch_of([0]))) == ["Oslo", "Rome"]
    assert chosen(data, batch_of([0, 1])) == ["Oslo"]
    assert chosen(data, batch_of([0, 1, 2])) == []


def test_pairs_without_any_have_none():
    data = corpus(("x", "x", "x", "en", "Paris", []), ("y", "y", "y", "en", "Rome", []))
    assert chosen(data, batch_of([0, 1])) == []


def test_a_translation_of_a_passage_of_the_batch_is_left_out():
    # The German text of y's passage is a negative of x; the batch holds y in English.
    data = corpus(
        ("x", "x", "x", "de", "Paris (de)", ["Rom"]),
        ("y", "y", "y", "de", "Rom", []),
        ("y", "y", "y", "en", "Rome", []),
        languages=("de", "en"),
    )
    assert chosen(data, batch_of([0, 1], queries=[0, 1], passages=[0, 1])) == []
    assert chosen(data, batch_of([0])) == ["Rom"]


def test_another_answer_to_a_question_of_the_batch_is_left_out():
    # Items x1 and x2 have the same question and two passages.
    data = corpus(
        ("x1", "x", "p1", "en", "in Paris", ["by the Seine", "in Rome"]),
        ("x2", "x", "p2", "en", "by the Seine", []),
        ("y", "y", "p3", "en", "in Oslo", ["by the Seine", "in Rome"]),
    )
    assert chosen(data, batch_of([0])) == ["in Rome"]
    assert chosen(data, batch_of([0, 2])) == ["in Rome"]
    assert sorted(chosen(data, batch_of([2]))) == ["by the Seine", "in Rome"]


def test_a_text_equal_to_a_positive_is_left_out_in_any_language():
    data = corpus(
        ("x", "x", "x", "en", "42", ["43"]),
        ("y", "y", "y", "de", "Nein", ["42", " ４２ ", "44"]),
        languages=("de", "en"),
    )
    assert sorted(chosen(data, batch_of([0, 1], [1, 0], [1, 0]))) == ["43", "44"]


def test_at_most_count_of_each_pair_without_replacement_and_each_text_once():
    many = [f"n{i}" for i in range(6)]
    data = corpus(
        ("x", "x", "x", "en", "Paris", [*many, "n0", "n0"]), ("y", "y", "y", "en", "Rome", many)
    )
    for seed in range(20):
        found = chosen(data, batch_of([0, 1]), count=2, seed=seed)
        assert 2 <= len(found) <= 4
        assert len(set(found)) == len(found)
    assert (
        len({tuple(chosen(data, batch_of([0]), count=2, seed=seed)) for seed in range(200)}) == 30
    )
    assert sorted(chosen(data, batch_of([0]), count=20)) == many
    assert chosen(data, batch_of([0]), count=0) == []


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_no_negative_of_any_batch_answers_one_of_its_questions(seed):
    random = np.random.default_rng(seed)
    texts = [f"t{i}" for i in range(12)]
    rows = []
    for i in range(20):
        group = int(random.integers(12))  # the passage, of which there are twelve
        question = int(random.integers(15))
        for language in ("de", "en"):
            negatives = [f"{texts[j]} {language}" for j in random.integers(12, size=4)]
            mine = f"{texts[group]} {language}"
            kept = [text for text in negatives if text != mine]
            rows.append((f"i{i}", f"q{question}", f"p{group}", language, mine, kept))
    data = corpus(*rows, languages=("de", "en"))
    group_of = {row[4]: row[2] for row in rows}
    answers: dict[str, set[str]] = {}
    for row in rows:
        answers.setdefault(row[1], set()).add(row[2])
    names = list(dict.fromkeys(row[0] for row in rows))
    question_of = {row[0]: row[1] for row in rows}
    options = SamplingOptions(3, "x-y", ("cross-lingual",), ("de", "en"), (1.0,), 0.0, 1.0)
    try:
        sampler = Sampler(data.training.items, options, seed=seed)
    except HybridBatchError:  # some data have no three items without conflicts
        assume(False)
    for _ in range(5):
        batch = next(sampler)
        forbidden = set().union(*(answers[question_of[names[item]]] for item in batch.items))
        for text in chosen(data, batch, count=3, seed=seed):
            assert group_of.get(text) not in forbidden
