"""A published model: sentence-transformers reads it as we do, and its card says what it is."""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.planning.config import check_config
from hybridbatch.planning.plan import Plan
from hybridbatch.publication import publish
from hybridbatch.schemas.every import PAIRS, RUNS, TRAIN_LOG
from hybridbatch.training.samplings import SAMPLINGS
from sentence_models import write_distiluse, write_labse

RUN = "embedded.mine.hybrid.s3"
# Short, long enough to be cut, with other scripts and unknown characters, and equal but for case.
TEXTS = ["x7?", "ab " * 40, "ßß العـ 12", "UPPER", "upper", "."]


def config(**changes: Any) -> dict[str, Any]:
    values = {
        "recipe": "mine",
        "sources": [{"name": "mlqa-r"}, {"name": "tiny", "path": "pairs.parquet"}],
        "train_languages": ["de", "en"],
        "benchmarks": [{"name": "cldr"}],
        "samplings": ["hybrid"],
        "seeds": [3],
        "encoding": {"max_tokens": 24},
        **changes,
    }
    return check_config(values)


def record(**changes: Any) -> dict[str, Any]:
    return {
        "run": RUN,
        "model": "embedded",
        "recipe": "mine",
        "sampling": "hybrid",
        "alpha": 0.5,
        "seed": 3,
        "training_languages": ["de", "en"],
        "sources": ["mlqa-r", "tiny"],
        "training_items": 36,
        "training_pairs": 72,
        "best_step": 10,
        "stopping_reason": "patience",
        **changes,
    }


def log_rows(losses: dict[int, float]) -> list[dict[str, Any]]:
    return [
        {
            "step": step,
            "event": "validation",
            "loss": loss,
            "learning_rate": 0.0,
            "batch_type": kind,
            "query_languages": [],
            "passage_languages": [],
        }
        for step, loss in losses.items()
        for kind in ("monolingual", "all")
    ]


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    tiny.write_model(tmp_path / "model")
    tiny.write_pairs(tmp_path / "tiny.parquet", range(40))
    rows = [row | {"source": "mlqa-r"} for row in tiny.pair_rows(range(50, 60))]
    rows[0]["split"] = "test"
    write_table(table_from_rows(rows, PAIRS), tmp_path / "mlqa-r.parquet", PAIRS)
    write_table(table_from_rows([record()], RUNS), tmp_path / "run.parquet", RUNS)
    losses = {0: 2.0, 5: 1.5, 10: 1.25, 15: 1.75}
    write_table(table_from_rows(log_rows(losses), TRAIN_LOG), tmp_path / "log.parquet", TRAIN_LOG)
    return tmp_path


def publish_to(output: Path, inputs: Path, options: str) -> Path:
    parser = argparse.ArgumentParser()
    parser.add_argument("--options")
    publish.add_arguments(parser)
    paths = {
        "--model": inputs / "model",
        "--run-record": inputs / "run.parquet",
        "--train-log": inputs / "log.parquet",
        "--output": output,
    }
    words = [str(word) for pair in paths.items() for word in pair]
    pairs = [str(inputs / "mlqa-r.parquet"), str(inputs / "tiny.parquet")]
    publish.run(parser.parse_args([*words, "--pairs", *pairs, "--options", options]))
    return output


def card_of(folder: Path) -> tuple[dict[str, Any], str]:
    _, head, body = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_sentence_transformers_gives_the_same_vectors(
    inputs: Path, tmp_path: Path, pooling: str
) -> None:
    plan = Plan(config(pooling=pooling, query_prefix="q: ", passage_prefix="the passage: "))
    folder = publish_to(tmp_path / "out", inputs, plan.publish_options(RUN))
    theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    assert theirs.max_seq_length == 24
    ours = DualEncoder.load(inputs / "model", pooling=pooling, device="cpu")  # type: ignore[arg-type]
    for prompt, prefix in (("query", "q: "), ("document", "the passage: ")):
        expected = encode_texts(
            ours, TEXTS, prefix=prefix, max_tokens=24, tokens_per_batch=128, precision="fp32"
        )
        found = theirs.encode(TEXTS, prompt_name=prompt)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.abs(theirs.encode(TEXTS) - expected).max() > 1e-3  # the prefix matters
    assert theirs.similarity_fn_name == "cosine"


