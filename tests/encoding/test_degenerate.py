"""Texts that are all alike to the model end a stage with the reason."""

import json
import logging
import re
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer

import tiny
from hybridbatch.cli import main
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.encoding.degenerate import check_distinct, check_known
from hybridbatch.encoding.encode import embedding_table
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.schemas import every as schemas

pa = pytest.importorskip("pyarrow")
ENGLISH, GEORGIAN = ["who", "where? 12"], ["ვინ არის", "სად?"]
OPTIONS = {"tokens_per_batch": 512, "precision": "fp32"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> DualEncoder:
    return DualEncoder.load(folder, pooling="mean", device="cpu")


def test_a_prefix_as_long_as_the_limit_is_refused(encoder: DualEncoder) -> None:
    # [CLS], the eight letters and [SEP] are 10 tokens; the space is none.
    for limit, fits in ((10, False), (11, True)):
        if fits:
            encode_texts(encoder, ENGLISH, prefix="question ", max_tokens=limit, **OPTIONS)
            continue
        words = "max_tokens: 10 leaves no room for a text: the prefix 'question ' .* take 10; raise"
        with pytest.raises(HybridBatchError, match=words):
            encode_texts(encoder, ENGLISH, prefix="question ", max_tokens=limit, **OPTIONS)


def test_a_script_that_the_tokenizer_does_not_know(
    encoder: DualEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer = encoder.tokenizer
    known, unknown = pa.array(ENGLISH), pa.array(GEORGIAN)
    with caplog.at_level(logging.WARNING):
        check_known(tokenizer, {"en": known, "ka": unknown})
    assert "the tokenizer knows no letter of ka" in caplog.text
    with pytest.raises(HybridBatchError, match=r"no letter of ka: every word becomes '\[UNK\]'"):
        check_known(tokenizer, {"ka": unknown})
    # One known word among many is enough, wherever it stands; a text without letters is no sign.
    check_known(tokenizer, {"mixed": pa.array([*GEORGIAN * 1000, "who", "ვ"])})
    check_known(tokenizer, {"signs": pa.array(["…", "?"])})


def test_a_mark_of_words_is_no_known_letter(folder: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    values = json.loads(tokenizer.backend_tokenizer.to_str())
    values["model"]["vocab"]["▁"] = 200
    values["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        {"type": "Split", "pattern": {"String": ""}, "behavior": "Isolated", "invert": False},
    ]}  # fmt: skip
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps(values))
    marked = AutoTokenizer.from_pretrained(tmp_path)
    assert 200 in marked("ვინ")["input_ids"]
    with pytest.raises(HybridBatchError, match="no letter of ka"):
        check_known(marked, {"ka": pa.array(GEORGIAN)})


def test_texts_that_begin_alike_are_told_from_broken_weights(encoder: DualEncoder) -> None:
    texts = [f"the same beginning {n}" for n in range(8)]
    with pytest.raises(
        HybridBatchError, match="all 8 texts begin alike and are cut to the same 12"
    ):
        encode_texts(encoder, texts, prefix="", max_tokens=12, **OPTIONS)
    encode_texts(encoder, texts[:7], prefix="", max_tokens=12, **OPTIONS)  # maybe by chance
    ids = [np.arange(n + 1) for n in range(8)]
    with pytest.raises(HybridBatchError, match="all 8 texts have the same vector; the model's"):
        check_distinct(ids, np.ones((8, 4), np.float32), what="encoding")
    check_distinct(ids, np.eye(8, dtype=np.float32), what="encoding")


def test_a_vector_of_zeros_names_its_text() -> None:
    rows = np.array([[1, 0], [0, 0]], np.float32)
    with pytest.raises(HybridBatchError, match="the vector of 'en:2' is zero"):
        embedding_table(
            pa.chunked_array([["en:1", "en:2"]]), rows, schema=schemas.QUERY_EMBEDDINGS,
            dtype="float32",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "text", "prefix", "words"),
    [
        ("encode", "ვ", "", "no letter of the queries in de, the queries in en: every"),
        ("encode", "a", "abc" * 9, "max_tokens: 24 leaves no room"),
        ("train", "ვ", "", "no letter of the questions, the passages: every word"),
        ("train", "a", "abc" * 9, "max_tokens: 24 leaves no room"),
        ("train", "the same words at the beginning ", "", "the training questions: all .* alike"),
    ],
)
def test_the_stages_end_early(
    folder: Path, tmp_path: Path, stage: str, text: str, prefix: str, words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    rows = [
        row | {key: text + ("ვ" if text == "ვ" else str(n)) * (n + 1)
               for key in ("question", "passage")} | {"hard_negatives": []}
        for n, row in enumerate(tiny.pair_rows(range(10))) if row["language"] != "ar"
    ]  # fmt: skip
    write_table(table_from_rows(rows, schemas.PAIRS), tmp_path / "pairs.parquet", schemas.PAIRS)
    queries = [
        {"query_id": f"{row['language']}:{n}", "item_id": str(n), "language": row["language"],
         "text": row["question"]}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    write_table(table_from_rows(queries, schemas.QUERIES), tmp_path / "q.parquet", schemas.QUERIES)
    given = {"query_prefix": prefix, "max_tokens": 24, "threads": 1, "pooling": "mean"}
    files = {"queries": "q.parquet", "output": "out"}
    if stage == "train":
        files = {"pairs": "pairs.parquet", "output": "o", "train-log": "l", "run-record": "r"}
        given |= {
            **{"run": "r", "model": "m", "recipe": "r", "sampling": "x-x", "seed": 1},
            **{"languages": ["de", "en"], "sources": [{"name": "tiny", "weight": 1.0}]},
            **{"batch_size": 4, "steps": 2, "warmup_steps": 1, "validation": {"fraction": 0}},
        }
    command = [stage, "--model", str(folder), "--options", tiny.options_text(stage, **given)]
    for name, file in files.items():
        command += [f"--{name}", str(tmp_path / file)]
    assert main(command) != 0
    assert re.search(words, capsys.readouterr().err)
