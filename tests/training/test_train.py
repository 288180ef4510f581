"""Training end to end, on a tiny random model."""

import argparse
import hashlib
import json
import logging
from collections import Counter

import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.encoding.settings import settled
from hybridbatch.planning.stage_options import completed
from hybridbatch.schemas.every import PAIRS, RUNS, TRAIN_LOG
from hybridbatch.training import train
from hybridbatch.training.data import read_training_data, with_validation
from hybridbatch.training.schedule import learning_rate
from hybridbatch.training.validation import validation_batches


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    tiny.write_model(folder / "model")
    tiny.write_pairs(folder / "pairs.parquet", range(40))
    return folder


def options_of(**changes):
    validation = {"fraction": 0.2, "every": 5, "batches": 4, **changes.pop("validation", {})}
    given = {
        "run": "tiny.recipe.hybrid.s1",
        "model": "tiny",
        "recipe": "recipe",
        "sampling": "hybrid",
        "alpha": 0.5,
        "seed": 1,
        "languages": list(tiny.LANGUAGES),
        "sources": [{"name": "tiny", "weight": 1.0}],
        "threads": 1,
        "batch_size": 8,
        "steps": 15,
        "warmup_steps": min(3, changes.get("steps", 15)),
        "learning_rate": 3e-3,
        "temperature": 0.05,
        "query_prefix": "",
        "passage_prefix": "",
        "max_tokens": 32,
        "dropout": False,
        "validation": validation,
        **changes,
    }
    return tiny.options_of("train", **given)


def train_tiny(inputs, output, *, model=None, validation_pairs=(), **changes):
    parser = argparse.ArgumentParser()
    parser.add_argument("--options")
    train.add_arguments(parser)
    paths = {
        "--pairs": inputs / "pairs.parquet",
        "--model": model or inputs / "model",
        "--output": output / "checkpoint",
        "--train-log": output / "train_log.parquet",
        "--run-record": output / "run.parquet",
    }
    words = [str(word) for pair in paths.items() for word in pair]
    words += ["--validation", *map(str, validation_pairs)]
    train.run(parser.parse_args([*words, "--options", json.dumps(options_of(**changes))]))
    return output


def log_of(output):
    return read_table(output / "train_log.parquet", TRAIN_LOG).to_pylist()


def record_of(output):
    return read_table(output / "run.parquet", RUNS).to_pylist()[0]


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def trained(inputs, tmp_path_factory):
    return train_tiny(inputs, tmp_path_factory.mktemp("trained"))


def test_the_loss_falls(trained):
    losses = [row["loss"] for row in log_of(trained) if row["batch_type"] == "all"]
    assert len(losses) == 4  # before training and at steps 5, 10 and 15
    assert losses[-1] < 0.8 * losses[0]


def test_the_log_has_a_row_per_step_and_the_languages_of_each_pair(trained):
    rows = log_of(trained)
    steps = [row for row in rows if row["event"] == "train"]
    assert [row["step"] for row in steps] == list(range(1, 16))
    assert {row["batch_type"] for row in steps} == {"monolingual", "cross-lingual"}
    for row in steps:
        pairs = list(zip(row["query_languages"], row["passage_languages"], strict=True))
        assert len(pairs) == 8
        if row["batch_type"] == "monolingual":
            assert len(set(pairs)) == 1 and pairs[0][0] == pairs[0][1]
        else:
            assert all(query != passage for query, passage in pairs)
    validations = [row for row in rows if row["event"] == "validation"]
    assert [(row["step"], row["batch_type"]) for row in validations] == [
        (step, kind) for step in (0, 5, 10, 15) for kind in ("monolingual", "cross-lingual", "all")
    ]
    assert steps[2]["learning_rate"] == pytest.approx(3e-3)


