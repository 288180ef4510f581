"""Pairs as arrays: the training items, the held-out items, and the groups of negatives."""

import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.schemas.every import PAIRS
from hybridbatch.training.data import (
    MISSING,
    held_out_by_hash,
    read_training_data,
    training_data,
)


def pair(item, language, *, group=None, split="train", source="a", negatives=(), passage=None):
    return {
        "item_id": item,
        "question_group": group or f"q-{item}",
        "passage_group": f"p-{item}",
        "language": language,
        "question": f"{item}? ({language})",
        "passage": passage or f"{item}! ({language})",
        "source": source,
        "split": split,
        "hard_negatives": list(negatives),
    }


def data_of(*rows, languages=("de", "en"), sources=("a",), fraction=0.0, negatives=True):
    return training_data(
        table_from_rows(rows, PAIRS),
        sources=sources,
        languages=languages,
        validation_fraction=fraction,
        with_negatives=negatives,
    )


def test_items_have_the_languages_they_have():
    data = data_of(pair("x", "en"), pair("y", "en"), pair("x", "de"), pair("x", "fr"))
    training = data.training
    assert training.items.has_language.tolist() == [[True, True], [False, True]]
    assert training.items.languages == ("de", "en")
    assert training.pairs == 3
    questions = data.questions.to_pylist()
    assert questions == ["x? (en)", "y? (en)", "x? (de)"]
    assert training.question_text.tolist() == [[2, 0], [MISSING, 1]]
    passages = data.passages.to_pylist()
    assert passages[training.passage_text[0, 0]] == "x! (de)"
    assert data.validation is None


def test_a_text_is_kept_once():
    data = data_of(
        pair("x", "en", passage="same"), pair("y", "de", passage="same", negatives=["same"])
    )
    assert data.passages.to_pylist() == ["same"]


def test_rows_of_split_validation_are_held_out_and_those_of_test_left_out():
    data = data_of(
        pair("x", "en"), pair("x", "de"), pair("y", "en", split="validation"),
        pair("z", "en", split="test"),
    )  # fmt: skip
    assert len(data.training.items) == 1
    assert data.validation is not None
    assert data.validation.items.has_language.tolist() == [[False, True]]
    assert data.questions.to_pylist() == ["x? (en)", "x? (de)", "y? (en)"]


def test_a_question_group_is_held_out_as_a_whole():
    data = data_of(
        pair("x", "en"), pair("x", "de"), pair("y", "en", group="twin"),
        pair("z", "en", group="twin", split="validation"),
    )  # fmt: skip
    assert len(data.training.items) == 1
    assert data.validation is not None
    assert len(data.validation.items) == 2


def test_only_the_hash_decides():
    # `b2sum -l 64` of "q-3" is 4557c2a8b53383d4, and 0x4557 / 0x10000 is .2709.
    assert held_out_by_hash("q-3", fraction=0.271)
    assert not held_out_by_hash("q-3", fraction=0.27)
    held_out = [i for i in range(4000) if held_out_by_hash(f"q-{i}", fraction=0.05)]
    assert 150 < len(held_out) < 250
    assert not any(held_out_by_hash(f"q-{i}", fraction=0.0) for i in range(100))
    wider = {i for i in range(4000) if held_out_by_hash(f"q-{i}", fraction=0.1)}
    assert set(held_out) < wider


def test_the_fraction_holds_out_items_by_their_question_group():
    rows = [pair(str(i), language) for i in range(60) for language in ("de", "en")]
    data = data_of(*rows, fraction=0.2)
    expected = sum(held_out_by_hash(f"q-{i}", fraction=0.2) for i in range(60))
    assert 0 < expected < 60
    assert data.validation is not None
    assert (len(data.validation.items), len(data.training.items)) == (expected, 60 - expected)
    backwards = data_of(*rows[::-1], fraction=0.2)
    assert backwards.validation is not None
    assert len(backwards.validation.items) == expected


def test_a_negative_has_the_group_of_the_passage_that_it_equals_in_its_language():
    data = data_of(
        pair("x", "en", negatives=["Y! (EN)", "unknown", "y! (de)"]),
        pair("x", "de", negatives=["y! (de)"]),
        pair("y", "en"),
        pair("y", "de"),
    )
    found = data.training.negatives
    y = int(data.training.items.passage_group[1])
    # Row by row of (item, language), languages in the order de, en.
    assert found.offsets.tolist() == [0, 1, 4, 4, 4]
    assert found.groups.tolist() == [y, y, -1, -1]
    texts = [data.passages.to_pylist()[text] for text in found.texts]
    assert texts == ["y! (de)", "Y! (EN)", "unknown", "y! (de)"]
    assert found.forms[found.texts[1]] == found.forms[data.training.passage_text[1, 1]]


def test_negatives_can_be_left_out():
    data = data_of(pair("x", "en", negatives=["n"]), pair("x", "de"), negatives=False)
    assert data.training.negatives.offsets.tolist() == [0, 0, 0]
    assert "n" not in data.passages.to_pylist()


def test_sources_are_read_in_order(tmp_path):
    for name in ("a", "b"):
        rows = [pair(f"{name}1", "en", source=name), pair(f"{name}1", "de", source=name)]
        write_table(table_from_rows(rows, PAIRS), tmp_path / f"{name}.parquet", PAIRS)
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    options = {"languages": ("de", "en"), "validation_fraction": 0.0, "with_negatives": True}
    data = read_training_data(paths, sources=("a", "b"), **options)
    assert data.training.items.source.tolist() == [0, 1]
    with pytest.raises(HybridBatchError, match=r"a\.parquet: holds source 'a', expected 'b'"):
        read_training_data(paths, sources=("b", "a"), **options)
    with pytest.raises(HybridBatchError, match="1 files for 2 sources"):
        read_training_data(paths[:1], sources=("a", "b"), **options)


def test_a_training_language_without_pairs_is_an_error():
    with pytest.raises(HybridBatchError, match="train_languages: th: no pair to train on in a"):
        data_of(pair("x", "en"), pair("y", "th", split="test"), languages=("en", "th"))
