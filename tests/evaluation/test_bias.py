"""The stage `bias`: simulated rankings whose bias is known, read from and written to Parquet."""

import argparse
import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import tiny
from bias_fixture import LANGUAGES, write_benchmark, write_rankings
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table
from hybridbatch.evaluation import bias, metrics
from hybridbatch.evaluation.bias_tables import Pooled, exposure_rows, fairness_rows, preference_rows
from hybridbatch.schemas.every import EXPOSURE, FAIRNESS, PER_QUERY, PREFERENCE, RANK_DISTANCE

ITEMS = 25
TABLES = (
    "rank_distance",
    "rank_distance_histogram",
    "exposure",
    "preference",
    "fairness",
    "agreement",
    "per_query",
)


def measure(folder: Path, output: Path, *, options: str = "{}") -> dict[str, list[dict]]:
    """Run the stage; the rows of its tables."""
    arguments = {"benchmark": folder / "benchmark", "rankings": folder / "rankings"}
    bias.run(
        argparse.Namespace(**arguments, output=output, options=tiny.options_text("bias", options))
    )
    return {name: pq.read_table(output / f"{name}.parquet").to_pylist() for name in TABLES}


def results(folder: Path, *, bias: float) -> Path:
    write_benchmark(folder / "benchmark", items=ITEMS)
    write_rankings(folder / "rankings", items=ITEMS, skill=2.0, bias=bias, seed=1)
    return folder


@pytest.fixture(scope="module")
def biased(tmp_path_factory):
    return results(tmp_path_factory.mktemp("biased"), bias=1.5)


@pytest.fixture(scope="module")
def tables(biased):
    return measure(biased, biased / "bias")


def by(rows: list[dict], **wanted) -> dict:
    found = [row for row in rows if wanted.items() <= row.items()]
    assert len(found) == 1
    return found[0]


def test_the_mean_rank_distance_is_that_of_the_metrics(biased, tables):
    paths = {"benchmark": biased / "benchmark", "rankings": [biased / "rankings"]}
    metrics.run(
        argparse.Namespace(**paths, output=biased / "metrics", options=tiny.options_text("metrics"))
    )
    summary = pq.read_table(biased / "metrics" / "summary.parquet").to_pylist()
    for language in (*LANGUAGES, "macro"):
        expected = by(summary, metric="rank_distance", query_language=language)
        found = by(tables["rank_distance"], query_language=language)
        assert found["mean"] == pytest.approx(expected["value"])
        assert found["queries"] == expected["queries"]


def test_quartiles_are_in_order_and_the_histogram_counts_every_query(tables):
    row = by(tables["rank_distance"], query_language="th")
    order = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")
    assert [row[name] for name in order] == sorted(row[name] for name in order)
    for language, queries in (("th", ITEMS), ("all", 3 * ITEMS)):
        bins = [r for r in tables["rank_distance_histogram"] if r["query_language"] == language]
        assert sum(r["queries"] for r in bins) == queries
        assert all(low["high"] + 1 == high["low"] for low, high in itertools.pairwise(bins))


def test_a_biased_run_fills_its_top_with_its_own_language(tables):
    own = by(tables["exposure"], query_language="en", passage_language="en")
    other = by(tables["exposure"], query_language="en", passage_language="th")
    assert own["top_share"] > 0.5 > 1 / 3 > other["top_share"]
    assert own["relevant_share"] == other["relevant_share"] == pytest.approx(1 / 3)
    assert own["pool_share"] == pytest.approx(1 / 3)
    assert own["position"] < 0.3 < 0.5 < other["position"]
    shares = [r["top_share"] for r in tables["exposure"] if r["query_language"] == "macro"]
    assert sum(shares) == pytest.approx(1)


def test_a_biased_run_prefers_the_own_language(tables):
    row = by(tables["preference"], query_language="macro", passage_language="all")
    assert row["preference"] > 0.75
    assert row["queries"] == 3 * ITEMS
    per_language = [
        by(tables["preference"], query_language=code, passage_language="all")["preference"]
        for code in LANGUAGES
    ]
    assert row["preference"] == pytest.approx(np.mean(per_language))


def test_the_fairness_test_finds_the_preference_within_a_language_and_not_on_the_whole(tables):
    for code in LANGUAGES:
        row = by(tables["fairness"], query_language=code)
        assert (row["blocks"], row["languages"], row["degrees"]) == (ITEMS, 3, 2)
        assert row["p_holm"] < 0.001
        assert row["p"] <= row["p_holm"]
        assert row["concordance"] > 5 * row["chance"]
    # Every language prefers its own: over all of them none is favoured.
    assert by(tables["fairness"], query_language="all")["p"] > 0.01


def test_agreement_is_symmetric_and_its_mean_that_of_the_queries(tables):
    there = by(tables["agreement"], language_a="ar", language_b="th")
    back = by(tables["agreement"], language_a="th", language_b="ar")
    assert there["overlap"] == back["overlap"]
    assert there["items"] == ITEMS
    values = [r["value"] for r in tables["per_query"] if r["metric"] == "rank_agreement"]
    macro = by(tables["agreement"], language_a="macro")
    assert macro["overlap"] == pytest.approx(np.mean(values))