def test_the_record_says_what_the_run_is(trained):
    rows = pq.read_table(trained / "train_log.parquet").to_pylist()
    losses = {row["step"]: row["loss"] for row in rows if row["batch_type"] == "all"}
    losses.pop(0)
    record = record_of(trained)
    held_out = 40 - record["training_items"]
    assert 0 < held_out < 20
    assert record == {
        "run": "tiny.recipe.hybrid.s1",
        "model": "tiny",
        "recipe": "recipe",
        "sampling": "hybrid",
        "alpha": 0.5,
        "seed": 1,
        "training_languages": ["ar", "de", "en"],
        "sources": ["tiny"],
        "training_items": 40 - held_out,
        "training_pairs": 3 * (40 - held_out),
        "best_step": min(losses, key=losses.get),
        "stopping_reason": "steps",
    }


def test_the_checkpoint_loads_as_any_other(trained, inputs):
    model = AutoModel.from_pretrained(trained / "checkpoint")
    base = AutoModel.from_pretrained(inputs / "model")
    assert not torch.equal(
        model.encoder.layer[0].output.dense.weight, base.encoder.layer[0].output.dense.weight
    )
    ids = AutoTokenizer.from_pretrained(trained / "checkpoint")("x" * 50)["input_ids"]
    assert len(ids) == 52  # the tokenizer does not keep the limit of training


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(trained, inputs, tmp_path):
    again = digests(train_tiny(inputs, tmp_path / "again"))
    assert again == digests(trained)
    other = digests(train_tiny(inputs, tmp_path / "other", seed=2))
    assert other["checkpoint/model.safetensors"] != again["checkpoint/model.safetensors"]
    assert other["train_log.parquet"] != again["train_log.parquet"]


def test_dropout_is_reproducible_too(inputs, tmp_path):
    options = {"dropout": True, "steps": 4, "hard_negatives": 1}
    first, second = (digests(train_tiny(inputs, tmp_path / name, **options)) for name in "ab")
    assert first == second
    without = digests(train_tiny(inputs, tmp_path / "c", **options | {"dropout": False}))
    assert without["train_log.parquet"] != first["train_log.parquet"]


def test_a_frozen_word_embedding_table_stays_and_the_rest_learns(inputs, tmp_path):
    base = AutoModel.from_pretrained(inputs / "model").state_dict()
    words = "embeddings.word_embeddings.weight"
    for freeze in (True, False):
        output = train_tiny(inputs, tmp_path / str(freeze), steps=3, freeze_embeddings=freeze)
        after = AutoModel.from_pretrained(output / "checkpoint").state_dict()
        assert torch.equal(after[words], base[words]) is freeze
        positions = "embeddings.position_embeddings.weight"
        assert not torch.equal(after[positions], base[positions])


@pytest.mark.parametrize(
    ("sampling", "alpha", "kinds"),
    [
        ("x-x-mono", 1.0, {"monolingual"}),
        ("x-y", 0.0, {"cross-lingual"}),
        ("x-x", None, {"mixed"}),
        ("en-en", None, {"monolingual"}),
    ],
)
def test_every_sampling_trains_and_is_validated_on_the_same_batches(
    trained, inputs, tmp_path, sampling, alpha, kinds
):
    output = train_tiny(inputs, tmp_path, sampling=sampling, alpha=alpha, steps=2)
    rows = log_of(output)
    assert {row["batch_type"] for row in rows if row["event"] == "train"} == kinds
    # The untrained model has the same loss if the validation batches are the same.
    before = [row["loss"] for row in log_of(trained) if row["step"] == 0]
    assert [row["loss"] for row in rows if row["step"] == 0] == before
    record = record_of(output)
    assert record["alpha"] == alpha
    assert record["training_languages"] == (["en"] if sampling == "en-en" else [*tiny.LANGUAGES])
    items = record["training_items"]
    assert record["training_pairs"] == items * len(record["training_languages"])


def test_without_validation_the_last_step_is_kept(inputs, tmp_path):
    output = train_tiny(inputs, tmp_path, steps=3, validation={"fraction": 0.0})
    assert Counter(row["event"] for row in log_of(output)) == {"train": 3}
    assert record_of(output)["best_step"] == 3
    assert record_of(output)["training_items"] == 40


