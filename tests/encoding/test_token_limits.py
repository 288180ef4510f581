"""Texts longer than the model has positions for are refused before any is encoded."""

from pathlib import Path

import pytest
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2Model,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from hybridbatch.cli import main
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.encoder import DualEncoder
from hybridbatch.encoding.token_limits import check_max_tokens
from hybridbatch.planning.plan import Plan
from tiny import write_benchmark, write_model, write_pairs
from tiny_config import config

SIZES = {
    "vocab_size": 10,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
}


@pytest.mark.parametrize(
    ("model", "most"),
    [
        (BertModel(BertConfig(**SIZES, max_position_embeddings=64)), 64),
        # Rows 0 and 1, of padding, are no positions.
        (XLMRobertaModel(XLMRobertaConfig(**SIZES, max_position_embeddings=66)), 64),
        (GPT2Model(GPT2Config(vocab_size=10, n_embd=8, n_layer=1, n_head=2, n_positions=64)), 64),
    ],
)
def test_a_table_of_positions_has_an_end(model: BertModel, most: int) -> None:
    encoder = DualEncoder(model, tokenizer=None, pooling="mean")
    check_max_tokens(encoder, most, key="training.max_tokens")
    message = r"config: training\.max_tokens: 65 is more than the 64 positions of the model; lower"
    with pytest.raises(HybridBatchError, match=message):
        check_max_tokens(encoder, most + 1, key="training.max_tokens")


@pytest.mark.parametrize("stage", ["mine", "train", "encode"])
def test_each_stage_that_reads_texts_refuses_too_many_tokens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    write_model(tmp_path / "model")  # 64 positions
    write_pairs(tmp_path / "pairs.parquet", range(40))
    write_benchmark(tmp_path / "benchmark", range(4))
    training = {"max_tokens": 65, "mining": {"negatives": 1}, "hard_negatives": 1}
    chosen = {"sources": [{"name": "tiny", "path": "pairs.parquet"}], "threads": 1}
    plan = Plan(config(**chosen, training=training, encoding={"max_tokens": 65}))
    options, paths = {
        "mine": (plan.mine_options(), {"pairs": "pairs.parquet", "output": "mined.parquet"}),
        "train": (
            plan.train_options(plan.trained_runs[0].id),
            {"pairs": "pairs.parquet", "output": "out", "train-log": "log", "run-record": "run"},
        ),
        "encode": (
            plan.encode_options(),
            {"queries": "benchmark/queries.parquet", "output": "out"},
        ),
    }[stage]
    words = [stage, "--options", options, "--model"]
    words.append(str(tmp_path / "model"))
    for name, path in paths.items():
        words += [f"--{name}", str(tmp_path / path)]
    assert main(words) != 0
    key = "encoding" if stage == "encode" else "training"
    assert f"{key}.max_tokens: 65 is more than the 64 positions" in capsys.readouterr().err
