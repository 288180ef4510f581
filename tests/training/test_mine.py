"""Hard negatives: near the question, never an answer, hardest first."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hybridbatch.cli import main
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.planning.plan import Plan
from hybridbatch.schemas import every as schemas
from hybridbatch.training.mine import Options, mine_language
from tiny import LANGUAGES, pair_rows, write_model, write_pairs
from tiny_config import config

OPTIONS = Options(
    languages=("en",), negatives=2, depth=10, below=0.95, pooling="mean",
    query_prefix="", passage_prefix="", max_tokens=32, tokens_per_batch=512, precision="fp32",
    device="cpu", threads=1,
)  # fmt: skip


def angles(*degrees: float) -> np.ndarray:
    """Unit vectors in a plane, whose scores are the cosines of the differences."""
    radians = np.deg2rad(np.array(degrees))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


# Question 0 has two answers, rows 0 and 1; the passage of row 3 is that of row 2.
ROWS = pl.DataFrame(
    {
        "question_group": ["q0", "q0", "q2", "q3", "q4"],
        "passage_group": ["a", "b", "c", "c", "d"],
        "passage": ["one", "two", "three", "three", "four"],
    }
)


def test_the_nearest_that_are_no_answer_hardest_first() -> None:
    questions = angles(0, 0, 40, 45, 90)
    passages = angles(10, 20, 42, 42, 80)
    found = mine_language(ROWS, questions, passages, options=OPTIONS)
    # cos 10° = .985: `three` at 42° scores .743 and `four` at 80° .174; `two` answers q0 as well.
    assert found[:2] == [["three", "four"]] * 2
    # q2 at 40° has its positive at 2°: `two` at 20° (.940) and `four` at 40° (.766) are below .949.
    assert found[2] == ["two", "one"]
    # q3 at 45°: `two` at 25° (.906) before `four` and `one` at 35°; its answer `three` is left out.
    assert found[3][0] == "two" and "three" not in found[3]


def test_what_scores_nearly_as_the_positive_is_left_out() -> None:
    questions, passages = angles(0, 0, 0, 0, 0), angles(30, 30, 25, 25, 80)
    found = mine_language(ROWS, questions, passages, options=OPTIONS)
    assert found[0] == ["four"]  # `three` at 25° scores higher than the answer at 30°
    assert found[4] == []  # the positive is the farthest: no passage scores below it


def test_the_stage_replaces_the_negatives_of_its_languages(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs.parquet", range(12))
    write_model(tmp_path / "model")
    plan = Plan(config(training={"mining": {"negatives": 3, "below": 1.0}, "hard_negatives": 1}))
    options = json.loads(plan.mine_options()) | {"languages": ["de", "en"], "max_tokens": 32}
    words = ["mine", "--options", json.dumps(options), "--pairs", str(tmp_path / "pairs.parquet")]
    for name in ("one", "two"):
        output = str(tmp_path / f"{name}.parquet")
        assert main([*words, "--model", str(tmp_path / "model"), "--output", output]) == 0
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    before = read_table(tmp_path / "pairs.parquet", schemas.PAIRS).to_pylist()
    rows = read_table(tmp_path / "one.parquet", schemas.PAIRS).to_pylist()
    passages = {code: {r["passage"] for r in rows if r["language"] == code} for code in LANGUAGES}
    for row, old in zip(rows, before, strict=True):
        assert {**row, "hard_negatives": []} == {**old, "hard_negatives": []}
        negatives = row["hard_negatives"]
        if row["language"] == "ar":  # not trained on
            assert negatives == old["hard_negatives"]
            continue
        assert len(negatives) <= 3 and row["passage"] not in negatives
        assert set(negatives) <= passages[row["language"]]
    assert any(len(row["hard_negatives"]) > 1 for row in rows)


def test_what_is_not_trained_on_is_no_negative_and_stays_as_it_is(tmp_path: Path) -> None:
    splits = ("train", "train", "test", "train", "validation", "train")
    items = [pair_rows(range(n, n + 1), split=split) for n, split in enumerate(splits)]
    before = [row for rows in items for row in rows]
    write_table(table_from_rows(before, schemas.PAIRS), tmp_path / "pairs.parquet", schemas.PAIRS)
    write_model(tmp_path / "model")
    mining = {"mining": {"negatives": 9, "below": 1.0}, "hard_negatives": 1}
    # The factory is that of benchmarks: six passages are too few for these lists.
    plan = Plan(config(training=mining, index={"factory": "IVF64,PQ8"}))
    options = json.loads(plan.mine_options()) | {"languages": [*LANGUAGES], "max_tokens": 32}
    paths = {name: str(tmp_path / name) for name in ("pairs.parquet", "model", "mined.parquet")}
    words = ["mine", "--options", json.dumps(options), "--pairs", paths["pairs.parquet"]]
    words += ["--model", paths["model"], "--output", paths["mined.parquet"]]
    assert main(words) == 0
    after = read_table(tmp_path / "mined.parquet", schemas.PAIRS).to_pylist()
    trained = {row["passage"] for row in before if row["split"] == "train"}
    found = set()
    for old, new in zip(before, after, strict=True):
        if new["split"] == "train":
            found |= set(new["hard_negatives"])
        else:
            assert new == old
    assert found and found <= trained


@pytest.mark.parametrize(("negatives", "folder"), [(0, "pairs"), (2, "mined/embedded/demo")])
def test_training_reads_what_was_mined(negatives: int, folder: str) -> None:
    mining = {"mining": {"negatives": negatives}, "hard_negatives": 1}
    plan = Plan(config(training=mining))
    assert plan.training_pairs == [f"results/{folder}/cldr.parquet"]
    assert "mining" not in plan.train_options(plan.trained_runs[0].id)