def test_early_stopping_keeps_the_best_step(inputs, tmp_path, caplog):
    # After some steps at this rate, the model only gets worse.
    caplog.set_level(logging.INFO)
    options = {"learning_rate": 0.03, "steps": 60, "warmup_steps": 0, "batch_size": 4}
    output = train_tiny(inputs, tmp_path / "a", **options, validation={"every": 1, "patience": 3})
    rows = log_of(output)
    losses = {
        row["step"]: row["loss"] for row in rows if row["batch_type"] == "all" and row["step"]
    }
    best = min(losses, key=losses.get)
    assert max(losses) == best + 3 < 60
    assert record_of(output)["best_step"] == best
    assert record_of(output)["stopping_reason"] == "patience"
    assert f"stopped at step {best + 3}" in caplog.text
    # The saved model has the validation loss of that step, not of the last one.
    again = train_tiny(
        inputs, tmp_path / "b", model=output / "checkpoint", steps=1, warmup_steps=0, batch_size=4
    )
    before = next(row["loss"] for row in log_of(again) if row["batch_type"] == "all")
    assert before == losses[best]


def test_another_data_set_can_validate(inputs, tmp_path):
    """English pairs of another data set validate, and no item of the sources is held out."""
    rows = [
        row | {"source": "squadshifts", "split": "validation"}
        for row in tiny.pair_rows(range(100, 120))
        if row["language"] == "en"
    ]
    file = tmp_path / "squadshifts.parquet"
    write_table(table_from_rows(rows, PAIRS), file, PAIRS)
    chosen = {"steps": 10, "validation": {"source": "squadshifts"}, "languages": ["ar", "de"]}
    output = train_tiny(inputs, tmp_path / "out", validation_pairs=[file], **chosen)
    record = record_of(output)
    assert (record["training_items"], record["training_pairs"]) == (40, 80)
    rows = [row for row in log_of(output) if row["event"] == "validation"]
    assert {row["batch_type"] for row in rows} == {"monolingual", "all"}
    losses = {row["step"]: row["loss"] for row in rows if row["batch_type"] == "all"}
    before = losses.pop(0)
    assert record["best_step"] == min(losses, key=losses.get)
    # The untrained model's loss on the same four batches, computed by hand from its vectors.
    data = with_validation(
        read_training_data(
            [inputs / "pairs.parquet"], sources=("tiny",), languages=("de",),
            validation_fraction=0.0, with_negatives=False,
        ),
        read_table(file, PAIRS),
    )  # fmt: skip
    assert data.validation.items.languages == ("en",)
    encoder = DualEncoder.load(inputs / "model", pooling="mean", device="cpu")
    found = []
    for batch in validation_batches(data.validation.items, batches=4, batch_size=8):
        sides = [
            encode_texts(
                encoder, [texts[i].as_py() for i in numbers[batch.items, 0]],
                prefix="", max_tokens=32, tokens_per_batch=128, precision="fp32",
            )
            for texts, numbers in (
                (data.questions, data.validation.question_text),
                (data.passages, data.validation.passage_text),
            )
        ]  # fmt: skip
        assert all(text.as_py().startswith("x") for text in data.questions[-20:])
        scores = torch.tensor(sides[0] @ sides[1].T) / 0.05
        found.append(torch.nn.functional.cross_entropy(scores, torch.arange(8)).item())
    assert before == pytest.approx(sum(found) / 4, abs=1e-4)


def test_validation_pairs_are_given_exactly_if_the_option_needs_them(inputs, tmp_path):
    with pytest.raises(HybridBatchError, match=r"0 files; validation\.source squadshifts takes 1"):
        train_tiny(inputs, tmp_path, validation={"source": "squadshifts"})
    with pytest.raises(HybridBatchError, match=r"1 files; validation\.source held-out takes 0"):
        train_tiny(inputs, tmp_path, validation_pairs=[inputs / "pairs.parquet"])


def test_hard_negatives_make_the_task_harder(inputs, tmp_path):
    first = [
        log_of(train_tiny(inputs, tmp_path / str(count), steps=1, hard_negatives=count))
        for count in (0, 1)
    ]
    without, with_one = (next(r["loss"] for r in rows if r["event"] == "train") for rows in first)
    assert with_one > without