def test_the_per_query_table_can_join_the_metrics(biased):
    table = read_table(biased / "bias" / "per_query.parquet", PER_QUERY)
    assert set(table["passage_language"].to_pylist()) == {"all"}
    assert pc.count_distinct(table["metric"]).as_py() == 2


def test_an_unbiased_run_shows_none(tmp_path):
    tables = measure(results(tmp_path, bias=0.0), tmp_path / "bias")
    preference = by(tables["preference"], query_language="macro", passage_language="all")
    assert preference["preference"] == pytest.approx(0.5, abs=0.15)
    assert all(row["p_holm"] > 0.001 for row in tables["fairness"])


def test_the_same_input_gives_the_same_bytes(biased, tables):
    measure(biased, biased / "again")
    for name in TABLES:
        first = (biased / "bias" / f"{name}.parquet").read_bytes()
        assert (biased / "again" / f"{name}.parquet").read_bytes() == first


def test_a_benchmark_without_parallel_questions_has_no_agreement(tmp_path):
    folder = results(tmp_path, bias=0.0)
    path = folder / "benchmark" / "queries.parquet"
    table = pq.read_table(path)
    alone = pa.array([f"item:{i}" for i in range(table.num_rows)])
    pq.write_table(table.set_column(1, table.schema.field(1), alone), path)
    tables = measure(folder, folder / "bias")
    assert tables["agreement"] == []
    assert {row["metric"] for row in tables["per_query"]} == {"own_language_preference"}


def test_passages_that_a_ranking_lacks_come_last(tmp_path):
    folder = results(tmp_path, bias=0.0)
    path = folder / "rankings" / "all.parquet"
    table = pq.read_table(path)
    pq.write_table(table.filter(pc.less_equal(table["rank"], 20)), path)
    tables = measure(folder, folder / "bias")
    # Queries with a relevant passage below rank 20 have no distance; all have a preference.
    assert by(tables["rank_distance"], query_language="macro")["queries"] < 3 * ITEMS
    row = by(tables["preference"], query_language="macro", passage_language="all")
    assert row["queries"] == 3 * ITEMS


def test_a_language_without_relevant_passages_is_listed_and_not_tested():
    # One query in en with relevant passages in en (rank 1) and th (rank 3); ar has none.
    pooled = Pooled(
        names=("ar", "en", "th"),
        query_ids=("en:q",),
        query_languages=np.array([1]),
        items=np.array([0]),
        passage_languages=np.array([0, 1, 2, 2]),
        top=np.array([[1, 0]]),
        queries=np.array([0, 0]),
        languages=np.array([1, 2]),
        ranks=np.array([1.0, 3.0]),
        gains=np.array([1, 1]),
    )
    rows = exposure_rows(pooled)
    arabic = by(rows, query_language="en", passage_language="ar")
    assert arabic["position"] is None
    assert (arabic["top_share"], arabic["relevant_share"], arabic["pool_share"]) == (0.5, 0, 0.25)
    assert by(rows, query_language="macro", passage_language="th")["position"] == 1
    assert [(row["passage_language"], row["preference"]) for row in preference_rows(pooled)] == [
        ("th", 1.0),
        ("all", 1.0),
        ("all", 1.0),
        ("th", 1.0),
    ]
    assert fairness_rows(pooled)[0]["languages"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ('{"cutoff": 0}', "cutoff 0 must be at least 1"),
        ('{"persistence": 1.0}', "persistence 1.0 between 0 and 1"),
    ],
)
def test_options_out_of_range(biased, tmp_path, options, message):
    with pytest.raises(HybridBatchError, match=message):
        measure(biased, tmp_path, options=options)


def test_a_ranking_that_is_too_short_is_an_error(tmp_path):
    folder = results(tmp_path, bias=0.0)
    path = folder / "rankings" / "all.parquet"
    table = pq.read_table(path)
    pq.write_table(table.filter(pc.less_equal(table["rank"], 8)), path)
    with pytest.raises(HybridBatchError, match=r"at rank 9; retrieve at least the first 10"):
        measure(folder, folder / "bias")


def test_a_ranking_of_another_benchmark_is_an_error(biased, tmp_path):
    write_benchmark(tmp_path / "benchmark", items=ITEMS - 1)
    arguments = {"benchmark": tmp_path / "benchmark", "rankings": biased / "rankings"}
    with pytest.raises(HybridBatchError, match=r"all.parquet: query_id 'ar:q24' is not in"):
        bias.run(
            argparse.Namespace(
                **arguments, output=tmp_path / "bias", options=tiny.options_text("bias")
            )
        )


def test_schemas_hold_what_is_written(biased, tables):
    for schema in (RANK_DISTANCE, EXPOSURE, PREFERENCE, FAIRNESS):
        assert read_table(biased / "bias" / f"{schema.name}.parquet", schema).num_rows
