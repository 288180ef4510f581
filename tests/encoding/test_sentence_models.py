"""A sentence-transformers folder gives the vectors of sentence-transformers."""

import json
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from torch import nn

import sentence_models
import tiny
from hybridbatch.cli import main
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.encoding.model import fetch_model
from hybridbatch.schemas import every as schemas
from sentence_models import TEXTS, write_sentence_model

PROMPTS = {"query": "find: ", "document": "text: "}


def shapes(folder: Path) -> dict[str, Path]:
    """A folder of each shape."""
    bert = tiny.write_model(folder / "bert")
    decoder = sentence_models.write_decoder(folder / "decoder")
    left = sentence_models.write_decoder(folder / "left-base", padding_side="left")
    gpt2 = sentence_models.write_gpt2(folder / "gpt2-base")
    return {
        "labse": sentence_models.write_labse(folder / "labse"),
        "distiluse": sentence_models.write_distiluse(folder / "distiluse"),
        "max": write_sentence_model(folder / "max", bert, pooling="max"),
        "prompts": write_sentence_model(folder / "prompts", bert, prompts=PROMPTS),
        "linear": write_sentence_model(
            folder / "linear", bert, outputs=48, activation=nn.Identity(), bias=False
        ),
        "bert-last": write_sentence_model(folder / "bert-last", bert, pooling="lasttoken"),
        "qwen": write_sentence_model(folder / "qwen", decoder, pooling="lasttoken"),
        "qwen-left": write_sentence_model(folder / "left", left, pooling="lasttoken"),
        "gpt2": write_sentence_model(folder / "gpt2", gpt2, pooling="mean"),
    }


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return shapes(tmp_path_factory.mktemp("shapes"))


def vectors(model: Path, place: Path, **given: object) -> dict[str, np.ndarray]:
    """The vectors of `TEXTS` as queries and as passages, by the command `encode`."""
    rows = [{"language": "en", "text": text, "title": ""} for text in TEXTS]
    for name, schema in (("query", schemas.QUERIES), ("passage", schemas.PASSAGES)):
        own = [
            {key: value for key, value in row.items() if key in schema.columns}
            | {f"{name}_id": f"en:{n}"}
            | ({"item_id": str(n)} if name == "query" else {})
            for n, row in enumerate(rows)
        ]
        write_table(table_from_rows(own, schema), place / f"{name}.parquet", schema)
    options = json.dumps({"precision": "fp32", "threads": 1, **given})
    command = [
        *("encode", "--options", options, "--model", model),
        *("--queries", place / "query.parquet", "--passages", place / "passage.parquet"),
        *("--output", place / "q.parquet", place / "p.parquet"),
    ]
    assert main(list(map(str, command))) == 0
    return {
        name: np.array(
            read_table(place / f"{name[0]}.parquet", schema)["embedding"].to_pylist(), np.float32
        )
        for name, schema in (
            ("query", schemas.QUERY_EMBEDDINGS),
            ("passage", schemas.PASSAGE_EMBEDDINGS),
        )
    }


@pytest.mark.parametrize(
    "shape",
    ["labse", "distiluse", "max", "prompts", "linear", "bert-last", "qwen", "qwen-left", "gpt2"],
)
def test_the_vectors_are_those_of_sentence_transformers(
    folders: dict[str, Path], shape: str, tmp_path: Path
) -> None:
    fetch_model(str(folders[shape]), tmp_path / "model")
    found = vectors(tmp_path / "model", tmp_path)
    theirs = SentenceTransformer(str(folders[shape]), device="cpu", local_files_only=True)
    # GPT-2 numbers the padding on the left; one text at a time has none.
    size = 1 if shape == "gpt2" else 4
    for name, encode in (("query", theirs.encode_query), ("passage", theirs.encode_document)):
        expected = encode(TEXTS, normalize_embeddings=True, batch_size=size)
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-5)
