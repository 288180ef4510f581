"""A sharded benchmark through the whole workflow, on a generated MIRACL and a tiny model."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hybridbatch.common.tables import read_table
from hybridbatch.schemas import every as schemas
from miracl_fixture import pin, write_mirror
from tiny import write_config, write_model, write_pairs
from tiny_project import ROOT, snakemake

SIZES = {"sw": 40, "yo": 30}
LANGUAGES = list(SIZES)
METRICS = "results/metrics/model.untrained/miracl/summary.parquet"
EMBEDDINGS = "results/embeddings/model.untrained/miracl/passages"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("sharded")
    for name in ("workflow", "envs", "config"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", project)
    write_model(project / "model")
    write_pairs(project / "pairs.parquet", range(4))
    mirror = write_mirror(project / "mirror", SIZES)
    pin(project / "workflow" / "hybridbatch" / "resources" / "raw_files.tsv", mirror)
    write_config(
        project / "config" / "config.yaml",
        benchmarks=[{"name": "miracl", "languages": LANGUAGES, "pool_languages": LANGUAGES}],
        samplings=[],
        mirror="mirror",
        encoding={"max_tokens": 32, "precision": "fp32", "shard_passages": 30, "dtype": "float16"},
        retrieval={"top_k": 10},
    )
    done = snakemake(project, METRICS)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def test_every_shard_has_its_own_file(finished: Path) -> None:
    files = sorted(path.name for path in (finished / EMBEDDINGS).iterdir())
    shards = ("sw-0000.sw.0000", "sw-0000.sw.0001", "yo-0000.yo.0000")
    assert files == [f"{shard}.parquet" for shard in shards]
    table = read_table(finished / EMBEDDINGS, schemas.PASSAGE_EMBEDDINGS)
    texts = read_table(finished / "results/benchmarks/miracl/passages", schemas.PASSAGES)
    assert table["passage_id"].to_pylist() == texts["passage_id"].to_pylist()
    assert table.num_rows == 70 and "halffloat" in str(table.schema.field("embedding").type)


def test_rankings_and_metrics_end_at_the_cut(finished: Path) -> None:
    results = finished / "results"
    rankings = results / "rankings" / "model.untrained" / "miracl"
    assert sorted(path.stem for path in rankings.iterdir()) == ["all", "sw", "yo"]
    ranks = read_table(rankings, schemas.RANKINGS)["rank"].to_pylist()
    assert (min(ranks), max(ranks)) == (1, 10)
    summary = read_table(
        results / "metrics" / "model.untrained" / "miracl" / "summary.parquet", schemas.SUMMARY
    ).to_pylist()
    assert {row["metric"] for row in summary} == {"R@1", "R@10", "nDCG@10"}
    assert {row["setting"] for row in summary} == {"monolingual", "multilingual"}


def test_verify_lists_what_is_lost_before_the_shards_are_known(finished: Path) -> None:
    folder = finished / "results" / "benchmarks" / "miracl"
    lost = [folder / "qrels.parquet", folder / "shards.parquet"]
    for path in lost:
        path.rename(path.with_suffix(".away"))
    command = [sys.executable, "-m", "hybridbatch", "verify", "--quick"]
    env = {name: value for name, value in os.environ.items() if name != "HYBRIDBATCH_MIRROR"}
    env["PYTHONPATH"] = str(finished / "workflow")  # with the digests of the generated mirror
    try:
        done = subprocess.run(
            command, cwd=finished, env=env, capture_output=True, text=True, check=False
        )
    finally:
        for path in lost:
            path.with_suffix(".away").rename(path)
    assert done.returncode == 2
    for path in lost:
        assert f"missing: {path.relative_to(finished)}: missing; " in done.stdout
    assert "/any." not in done.stdout


def test_a_lost_shard_is_encoded_again_and_no_other(finished: Path) -> None:
    done = snakemake(finished, "--dry-run", METRICS)
    assert "Nothing to be done" in done.stdout + done.stderr
    lost = f"{EMBEDDINGS}/sw-0000.sw.0001.parquet"
    (finished / lost).unlink()
    done = snakemake(finished, "--dry-run", lost)
    text = done.stdout + done.stderr
    assert text.count("rule encode_shard:") == 1 and "rule corpus:" not in text