@pytest.mark.parametrize("shape", ["labse", "distiluse"])
def test_what_the_model_declares_is_published(inputs: Path, tmp_path: Path, shape: str) -> None:
    shutil.rmtree(inputs / "model")
    {"labse": write_labse, "distiluse": write_distiluse}[shape](inputs / "model")
    ours = DualEncoder.load(
        inputs / "model", pooling="cls" if shape == "labse" else "mean", device="cpu"
    )
    plan = Plan(config(model="./model", model_name="embedded", encoding={}, query_prefix="q: "))
    before = {path: path.read_bytes() for path in (inputs / "model").rglob("*.json")}
    folder = publish_to(tmp_path / "out", inputs, plan.publish_options(RUN))
    # The files are links: writing the declaration must leave the trained model as it is.
    assert before == {path: path.read_bytes() for path in (inputs / "model").rglob("*.json")}
    theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    assert theirs.max_seq_length == 24  # as the folder declares
    for prompt, prefix in (("query", "q: "), ("document", "")):
        expected = encode_texts(
            ours, TEXTS, prefix=prefix, max_tokens=24, tokens_per_batch=128, precision="fp32"
        )
        found = theirs.encode(TEXTS, prompt_name=prompt)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert found.shape[1] == (32 if shape == "labse" else 20)
    _, body = card_of(folder)
    assert "put 'q: ' and '' before" in body and f"Pooling: {ours.pooling}," in body


def test_the_folder_still_loads_as_a_plain_checkpoint(inputs: Path, tmp_path: Path) -> None:
    folder = publish_to(tmp_path / "out", inputs, Plan(config()).publish_options(RUN))
    assert AutoModel.from_pretrained(folder).config.hidden_size == 32
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {
        *("1_Pooling/config.json", "2_Normalize/config.json", "README.md", "config.json"),
        *("config_sentence_transformers.json", "hybridbatch.json", "model.safetensors"),
        *("modules.json",),
        *("sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json"),
    }


def test_publishing_again_gives_the_same_bytes_and_no_path(inputs: Path, tmp_path: Path) -> None:
    options = Plan(config()).publish_options(RUN)
    first, second = (publish_to(tmp_path / name, inputs, options) for name in "ab")
    for path in (path for path in first.rglob("*") if path.is_file()):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes()
    assert str(tmp_path) not in (first / "README.md").read_text(encoding="utf-8")


def test_the_card_states_data_sampling_validation_and_licences(
    inputs: Path, tmp_path: Path
) -> None:
    plan = Plan(config(training={"learning_rate": 1e-4, "source_exponent": 0.5}))
    head, body = card_of(publish_to(tmp_path / "out", inputs, plan.publish_options(RUN)))
    assert head["language"] == ["de", "en"]
    assert head["base_model"] == "intfloat/multilingual-e5-small"
    assert head["library_name"] == "sentence-transformers"
    # The pair marked `test` is in Arabic, which was not trained on.
    assert "| mlqa-r | 10 | 20 | 1 | de en |" in body
    assert "| tiny | 40 | 80 | 1 | de en |" in body
    assert "Training drew from 36 items, 72 pairs" in body
    assert "`hybrid`, seed 3. Each batch is monolingual with probability α = 0.5" in body
    assert "weight × items^0.5" in body
    assert "| `learning_rate` | 0.0001 |" in body
    assert "| `validation.every` | 10 |" in body
    assert "The weights are those of step 10, the lowest loss of 3 validations." in body
    assert "because validation had stopped improving" in body
    assert "| 0 | 2.0000 | 2.0000 |\n| 10 (kept) | 1.2500 | 1.2500 |\n| 15 | 1.7500" in body
    assert "| base model | multilingual-e5-small | MIT | Wang et al." in body
    assert "| training data | mlqa-r | CC-BY-NC-4.0 | Roy et al., LAReQA" in body
    assert "| training data | tiny | not stated; set `license:` |" in body
    assert "**Non-commercial use only:** mlqa-r is CC-BY-NC-4.0." in body
    assert "The licence of tiny is not stated" in body


