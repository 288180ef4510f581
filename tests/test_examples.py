"""Choosing queries by their gain, and what each run ranks first for them."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.reporting import examples
from hybridbatch.reporting.examples import GAIN, LOSS, RANDOM, Query, choose
from hybridbatch.schemas import every as schemas
from hybridbatch.schemas.every import EXAMPLES

LANGUAGES = ("ar", "en", "th")
# Average precision in the pool, by query.
MONO = {"ar:1": 0.2, "en:1": 0.3, "th:1": 0.4, "ar:2": 0.9, "en:2": 0.9, "th:2": 0.5}
HYBRID = {"ar:1": 0.9, "en:1": 0.9, "th:1": 0.4, "ar:2": 0.5, "en:2": 0.8, "th:2": 0.75}
RUNS = {"m.r.x-x-mono.s1": MONO, "m.r.hybrid.s1": HYBRID}


def query(query_id: str, change: float | None) -> Query:
    language, _, item = query_id.partition(":")
    return Query(query_id, item, language, change)


def write(rows: list[dict[str, Any]], path: Path, schema: schemas.Schema) -> None:
    write_table(table_from_rows(rows, schema), path, schema)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two items in three languages; every run ranks the pool as its ids sort."""
    benchmark = tmp_path / "benchmark"
    ids = [f"{language}:{item}" for language in LANGUAGES for item in "12"]
    write(
        [
            {"query_id": id, "item_id": id[3:], "language": id[:2], "text": f"question {id}?"}
            for id in ids
        ],
        benchmark / "queries.parquet",
        schemas.QUERIES,
    )
    write(
        [
            {"passage_id": id, "language": id[:2], "title": "A", "text": f"answer {id}"}
            for id in ids
        ],
        benchmark / "passages.parquet",
        schemas.PASSAGES,
    )
    write(
        [
            {"query_id": id, "passage_id": other, "relevance": int(id[3:] == other[3:])}
            for id in ids
            for other in ids
        ],
        benchmark / "qrels.parquet",
        schemas.QRELS,
    )
    for run, values in RUNS.items():
        write(
            [
                {"query_id": id, "query_language": id[:2], "passage_language": pool}
                | {"metric": metric, "value": value if (pool, metric) == ("all", "mAP") else 9.0}
                for id, value in values.items()
                for pool in ("all", "en")
                for metric in ("mAP", "R@1")
            ],
            tmp_path / "metrics" / run / "per_query.parquet",
            schemas.PER_QUERY,
        )
        write(
            [
                {"query_id": id, "passage_language": "all", "rank": rank, "passage_id": passage}
                | {"score": 1 - rank / 8}
                for id in ids
                for rank, passage in enumerate(sorted(ids), start=1)
            ],
            tmp_path / "rankings" / run / "all.parquet",
            schemas.RANKINGS,
        )
    return tmp_path


def run_stage(results: Path, **options: Any) -> list[dict[str, Any]]:
    runs = options.setdefault("runs", list(RUNS))
    output = results / "examples.parquet"
    examples.run(
        argparse.Namespace(
            options=json.dumps(options),
            benchmark=results / "benchmark",
            rankings=[results / "rankings" / run for run in runs],
            metrics=[results / "metrics" / run for run in runs],
            output=output,
        )
    )
    return read_table(output, EXAMPLES).to_pylist()


COMPARED = {"candidate": "m.r.hybrid.s1", "baseline": "m.r.x-x-mono.s1"}


def test_the_largest_gain_and_loss_come_first(results: Path) -> None:
    rows = run_stage(results, **COMPARED, per_rule=1, top=2)
    # Gains: ar:1 +.7, en:1 +.6, th:2 +.25. Losses: ar:2 -.4, en:2 -.1; Arabic was just shown.
    # Both items are then used up, and nothing is left for the random rule.
    assert [(row["number"], row["rule"], row["query_id"]) for row in rows if row["rank"] == 1] == [
        (1, GAIN, "ar:1"),
        (1, GAIN, "ar:1"),
        (2, LOSS, "en:2"),
        (2, LOSS, "en:2"),
    ]
    assert rows[0]["change"] == pytest.approx(0.7)


