"""The stage `statistics` on the metrics and bias of simulated runs, through Parquet."""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tiny
from bias_fixture import LANGUAGES, write_benchmark, write_rankings, write_run
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table
from hybridbatch.evaluation import bias, metrics, statistics
from hybridbatch.planning.plan import Plan
from hybridbatch.schemas.every import COMPARISONS, ESTIMATES, NONINFERIORITY
from tiny_config import config

ITEMS = 20
HIGH = ("en",)
# run id, sampling, alpha, seed, skill, bias
RUNS = (
    ("base.untrained", "untrained", None, None, 1.5, 1.5),
    ("base.tiny.x-y.s1", "x-y", 0.0, 1, 2.5, 0.2),
    ("base.tiny.x-y.s2", "x-y", 0.0, 2, 2.6, 0.2),
    ("base.tiny.hybrid.s1", "hybrid", 0.5, 1, 2.7, 0.4),
    ("base.tiny.hybrid.s2", "hybrid", 0.5, 2, 2.9, 0.4),
)


def write_results(folder: Path, *, items: int = ITEMS, runs=RUNS, languages=LANGUAGES) -> Path:
    write_benchmark(folder / "benchmark", items=items, languages=languages)
    for number, (run, sampling, alpha, seed, skill, pull) in enumerate(runs):
        write_run(folder / f"{run}.parquet", run, sampling=sampling, seed=seed, alpha=alpha)
        ranked, given = folder / "rankings" / run, {"skill": skill, "bias": pull, "seed": number}
        write_rankings(ranked, items=items, languages=languages, **given)
        for stage, name in ((metrics, "metrics"), (bias, "bias")):
            rankings = [ranked] if stage is metrics else ranked
            paths = {"benchmark": folder / "benchmark", "rankings": rankings}
            stage.run(
                argparse.Namespace(
                    **paths, output=folder / name / run, options=tiny.options_text(name)
                )
            )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_results(tmp_path_factory.mktemp("results"))


def run_stage(folder: Path, output: Path, *, runs=RUNS, with_bias: bool = True, **options):
    """Run the stage; its three tables as rows."""
    names = [run[0] for run in runs]
    statistics.run(
        argparse.Namespace(
            runs=[folder / f"{name}.parquet" for name in names],
            metrics=[folder / "metrics" / name for name in names],
            bias=[folder / "bias" / name for name in names] if with_bias else [],
            benchmark=folder / "benchmark",
            output=output,
            options=json.dumps(
                tiny.options_of(
                    "statistics", **{"resamples": 999, "high_resource": HIGH, **options}
                )
            ),
        )
    )
    schemas = (ESTIMATES, COMPARISONS, NONINFERIORITY)
    return [read_table(output / f"{s.name}.parquet", s).to_pylist() for s in schemas]


@pytest.fixture(scope="module")
def tables(folder):
    return run_stage(folder, folder / "statistics")


def find(rows: list[dict], **wanted) -> dict:
    found = [row for row in rows if wanted.items() <= row.items()]
    assert len(found) == 1, found
    return found[0]


def test_estimates_are_the_means_of_the_metrics_over_the_seeds(folder, tables):
    summaries = [
        pq.read_table(folder / "metrics" / f"base.tiny.hybrid.s{seed}" / "summary.parquet")
        for seed in (1, 2)
    ]
    values = [
        {tuple(row.values())[:4]: row["value"] for row in summary.to_pylist()}
        for summary in summaries
    ]
    found = {
        (row["setting"], row["query_language"], row["passage_language"], row["metric"]): row
        for row in tables[0]
        if row["system"] == "base.tiny.hybrid"
    }
    for key, first in values[0].items():
        row = found[key]
        assert row["mean"] == pytest.approx((first + values[1][key]) / 2)
        assert row["sd"] == pytest.approx(abs(first - values[1][key]) / np.sqrt(2), abs=1e-12)
        assert row["low"] <= row["mean"] <= row["high"]
        assert row["seeds"] == 2
    extra = {key[3] for key in found.keys() - values[0].keys()}
    assert extra == {"own_language_preference", "rank_agreement"}


