"""The stage `model` proves what it calls ready; what it refuses is one line with the remedy."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.declaration import read_declaration
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.encoding.model import fetch_model
from hybridbatch.planning.preflight import _check_model
from sentence_models import TEXTS, write_labse

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 471\n"
JSON_FILES = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "modules.json"),
    *("sentence_bert_config.json", "config_sentence_transformers.json"),
    *("1_Pooling/config.json", "2_Dense/config.json"),
)
WEIGHTS = ("model.safetensors", "2_Dense/model.safetensors")
Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def labse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_labse(tmp_path_factory.mktemp("shared") / "labse")


@pytest.fixture
def given(labse: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(labse, tmp_path / "given"))


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(HybridBatchError) as caught:
        read()
    line = str(caught.value)
    assert "\n" not in line and ".part" not in line
    return line


def stage(folder: Path) -> str:
    line = refusal(lambda: fetch_model(str(folder), folder.parent / "model"))
    assert line.startswith(f"model {folder}: ")
    assert not (folder.parent / "model").exists()
    return line.removeprefix(f"model {folder}: ")


@pytest.mark.parametrize("name", [*JSON_FILES, *WEIGHTS])
def test_a_file_that_is_not_there_in_truth_is_refused_before_anything_runs(
    given: Path, name: str
) -> None:
    file = given / name
    file.unlink()
    for make, words in (
        (lambda: file.symlink_to("../../blobs/0a1b"), "a link to ../../blobs/0a1b, which is not"),
        (lambda: file.write_text(POINTER), "a pointer of git-lfs .*; run `git lfs pull`"),
        (file.mkdir, "not a file"),
    ):
        make()  # type: ignore[operator]
        for line in (refusal(lambda: _check_model(str(given))), stage(given)):
            assert re.search(f"{re.escape(name)}: {words}", line)
        file.rmdir() if file.is_dir() else file.unlink()


@pytest.mark.parametrize("name", JSON_FILES)
def test_a_byte_order_mark_is_named(given: Path, name: str) -> None:
    text = (given / name).read_text(encoding="utf-8")
    for encoding in ("utf-8-sig", "utf-16"):
        (given / name).write_text(text, encoding=encoding)
        for line in (refusal(lambda: _check_model(str(given))), stage(given)):
            assert f"{name}: begins with a byte order mark" in line and "save it as UTF-8" in line


def test_json_of_any_depth_and_size_is_one_line(given: Path) -> None:
    for text in ("[" * 200_000, '{"max_seq_length": ' + "9" * 5_000 + "}", "[]", "null", ""):
        (given / "sentence_bert_config.json").write_text(text)
        assert "sentence_bert_config.json: " in stage(given)


def weights(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Change:
    def applied(folder: Path) -> None:
        path = folder / "model.safetensors"
        save_file(change(load_file(path)), path, metadata={"format": "pt"})

    return applied


def keys(name: str, **values: object) -> Change:
    def applied(folder: Path) -> None:
        found = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(found | values))

    return applied


def sharded(folder: Path) -> list[Path]:
    model = AutoModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    parts = sorted(folder.glob("model-*.safetensors"))
    assert len(parts) > 2
    return parts


def without_index(folder: Path) -> None:
    sharded(folder)
    (folder / "model.safetensors.index.json").unlink()


def more_tokens(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["zzz"])
    tokenizer.save_pretrained(folder)


def pickled(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


PROOFS: dict[str, tuple[Change, str]] = {
    "table": (more_tokens, "tokenizer.json: the token 'zzz' has the id 101, but .* has 101 rows"),
    "nan": (weights(lambda w: {k: v * torch.nan for k, v in w.items()}), "is not finite"),
    "empty": (weights(lambda w: {k: v * 0 for k, v in w.items()}), "the same vector"),
    "integers": (
        weights(lambda w: {k: v.to(torch.int8) for k, v in w.items()}),
        "model.safetensors: quantised weights are not read .*LayerNorm.weight is I8",
    ),
    "shape": (keys("config.json", hidden_size=64), "of other shapes than config.json says"),
    "fewer": (keys("config.json", num_hidden_layers=1), "leaves out 16 weights of layers"),
    "more": (keys("config.json", num_hidden_layers=3), "16 weights are missing"),
    "unknown": (keys("config.json", model_type="fooformer"), "model type `fooformer` but"),
    "kind": (keys("config.json", hidden_size="32"), "'hidden_size' expected int, got str"),
    "slow": (
        keys("tokenizer_config.json", tokenizer_class="CanineTokenizer"),
        "CanineTokenizer: no fast tokenizer; add its tokenizer.json",
    ),
    "limit": (keys("tokenizer_config.json", model_max_length="24"), "'24' is not a number"),
    "dense": (keys("2_Dense/config.json", in_features=31), "2_Dense: in_features is 31, but its"),
    "part": (lambda f: sharded(f)[1].unlink(), "model-00002-of-.*: missing, though .*1 of 7 parts"),
    "index": (without_index, "no model.safetensors; pickled weights and parts without"),
    "pickle": (pickled, "no model.safetensors; pickled weights .* `save_pretrained`"),
    "tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer files"),
}


@pytest.mark.parametrize("case", PROOFS)
def test_what_would_fail_later_is_refused(given: Path, case: str) -> None:
    change, words = PROOFS[case]
    change(given)
    assert re.search(words, stage(given))


DECLARED: dict[str, tuple[Change, str]] = {
    "mode": (keys("1_Pooling/config.json", pooling_mode=3), "the pooling 3 is not supported"),
    "modes": (keys("1_Pooling/config.json", pooling_mode=[]), r"the pooling \[\] is not"),
    "prompt": (
        keys("config_sentence_transformers.json", prompts={"query": 3}),
        "the prompt query is 3 and not a text",
    ),
    "default": (
        keys("config_sentence_transformers.json", default_prompt_name="zz"),
        "default_prompt_name 'zz' is none of the prompts",
    ),
    "length": (
        keys("sentence_bert_config.json", max_seq_length=True),
        "max_seq_length: True is not a number",
    ),
}


@pytest.mark.parametrize("case", DECLARED)
def test_a_declaration_of_another_type_is_one_line(given: Path, case: str) -> None:
    change, words = DECLARED[case]
    change(given)
    assert re.search(words, refusal(lambda: read_declaration(given)))


def test_modules_of_one_name_or_without_a_path_are_refused(given: Path) -> None:
    path = given / "modules.json"
    modules = json.loads(path.read_text())
    for changed, words in (
        ([*modules[:3], {**modules[3], "name": "2"}], "two modules have one name"),
        ([*modules[:2], {**modules[2], "path": ""}], "the Dense has no path"),
    ):
        path.write_text(json.dumps(changed))
        assert words in refusal(lambda: read_declaration(given))


def test_a_special_token_without_a_row_is_accepted_until_a_text_holds_it(given: Path) -> None:
    # As in Gemma's tokenizer, which knows a token for images.
    tokenizer = AutoTokenizer.from_pretrained(given)
    tokenizer.add_tokens(["<image>"], special_tokens=True)
    tokenizer.save_pretrained(given)
    fetch_model(str(given), given.parent / "kept")
    encoder = DualEncoder.load(given.parent / "kept", pooling="cls", device="cpu")
    assert len(encoder.tokenize(["a image"], prefix="", max_tokens=24)) == 1
    with pytest.raises(HybridBatchError, match="text 'an <image>' holds '<image>', a token of"):
        encoder.tokenize(["b", "an <image>"], prefix="", max_tokens=24)
    # Padding is in every batch.
    tokenizer.pad_token = "<image>"
    tokenizer.save_pretrained(given)
    assert "the token '<image>' has the id 101" in stage(given)


def vectors(folder: Path) -> np.ndarray:
    encoder = DualEncoder.load(folder, pooling="cls", device="cpu")
    return encode_texts(
        encoder, TEXTS, prefix="", max_tokens=24, tokens_per_batch=128, precision="fp32"
    )


def test_parts_and_half_precision_are_read_and_nothing_else_is_copied(
    labse: Path, given: Path, tmp_path: Path
) -> None:
    expected = vectors(labse)
    parts = sharded(given)
    save_file({"a": torch.zeros(1)}, given / "consolidated.safetensors")
    (given / "onnx").mkdir()
    (given / "onnx" / "model.safetensors").write_bytes(b"other")
    fetch_model(str(given), tmp_path / "model")
    assert np.array_equal(vectors(tmp_path / "model"), expected)
    found = {path.name for path in (tmp_path / "model").rglob("*.safetensors")}
    assert found == {"model.safetensors", *(part.name for part in parts)}  # and that of 2_Dense
    assert not (tmp_path / "model" / "onnx").exists()

    half = Path(shutil.copytree(labse, tmp_path / "half"))
    weights(lambda w: {k: v.to(torch.float16) for k, v in w.items()})(half)
    fetch_model(str(half), tmp_path / "model")
    np.testing.assert_allclose(vectors(tmp_path / "model"), expected, atol=1e-2)


def test_a_plain_checkpoint_that_is_a_link_to_each_file_is_copied_whole(tmp_path: Path) -> None:
    blobs = tiny.write_model(tmp_path / "blobs")
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    for file in blobs.iterdir():
        (snapshot / file.name).symlink_to(f"../blobs/{file.name}")
    fetch_model(str(snapshot), tmp_path / "model")
    assert not any(path.is_symlink() for path in (tmp_path / "model").iterdir())