def test_every_run_shows_its_first_ranks_with_texts_and_relevance(results: Path) -> None:
    rows = run_stage(results, **COMPARED, per_rule=1, top=2)
    shown = [row for row in rows if row["query_id"] == "ar:1"]
    assert [(row["run"], row["rank"], row["passage_id"], row["relevance"]) for row in shown] == [
        ("m.r.x-x-mono.s1", 1, "ar:1", 1),
        ("m.r.x-x-mono.s1", 2, "ar:2", 0),
        ("m.r.hybrid.s1", 1, "ar:1", 1),
        ("m.r.hybrid.s1", 2, "ar:2", 0),
    ]
    assert [row["average_precision"] for row in shown] == [0.2, 0.2, 0.9, 0.9]
    assert {tuple(row["relevant_ranks"]) for row in shown} == {(1, 3, 5)}
    assert (shown[1]["passage"], shown[1]["title"]) == ("answer ar:2", "A")
    assert shown[1]["passage_language"] == "ar"
    assert shown[1]["score"] == pytest.approx(0.75)


def test_the_same_inputs_give_the_same_bytes(results: Path) -> None:
    run_stage(results, **COMPARED)
    first = (results / "examples.parquet").read_bytes()
    run_stage(results, **COMPARED)
    assert (results / "examples.parquet").read_bytes() == first


def test_one_run_alone_shows_random_queries(results: Path) -> None:
    rows = run_stage(results, runs=["m.r.hybrid.s1"])
    assert {row["rule"] for row in rows} == {RANDOM}
    assert len({row["item_id"] for row in rows}) == 2
    assert {(row["candidate"], row["change"]) for row in rows} == {(None, None)}


def test_languages_take_turns_and_items_never_repeat() -> None:
    queries = [query("en:1", 0.9), query("en:2", 0.8), query("th:2", 0.7), query("th:3", 0.1)]
    chosen = choose(queries, per_rule=3, seed=1)
    # Thai is next after English, although en:2 gained more; then en:2 is out, being item 2 too.
    assert [one.query.query_id for one in chosen if one.rule == GAIN] == ["en:1", "th:2", "th:3"]
    assert [one.query.query_id for one in chosen if one.rule == RANDOM] == []


def test_the_seed_decides_the_random_ones() -> None:
    queries = [query(f"en:{number}", None) for number in range(100)]
    picks = {
        tuple(one.query.query_id for one in choose(queries, per_rule=2, seed=seed))
        for seed in range(20)
    }
    assert len(picks) > 15


@given(
    st.lists(
        st.tuples(
            st.sampled_from(LANGUAGES),
            st.integers(0, 20),
            st.one_of(st.none(), st.floats(-1, 1, allow_nan=False)),
        ),
        unique_by=lambda row: row[:2],
    ),
    st.integers(0, 4),
)
def test_no_item_twice_and_the_rule_holds(rows: list[Any], per_rule: int) -> None:
    queries = [query(f"{language}:{item}", change) for language, item, change in rows]
    chosen = choose(queries, per_rule=per_rule, seed=3)
    items = [one.query.item_id for one in chosen]
    assert len(items) == len(set(items))
    assert all((one.query.change or 0) > 0 for one in chosen if one.rule == GAIN)
    assert all((one.query.change or 0) < 0 for one in chosen if one.rule == LOSS)
    free = {one.item_id for one in queries} - set(items)
    assert sum(one.rule == RANDOM for one in chosen) == per_rule or not free


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"candidate": "m.r.hybrid.s1"}, "candidate and baseline: name both runs, or neither"),
        (COMPARED | {"baseline": "other"}, "other is not among the runs m.r.x-x-mono.s1"),
    ],
)
def test_wrong_options_are_named(results: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(HybridBatchError, match=message):
        run_stage(results, **options)


def test_wrong_inputs_are_named(results: Path) -> None:
    with pytest.raises(HybridBatchError, match="--rankings: 1 folders for 2 runs"):
        examples.run(
            argparse.Namespace(
                options=json.dumps({"runs": list(RUNS)}),
                benchmark=results / "benchmark",
                rankings=[results / "rankings"],
                metrics=[],
                output=results / "examples.parquet",
            )
        )
    path = results / "rankings" / "m.r.hybrid.s1" / "all.parquet"
    rows = read_table(path, schemas.RANKINGS).to_pylist()
    write([row for row in rows if row["query_id"] != "ar:1"], path, schemas.RANKINGS)
    with pytest.raises(HybridBatchError, match=r"all\.parquet: does not rank query 'ar:1'"):
        run_stage(results, **COMPARED)
    write(
        [row | {"passage_id": row["passage_id"].replace("th:2", "th:9")} for row in rows],
        path,
        schemas.RANKINGS,
    )
    with pytest.raises(HybridBatchError, match="passage 'th:9' is ranked but not in the benchmark"):
        run_stage(results, **COMPARED, top=9)