def test_counts_are_of_queries_and_items(tables):
    row = find(tables[0], system="base.untrained", metric="mAP", query_language="macro",
               setting="cross-lingual")  # fmt: skip
    assert (row["queries"], row["items"], row["seeds"]) == (6 * ITEMS, ITEMS, 1)
    assert (row["sampling"], row["alpha"], row["recipe"]) == ("untrained", None, None)


def test_a_known_gain_and_a_known_loss_of_bias_are_found(tables):
    wanted = {"system_a": "base.tiny.hybrid", "system_b": "base.untrained"}
    gain = find(tables[1], **wanted, metric="mAP", setting="multilingual", query_language="macro")
    assert gain["difference"] > 0.1
    assert gain["seeds"] == 2
    preference = find(tables[1], **wanted, metric="own_language_preference", query_language="macro")
    assert preference["difference"] < -0.1
    assert all(0 < row["p"] <= row["p_holm"] <= 1 for row in tables[1])


def test_one_seed_finds_them_for_the_models_at_hand(folder, tmp_path):
    runs = [run for run in RUNS if run[3] in (None, 1)]
    _, differences, _ = run_stage(folder, tmp_path, runs=runs)
    wanted = {"system_a": "base.tiny.hybrid", "system_b": "base.untrained"}
    for metric in ("mAP", "own_language_preference", "rank_distance"):
        row = find(
            differences, **wanted, metric=metric, setting="multilingual", query_language="macro"
        )
        assert row["p"] < 0.05
        assert row["low"] > 0 or row["high"] < 0
        assert row["sd"] is None


def test_rows_say_which_family_they_were_corrected_in(tables):
    families: dict[str, list[dict]] = {}
    for row in tables[1]:
        families.setdefault(row["family"], []).append(row)
    for family, rows in families.items():
        keys = {(r["metric"], r["setting"], r["system_a"], r["system_b"]) for r in rows}
        # Three pairs of systems, hybrid, x-y and untrained, in three settings or in the pool.
        assert len(keys) in ((3, 9) if "macro averages" in family else (1,))
        assert min(r["p_holm"] for r in rows) == pytest.approx(
            min(1, len(rows) * min(r["p"] for r in rows))
        )


def test_hybrid_has_a_verdict_against_each_other_for_every_group(tables):
    rows = tables[2]
    assert {row["system_b"] for row in rows} == {"base.untrained", "base.tiny.x-y"}
    assert {row["metric"] for row in rows} == {"mAP", "nDCG@10"}
    groups = {row["group"] for row in rows if row["setting"] == "cross-lingual"}
    assert groups == {
        "macro", *LANGUAGES, "high-low", "low-low", "seen-seen", "seen-unseen",
    }  # fmt: skip
    assert {row["margin"] for row in rows} == {0.01}
    assert {row["verdict"] for row in rows} <= {"non-inferior", "inferior", "undecided"}


def test_a_language_that_the_project_does_not_know_counts_as_low_resource(tmp_path):
    runs = (RUNS[1], RUNS[3])
    write_results(tmp_path, items=4, runs=runs, languages=("cs", "de"))
    options = json.loads(Plan(config()).statistics_options()) | {"resamples": 99}
    verdicts = run_stage(tmp_path, tmp_path / "statistics", runs=runs, **options)[2]
    groups = {(row["setting"], row["group"]) for row in verdicts if row["grouping"] == "resource"}
    assert groups == {
        ("monolingual", "high-high"), ("monolingual", "low-low"), ("cross-lingual", "high-low"),
        ("multilingual", "high-all"), ("multilingual", "low-all"),
    }  # fmt: skip


def test_without_bias_folders_the_metrics_alone_are_compared(folder, tmp_path):
    estimates, _, _ = run_stage(folder, tmp_path, with_bias=False)
    assert {row["metric"] for row in estimates} == set(tiny.MEASURES)


