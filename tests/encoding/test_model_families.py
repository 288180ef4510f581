"""Every family of docs/models.md: the vectors of sentence-transformers, or one line."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoConfig, AutoModel

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.encoding.model import fetch_model
from hybridbatch.encoding.model_config import AFTER_PADDING, most_positions
from hybridbatch.encoding.settings import usable_declaration
from hybridbatch.encoding.token_limits import most_tokens
from model_families import ACCEPTED, REFUSED, write_family
from sentence_models import TEXTS, write_sentence_model

PAGE = Path(__file__).parents[2] / "docs" / "models.md"


def listed(mark: str) -> set[str]:
    """The `model_type`s of the page's rows that begin with a mark."""
    rows = re.findall(rf"^\| {mark} \|.*?\| (.*?) \|", PAGE.read_text(encoding="utf-8"), re.M)
    return {name for row in rows for name in re.findall("`([^`]+)`", row)}


def test_the_page_lists_what_is_tested() -> None:
    assert listed("●") == set(ACCEPTED)
    assert listed("○") == {kind.partition(" ")[0] for kind in REFUSED}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_the_vectors_are_those_of_sentence_transformers(kind: str, tmp_path: Path) -> None:
    base = write_family(tmp_path / "base", kind, ACCEPTED[kind])
    given = write_sentence_model(tmp_path / "given", base)
    fetch_model(str(given), tmp_path / "model")
    declared = usable_declaration(tmp_path / "model")
    assert declared is not None and declared.max_tokens == 24
    ours = DualEncoder.load(tmp_path / "model", pooling=declared.pooling, device="cpu")
    found = encode_texts(
        ours, TEXTS, prefix="", max_tokens=24, tokens_per_batch=128, precision="fp32"
    )
    theirs = SentenceTransformer(str(given), device="cpu", local_files_only=True)
    expected = theirs.encode(TEXTS, batch_size=1)  # decoders number the padding on the left
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    # The limit by the config alone is that of the table, and the model takes no longer text.
    most = most_tokens(ours.model)
    if most is not None:
        assert most_positions(tmp_path / "model") == most
        ours.forward(torch.full((1, most), 7))
        with pytest.raises((IndexError, RuntimeError, ValueError)):
            ours.forward(torch.full((1, most + 1), 7))


@pytest.mark.parametrize("kind", REFUSED)
def test_others_are_refused_by_the_stage_model(kind: str, tmp_path: Path) -> None:
    values, words = REFUSED[kind]
    folder = write_family(tmp_path / "given", kind, values)
    with pytest.raises(HybridBatchError, match=words) as caught:
        fetch_model(str(folder), tmp_path / "model")
    line = str(caught.value)
    assert line.startswith(f"model {folder}: config.json: ") and "\n" not in line
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("kind", sorted(AFTER_PADDING - ACCEPTED.keys()))
def test_rows_of_padding_are_no_positions(kind: str, tmp_path: Path) -> None:
    config = AutoConfig.for_model(
        kind, vocab_size=10, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=8, max_position_embeddings=66, pad_token_id=1,
        entity_vocab_size=10, entity_emb_size=8,
    )  # fmt: skip
    config.save_pretrained(tmp_path)
    assert most_positions(tmp_path) == most_tokens(AutoModel.from_config(config)) == 64