def test_licences_of_ones_own_data_and_model_are_stated(inputs: Path, tmp_path: Path) -> None:
    own = {"name": "tiny", "path": "p.parquet", "license": "CC-BY-SA-3.0"}
    chosen = config(
        sources=[{"name": "ntrex-128"}, own],
        model=str(inputs / "model"),
        model_name="embedded",
        model_license="Apache-2.0",
        training={"max_tokens": 64},
    )
    rows = [row | {"source": "ntrex-128"} for row in tiny.pair_rows(range(50, 60))]
    write_table(table_from_rows(rows, PAIRS), inputs / "mlqa-r.parquet", PAIRS)
    head, body = card_of(publish_to(tmp_path / "out", inputs, Plan(chosen).publish_options(RUN)))
    assert "base_model" not in head
    assert "| base model | embedded | Apache-2.0 |" in body
    assert "| training data | tiny | CC-BY-SA-3.0 |" in body
    assert "Share alike: ntrex-128 is CC-BY-SA-4.0; tiny is CC-BY-SA-3.0." in body
    assert "Non-commercial" not in body and "not stated" not in body


def test_without_validation_the_card_says_so(inputs: Path, tmp_path: Path) -> None:
    write_table(table_from_rows([], TRAIN_LOG), inputs / "log.parquet", TRAIN_LOG)
    last = record(best_step=15, stopping_reason="steps")
    write_table(table_from_rows([last], RUNS), inputs / "run.parquet", RUNS)
    options = Plan(config()).publish_options(RUN)
    _, body = card_of(publish_to(tmp_path / "out", inputs, options))
    assert (
        "No pair was held out: the weights are those of the last step, 15. Training ended because "
        "all steps were made." in body
    )


def test_files_of_another_run_or_source_are_refused(inputs: Path, tmp_path: Path) -> None:
    options = Plan(config()).publish_options(RUN)
    write_table(table_from_rows([record(run="other")], RUNS), inputs / "run.parquet", RUNS)
    with pytest.raises(HybridBatchError, match=f"is not the record of {RUN}"):
        publish_to(tmp_path / "out", inputs, options)
    write_table(table_from_rows([record()], RUNS), inputs / "run.parquet", RUNS)
    swapped = json.loads(options)
    swapped["sources"].reverse()
    with pytest.raises(HybridBatchError, match="holds source 'mlqa-r', expected 'tiny'"):
        publish_to(tmp_path / "out", inputs, json.dumps(swapped))
    (inputs / "model" / "config.json").unlink()
    with pytest.raises(HybridBatchError, match=r"no config\.json"):
        publish_to(tmp_path / "out", inputs, options)
    assert not (tmp_path / "out").exists()


def test_every_sampling_of_the_config_is_described() -> None:
    values = config(samplings=list(SAMPLINGS.names), train_languages=["de", "en"])
    plan = Plan(values)
    texts = [json.loads(plan.publish_options(run.id))["batches"] for run in plan.trained_runs]
    assert len(set(texts)) == len(SAMPLINGS.names) and all(texts)


def test_a_licence_for_built_in_data_is_refused() -> None:
    with pytest.raises(HybridBatchError, match="'mlqa-r' is built in and its licence is known"):
        config(sources=[{"name": "mlqa-r", "license": "MIT"}])


def test_the_tokenizer_cuts_where_encoding_does_and_tells_nothing_of_this_machine(
    inputs: Path, tmp_path: Path
) -> None:
    path = inputs / "model" / "tokenizer_config.json"
    base = json.loads(path.read_text())
    path.write_text(json.dumps({**base, "model_max_length": 9, "is_local": True}))
    before = path.read_bytes()
    folder = publish_to(tmp_path / "out", inputs, Plan(config()).publish_options(RUN))
    assert path.read_bytes() == before  # the files are links
    found = json.loads((folder / "tokenizer_config.json").read_text())
    assert found["model_max_length"] == 24
    assert not found.keys() & {"local_files_only", "is_local", "name_or_path", "auto_map"}
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert [len(tokenizer("a" * n, truncation=True)["input_ids"]) for n in (3, 40)] == [5, 24]
    assert "auto_map" not in json.loads((folder / "config.json").read_text())