def test_a_single_system_has_estimates_and_nothing_to_compare(folder, tmp_path):
    estimates, differences, verdicts = run_stage(folder, tmp_path, runs=RUNS[:1])
    assert estimates
    assert differences == verdicts == []


def test_the_same_input_gives_the_same_bytes(folder, tables):
    run_stage(folder, folder / "again")
    for name in ("estimates", "comparisons", "noninferiority"):
        first = (folder / "statistics" / f"{name}.parquet").read_bytes()
        assert (folder / "again" / f"{name}.parquet").read_bytes() == first


def test_another_seed_gives_other_intervals_around_the_same_means(folder, tmp_path, tables):
    again = run_stage(folder, tmp_path, seed=2)[0]
    assert [row["mean"] for row in again] == [row["mean"] for row in tables[0]]
    assert [row["low"] for row in again] != [row["low"] for row in tables[0]]


# Errors.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resamples": 30}, "30 are too few for intervals of confidence 0.95; use 39 at least"),
        ({"confidence": 1.0}, "confidence: 1.0 is not between 0 and 1"),
        ({"margin": -0.1}, "margin: -0.1 is negative"),
    ],
)
def test_options_out_of_range(folder, tmp_path, options, message):
    with pytest.raises(HybridBatchError, match=message):
        run_stage(folder, tmp_path, **options)


def test_39_resamples_are_enough_for_95_percent():
    options = tiny.made_options(statistics.Options, "statistics", resamples=39)
    assert statistics.check_design(options).resamples == 39


def test_every_run_needs_its_folder(folder, tmp_path):
    arguments = argparse.Namespace(
        runs=[folder / "base.untrained.parquet"],
        metrics=[folder, folder],
        bias=[],
        benchmark=folder / "benchmark",
        output=tmp_path,
        options=tiny.options_text("statistics"),
    )
    with pytest.raises(HybridBatchError, match=r"--metrics: 2 folders for 1 runs"):
        statistics.run(arguments)


def copy_with(folder: Path, output: Path, change) -> None:
    """Copy what the stage reads of two runs, with the per-query table of the second changed."""
    write_benchmark(output / "benchmark", items=ITEMS)
    for run, *_ in (RUNS[1], RUNS[3]):
        (output / f"{run}.parquet").write_bytes((folder / f"{run}.parquet").read_bytes())
        table = pq.read_table(folder / "metrics" / run / "per_query.parquet")
        (output / "metrics" / run).mkdir(parents=True)
        if run == RUNS[3][0]:
            table = change(table)
        pq.write_table(table, output / "metrics" / run / "per_query.parquet")


def with_first(table: pa.Table, column: str, value) -> pa.Table:
    values = [value, *table[column].to_pylist()[1:]]
    field = table.schema.field(column)
    index = table.schema.get_field_index(column)
    return table.set_column(index, field, pa.array(values, field.type))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: with_first(t, "value", float("nan")), "row 0: the value of mAP is not finite"),
        (lambda t: with_first(t, "query_id", "ar:q99"), "row 0: query 'ar:q99' is not in the"),
        (lambda t: t.slice(1), r"hybrid.s1.per_query.parquet: scores other queries than .*x-y.s1"),
    ],
)
def test_metrics_that_do_not_match(folder, tmp_path, change, message):
    copy_with(folder, tmp_path, change)
    with pytest.raises(HybridBatchError, match=message):
        run_stage(tmp_path, tmp_path / "out", runs=(RUNS[1], RUNS[3]), with_bias=False)


def test_a_run_record_has_one_row(folder, tmp_path):
    copy_with(folder, tmp_path, lambda table: table)
    path = tmp_path / f"{RUNS[1][0]}.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    with pytest.raises(HybridBatchError, match=r"x-y.s1.parquet: holds 0 rows"):
        run_stage(tmp_path, tmp_path / "out", runs=(RUNS[1], RUNS[3]), with_bias=False)
