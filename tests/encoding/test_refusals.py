"""What a model's folder declares and the project does not implement: one line that names it."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import CLIPConfig, T5Config

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.declaration import read_declaration
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.model import fetch_model
from hybridbatch.planning.preflight import _check_model
from sentence_models import write_labse

DENSE, POOLING = "2_Dense/config.json", "1_Pooling/config.json"
PROMPTS, TRANSFORMER = "config_sentence_transformers.json", "sentence_bert_config.json"


@pytest.fixture(scope="module")
def labse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_labse(tmp_path_factory.mktemp("shared") / "labse")


def changed(name: str, **values: Any) -> Callable[[Path], None]:
    """A change of keys in one of the folder's JSON files; None removes a key."""

    def change(folder: Path) -> None:
        path = folder / name
        found = {**(json.loads(path.read_text()) if path.exists() else {}), **values}
        path.write_text(json.dumps({k: v for k, v in found.items() if v is not None}))

    return change


def legacy(**modes: bool) -> Callable[[Path], None]:
    return changed(POOLING, pooling_mode=None, **{f"pooling_mode_{k}": v for k, v in modes.items()})


def module(number: int, kind: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        found = json.loads((folder / "modules.json").read_text())
        found[number]["type"] = kind
        (folder / "modules.json").write_text(json.dumps(found))

    return change


def pickled(folder: Path) -> None:
    (folder / "2_Dense/model.safetensors").rename(folder / "2_Dense/pytorch_model.bin")


def unit_less_dot(folder: Path) -> None:
    found = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps(found[:-1]))
    changed(PROMPTS, similarity_fn_name="dot")(folder)


DECLARED = {
    "module": (module(2, "sentence_transformers.models.LSTM"), "modules.json: the module"),
    "custom": (module(0, "custom_st.Transformer"), "'custom_st.Transformer' is not supported"),
    "order": (module(1, "sentence_transformers.models.Dense"), "Transformer, Dense, Dense"),
    "weightedmean": (changed(POOLING, pooling_mode="weightedmean"), "pooling weightedmean"),
    "two": (changed(POOLING, pooling_mode=["cls", "max"]), "the pooling cls and max is not"),
    "sqrt": (legacy(mean_sqrt_len_tokens=True), "the pooling mean_sqrt_len_tokens is not"),
    "legacy-two": (legacy(cls_token=True, mean_tokens=True), "pooling cls and mean is not"),
    "prompt": (changed(POOLING, include_prompt=False), "include_prompt: false"),
    "activation": (changed(DENSE, activation_function="torch.nn.Softmax"), "torch.nn.Softmax"),
    "foreign": (changed(DENSE, activation_function="os.system"), "activation_function os.system"),
    "residual": (changed(DENSE, use_residual=True), "use_residual"),
    "tokens": (changed(DENSE, module_input_name="token_embeddings"), "module_input_name token"),
    "pickle": (pickled, "2_Dense: no model.safetensors; pickles"),
    "similarity": (changed(PROMPTS, similarity_fn_name="manhattan"), "similarity_fn_name manh"),
    "dot": (unit_less_dot, "similarity_fn_name dot"),
    "truncated": (changed(PROMPTS, truncate_dim=8), "truncate_dim"),
    "sparse": (changed(PROMPTS, model_type="SparseEncoder"), "a SparseEncoder is not supported"),
    "chat": (changed(TRANSFORMER, modality_config={"message": {}}), "modality_config"),
    "arguments": (changed(TRANSFORMER, tokenizer_args={"use_fast": False}), "tokenizer_args"),
    "lengths": (changed(TRANSFORMER, query_length=8), "query_length: 8 is not supported"),
    "auto_map": (changed("config.json", auto_map={"AutoModel": "x.Y"}), "config.json: auto_map"),
    "tokenizer": (
        changed("tokenizer_config.json", auto_map={"A": "x.Y"}),
        "_config.json: auto_map",
    ),
    "adapters": (changed("adapter_config.json", r=8), "adapter_config.json: LoRA"),
    "quantised": (
        changed("config.json", quantization_config={"bits": 4}),
        "quantization_config: quantised weights",
    ),
    "encoder-decoder": (changed("config.json", is_encoder_decoder=True), "is_encoder_decoder"),
    "vision": (changed("config.json", vision_config={"a": 1}), "vision_config: a bert takes more"),
}


@pytest.mark.parametrize("case", DECLARED)
def test_a_refusal_is_one_line_wherever_the_folder_is_read(
    labse: Path, tmp_path: Path, case: str
) -> None:
    change, words = DECLARED[case]
    folder = Path(shutil.copytree(labse, tmp_path / "given"))
    change(folder)
    reads: tuple[Callable[[], object], ...] = (
        lambda: _check_model(str(folder)),  # before anything runs
        lambda: fetch_model(str(folder), tmp_path / "model"),  # the stage
        lambda: DualEncoder.load(folder, pooling="cls", device="cpu"),
    )
    for read in reads:
        with pytest.raises(HybridBatchError, match=re.escape(words)) as caught:
            read()
        line = str(caught.value)
        assert "\n" not in line and "given" in line
        assert re.search("name (another|a|the)|pickles|peft|set it to cosine|restore", line)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("kind", [T5Config, CLIPConfig])
def test_an_architecture_that_is_no_single_text_encoder_is_refused_in_the_stage_model(
    tmp_path: Path, kind: type
) -> None:
    folder = tiny.write_model(tmp_path / "given")
    kind().save_pretrained(folder)
    # Also where config.json says nothing beyond the type.
    for keys in (json.loads((folder / "config.json").read_text()), {"model_type": kind.model_type}):
        (folder / "config.json").write_text(json.dumps(keys))
        with pytest.raises(HybridBatchError, match=r"config\.json: (is_encoder_dec|vision|a clip)"):
            fetch_model(str(folder), tmp_path / "model")


def test_the_older_keys_of_pooling_are_read(labse: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(labse, tmp_path / "given"))
    for keys, pooling in (
        ({"cls_token": True, "mean_tokens": False}, "cls"),
        ({"mean_tokens": True}, "mean"),
        ({"max_tokens": True, "cls_token": False}, "max"),
        ({"lasttoken": True}, "lasttoken"),
    ):
        (folder / POOLING).write_text(json.dumps({f"pooling_mode_{k}": v for k, v in keys.items()}))
        declared = read_declaration(folder)
        assert declared is not None and declared.pooling == pooling
    changed(PROMPTS, prompts={"passage": "p: ", "s2s": "s: "}, default_prompt_name="s2s")(folder)
    changed(TRANSFORMER, max_seq_length=16, do_lower_case=True)(folder)
    declared = read_declaration(folder)
    assert declared is not None
    assert (declared.query_prefix, declared.passage_prefix) == ("s: ", "p: ")
    assert (declared.max_tokens, declared.lower_case) == (16, True)


def test_a_plain_checkpoint_declares_nothing(tmp_path: Path) -> None:
    assert read_declaration(tiny.write_model(tmp_path / "model")) is None
