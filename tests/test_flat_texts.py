"""Token ids of many texts in one array."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.training import flat_texts, texts
from hybridbatch.training.flat_texts import FlatTexts


def ids(*values):
    return np.array(values, dtype=np.int32)


@given(st.lists(st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=4), max_size=4))
def test_it_holds_what_is_put_in(groups):
    flat = FlatTexts.collected([ids(*text) for text in group] for group in groups)
    assert [text.tolist() for text in flat] == [text for group in groups for text in group]
    assert len(flat) == sum(map(len, groups))


def test_renumbered_in_place_part_by_part(monkeypatch):
    monkeypatch.setattr(flat_texts, "_AT_A_TIME", 2)
    flat = FlatTexts.collected([[ids(5, 7), ids()], [ids(7, 7, 2)]])
    seen = np.zeros(9, dtype=bool)
    flat.mark(seen)
    assert np.flatnonzero(seen).tolist() == [2, 5, 7]
    flat.renumber(np.arange(9, dtype=np.int32)[::-1].copy())
    assert [text.tolist() for text in flat] == [[3, 1], [], [1, 1, 6]]
    assert flat.ids.dtype == np.int32
    with pytest.raises(IndexError):
        flat[3]


def test_slices_are_tokenised_as_the_whole_is(tmp_path, monkeypatch):
    encoder = DualEncoder.load(tiny.write_model(tmp_path), pooling="mean", device="cpu")
    monkeypatch.setattr(texts, "_TOGETHER", 3)
    questions, passages = [f"q{n}?" * n for n in range(8)], ["only one"]
    data = SimpleNamespace(
        questions=pa.array(questions, pa.large_string()), passages=pa.array(passages)
    )
    options = SimpleNamespace(query_prefix="query: ", passage_prefix="", max_tokens=20)
    found = texts.tokenize(encoder, data, options)
    for flat, words, prefix in (
        (found.questions, questions, "query: "),
        (found.passages, passages, ""),
    ):
        expected = encoder.tokenize(words, prefix=prefix, max_tokens=20)
        assert [text.tolist() for text in flat] == [text.tolist() for text in expected]