@pytest.mark.parametrize("split", [None, "validation"])
def test_data_without_hard_negatives_train_without_them(inputs, tmp_path, caplog, split):
    """No pair has any, or only pairs that are held out have some."""
    rows = [
        row | {"hard_negatives": row["hard_negatives"] if row["split"] == split else []}
        for row in [*tiny.pair_rows(range(40)), *tiny.pair_rows(range(50, 54), split="validation")]
    ]
    write_table(table_from_rows(rows, PAIRS), tmp_path / "pairs.parquet", PAIRS)
    model, options = inputs / "model", {"steps": 2, "validation": {"fraction": 0.0}}
    with_option, without = (
        train_tiny(tmp_path, tmp_path / str(count), model=model, hard_negatives=count, **options)
        for count in (3, 0)
    )
    assert log_of(with_option) == log_of(without)
    assert digests(with_option / "checkpoint") == digests(without / "checkpoint")
    assert "hard_negatives is 3, and no pair to train on has any" in caplog.text


def test_gradients_are_clipped(inputs, tmp_path):
    free, clipped = (
        train_tiny(inputs, tmp_path / str(norm), steps=2, max_grad_norm=norm)
        for norm in (None, 1e-3)
    )
    assert [row["loss"] for row in log_of(free)] != [row["loss"] for row in log_of(clipped)]


def test_bf16_trains(inputs, tmp_path):
    output = train_tiny(inputs, tmp_path, steps=6, precision="bf16")
    assert all(row["loss"] < 10 for row in log_of(output))
    assert AutoModel.from_pretrained(output / "checkpoint").dtype == torch.float32


def test_errors_come_before_anything_is_written(inputs, tmp_path):
    cases = [
        ({"batch_size": 64}, "fewer than batch_size 64; lower batch_size to"),
        ({"languages": ["de", "th"]}, "train_languages: th: no pair to train on"),
        ({"sampling": "en-en", "languages": ["de"]}, "en-en needs en; add it"),
        ({"warmup_steps": 16}, "warmup_steps 16 is more than steps 15"),
        ({"alpha": None}, "hybrid needs alpha"),
        ({"pooling": "middle"}, "pooling"),
        (
            {"validation": {"fraction": 0.001}},
            "holds out none of 40 question groups",
        ),
        ({"validation": {"fraction": 0.999}}, "no pair to train on"),
    ]
    for changes, message in cases:
        with pytest.raises(HybridBatchError, match=message):
            train_tiny(inputs, tmp_path, **changes)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_no_number_is_an_error(inputs, tmp_path):
    with pytest.raises(HybridBatchError, match=r"the loss is nan; lower learning_rate"):
        train_tiny(inputs, tmp_path, learning_rate=1e38, warmup_steps=0)
    assert not list(tmp_path.iterdir())


def test_the_learning_rate_rises_then_falls():
    rates = [learning_rate(step, peak=1.0, steps=6, warmup_steps=2) for step in range(1, 7)]
    assert rates == [0.5, 1.0, 0.8, pytest.approx(0.6), 0.4, pytest.approx(0.2)]
    assert learning_rate(1, peak=1.0, steps=4, warmup_steps=0) == 1.0
    assert learning_rate(4, peak=1.0, steps=4, warmup_steps=4) == 1.0


def test_options_by_hand_get_the_defaults_of_the_schema():
    given = {"run": "m.r.x-y.s1", "sampling": "x-y", "validation": {"every": 3}}
    options = completed("train", given)
    assert (options["temperature"], options["weight_decay"]) == (0.02, 0.01)
    assert options["query_prefix"] is None  # the folder of the model may declare it
    plain = settled(options, None)
    assert (plain["query_prefix"], plain["passage_prefix"]) == ("query: ", "passage: ")
    assert options["validation"]["every"] == 3 and options["validation"]["batches"] == 4
    assert options["drawing"]["batches"] == ["cross-lingual"] and options["alpha"] == 0.0
