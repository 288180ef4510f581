"""A sentence-transformers folder gives the vectors of sentence-transformers."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from torch import nn

import sentence_models
import tiny
from hybridbatch.cli import main
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.encoding.declaration import ACTIVATIONS
from hybridbatch.encoding.model import fetch_model
from hybridbatch.schemas import every as schemas
from sentence_models import TEXTS, write_sentence_model

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
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


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_dense_layer_applies_its_activation(
    activation: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    base = folders["labse"].parent / "labse-base"
    layer = getattr(nn, activation)()
    given = write_sentence_model(tmp_path / "given", base, outputs=48, activation=layer)
    theirs = SentenceTransformer(str(given), device="cpu", local_files_only=True)
    found = vectors(given, tmp_path)["query"]
    np.testing.assert_allclose(found, theirs.encode(TEXTS), rtol=0, atol=1e-5)


def test_the_page_lists_the_activations() -> None:
    (row,) = re.findall(r"^\| Dense \| with (.*?) \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert set(re.split(", | or ", row)) == set(ACTIVATIONS)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_weights_of_other_types_are_read_as_float32(
    kind: torch.dtype, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(folders["labse"], tmp_path / "given"))
    for path in folder.rglob("model.safetensors"):
        save_file({name: each.to(kind) for name, each in load_file(path).items()}, path)
    theirs = SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": "float32"}
    )
    found = vectors(folder, tmp_path)["query"]
    np.testing.assert_allclose(found, theirs.encode(TEXTS), rtol=0, atol=1e-5)


def test_lower_case_is_part_of_the_declaration(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders["labse"], tmp_path / "given"))
    path = folder / "sentence_bert_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"do_lower_case": True}))
    found = vectors(folder, tmp_path)["query"]
    upper, lower = TEXTS.index("UPPER"), TEXTS.index("upper")
    assert np.array_equal(found[upper], found[lower])
    theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    np.testing.assert_allclose(found, theirs.encode(TEXTS), rtol=0, atol=1e-5)


def test_the_config_comes_first_and_one_line_says_so(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"pooling": "mean", "query_prefix": "", "max_tokens": 9}
    found = vectors(folders["prompts"], tmp_path, **given)
    assert [line for line in capsys.readouterr().err.splitlines() if "declares" in line] == [
        f"[encode] {folders['prompts']} declares pooling 'mean', query_prefix '' of the config "
        "over 'find: ', passage_prefix 'text: ', max_tokens 9 of the config over 24"
    ]
    theirs = SentenceTransformer(str(folders["prompts"]), device="cpu", local_files_only=True)
    theirs.max_seq_length = 9
    np.testing.assert_allclose(found["query"], theirs.encode(TEXTS, prompt=""), rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["passage"], theirs.encode_document(TEXTS), rtol=0, atol=1e-5)


def test_a_plain_checkpoint_keeps_the_schema_s_values_and_bytes(tmp_path: Path) -> None:
    model = tiny.write_model(tmp_path / "model")
    named = {"pooling": "mean", "query_prefix": "query: ", "passage_prefix": "passage: "}
    left_open = vectors(model, tmp_path, max_tokens=32)
    for name, found in vectors(model, tmp_path, max_tokens=32, **named).items():
        assert found.tobytes() == left_open[name].tobytes()
    with pytest.raises(AssertionError):  # 128 tokens are more than the 64 positions of the model
        vectors(model, tmp_path)


def test_a_limit_beyond_the_positions_of_the_model_is_cut_to_them(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(folders["gpt2"], tmp_path / "given"))
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_max_length": 1024}))
    found = vectors(folder, tmp_path)["query"]
    theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    assert theirs.max_seq_length == 40  # n_positions of GPT-2
    expected = theirs.encode(TEXTS, normalize_embeddings=True, batch_size=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
