"""Metrics: worked by hand, and equal to ir_measures' (pytrec_eval) on random rankings."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, P, R, nDCG

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import check_table, read_table, table_from_rows, write_table
from hybridbatch.evaluation import metrics
from hybridbatch.evaluation.measures import named
from hybridbatch.evaluation.metrics import (
    Evaluation,
    evaluate,
    query_metrics,
    setting_of,
)
from hybridbatch.retrieval.recorded import RelevantRanks
from hybridbatch.schemas.every import PER_QUERY, RANKINGS, SUMMARY
from ranking_cases import Case, full_ranks, language, random_case, write_benchmark

MEASURES = named(tiny.MEASURES)
THEIRS = {
    "mAP": AP,
    **{f"R@{k}": R @ k for k in (1, 3, 10, 100)},
    **{f"P@{k}": P @ k for k in (1, 5, 200)},
    "RR@1000": RR,  # for RR@k ir_measures has another evaluator, which orders ties otherwise
    **{f"nDCG@{k}": nDCG @ k for k in (1, 5, 10)},
}


def evaluated(case: Case, names: Sequence[str] = tiny.MEASURES) -> Evaluation:
    benchmark = case.benchmark()
    ranks = full_ranks(
        case.query_vectors, case.passage_vectors, pool=benchmark.pool, relevant=benchmark.relevant
    )
    return evaluate(benchmark, ranks, measures=named(names))


def values_of(ranks: list[float], gains: list[int] | None = None) -> dict[str, float]:
    count = len(ranks)
    groups, values = query_metrics(
        np.zeros(count, dtype=np.int64),
        np.array(ranks),
        np.array(gains or [1] * count),
        measures=MEASURES,
    )
    assert groups.tolist() == [0]
    return dict(zip(tiny.MEASURES, values[0].tolist(), strict=True))


def test_two_relevant_at_ranks_1_and_3() -> None:
    values = values_of([3, 1])
    assert values["mAP"] == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert values["R@1"] == 0.5
    assert values["R@10"] == values["R@100"] == 1
    # DCG 1 / log2(2) + 1 / log2(4) = 1.5; the best order has 1 / log2(2) + 1 / log2(3) = 1.63093.
    assert values["nDCG@10"] == pytest.approx(1.5 / 1.6309297)
    assert values["rank_distance"] == 2


def test_eleven_parallel_answers_cannot_all_be_in_the_top_ten() -> None:
    values = values_of([float(rank) for rank in range(1, 12)])
    assert values["R@10"] == pytest.approx(10 / 11)
    assert values["mAP"] == values["nDCG@10"] == 1
    assert values["rank_distance"] == 10


def test_graded_relevance_counts_in_ndcg_only() -> None:
    # Grade 1 at rank 1, grade 3 at rank 2: (1 + 3 / log2(3)) / (3 + 1 / log2(3)).
    values = values_of([1, 2], [1, 3])
    assert values["nDCG@10"] == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)))
    assert values["mAP"] == 1


def test_a_passage_that_is_not_ranked_counts_as_not_found() -> None:
    values = values_of([2, np.inf])
    assert values["mAP"] == pytest.approx(1 / 2 / 2)
    assert values["R@100"] == 0.5
    assert values["nDCG@10"] == pytest.approx((1 / np.log2(3)) / 1.6309297)
    assert np.isnan(values["rank_distance"])


@pytest.mark.parametrize(
    ("seed", "sizes", "values"),
    [
        (0, {"de": 150, "en": 130, "zh": 7}, 1),
        (1, {"de": 30, "en": 3}, 2),
        (2, {"de": 200, "en": 100}, None),
    ],
)
def test_values_are_those_of_ir_measures(
    seed: int, sizes: dict[str, int], values: int | None
) -> None:
    case = random_case(seed, sizes=sizes, queries=8, values=values, relevant=0.04)
    ours = {
        (row["passage_language"], row["query_id"], row["metric"]): row["value"]
        for row in evaluated(case, [*THEIRS, "RR@1", "RR@2", "RR@10"]).per_query.to_pylist()
    }
    theirs = {}
    for setting in (*case.languages, "all"):
        qrels = {
            query: {
                passage: relevance
                for passage, relevance in judged.items()
                if setting in ("all", language(passage))
            }
            for query, judged in case.qrels.items()
        }
        qrels = {query: judged for query, judged in qrels.items() if any(judged.values())}
        for metric, measure in THEIRS.items():
            for found in ir_measures.iter_calc([measure], qrels, case.run(setting)):
                theirs[setting, found.query_id, metric] = found.value
    assert len(ours) > 100
    for (setting, query, metric), value in list(theirs.items()):
        if metric == "RR@1000":
            theirs |= {(setting, query, f"RR@{k}"): value * (value >= 1 / k) for k in (1, 2, 10)}
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_tables_keep_their_schemas_and_order() -> None:
    case = random_case(4, sizes={"de": 20, "en": 20}, queries=3)
    tables = evaluated(case)
    check_table(tables.per_query, PER_QUERY, origin="per_query")
    check_table(tables.summary, SUMMARY, origin="summary")
    rows = tables.per_query.to_pylist()
    order = list(case.queries)
    keys = [
        (
            order.index(row["query_id"]),
            row["passage_language"] == "all",
            row["passage_language"],
            tiny.MEASURES.index(row["metric"]),
        )
        for row in rows
    ]
    assert keys == sorted(keys)
    assert {row["passage_language"] for row in rows if row["metric"] == "rank_distance"} == {"all"}


def ranked_by_hand() -> list[dict[str, object]]:
    """Two languages; en:q has its answers at ranks 1 (en) and 2 (de), de:q only one, in de."""
    case = Case(
        queries={"en:q": np.zeros(1), "de:q": np.zeros(1)},
        passages={f"{code}:{i}": np.zeros(1) for code in ("de", "en") for i in range(9)},
        qrels={"en:q": {"en:1": 1, "de:1": 1}, "de:q": {"de:2": 1, "en:2": 0}},
    )
    # Entries by query and column, which is by descending id: en:1 and de:1 of en:q, de:2 of de:q.
    ranks = RelevantRanks(np.array([1.0, 2.0, 4.0]), np.array([3.0, 8.0, 5.0]))
    return evaluate(case.benchmark(), ranks, measures=MEASURES).summary.to_pylist()


def test_a_query_counts_only_where_it_has_a_relevant_passage() -> None:
    found = {
        (row["query_language"], row["passage_language"]): (row["value"], row["queries"])
        for row in ranked_by_hand()
        if row["metric"] == "mAP"
    }
    assert found == {
        ("en", "en"): (1.0, 1),
        ("de", "de"): (0.25, 1),
        ("macro", "macro"): found["macro", "macro"],  # monolingual and cross-lingual, below
        ("en", "de"): (0.5, 1),
        ("en", "all"): (pytest.approx((1 / 3 + 2 / 8) / 2), 1),
        ("de", "all"): (pytest.approx(1 / 5), 1),
        ("macro", "all"): (pytest.approx(((1 / 3 + 2 / 8) / 2 + 1 / 5) / 2), 2),
    }  # ("de", "en") is missing: de:q has no relevant passage in English


def test_macro_rows_are_means_over_settings() -> None:
    macro = {
        (row["setting"], row["metric"]): (row["value"], row["queries"])
        for row in ranked_by_hand()
        if row["query_language"] == "macro"
    }
    assert macro["monolingual", "mAP"] == (pytest.approx((1 + 0.25) / 2), 2)
    assert macro["cross-lingual", "mAP"] == (0.5, 1)
    assert macro["multilingual", "rank_distance"] == ((5 + 0) / 2, 2)
    assert ("monolingual", "rank_distance") not in macro


def test_macro_weighs_settings_not_queries() -> None:
    # Three queries of English at rank 1 and one of German at rank 2: (1 + .5) / 2, not 3.5 / 4.
    queries = ["en:1", "en:2", "en:3", "de:1"]
    case = Case(
        queries={query: np.zeros(1) for query in queries},
        passages={query: np.zeros(1) for query in queries},
        qrels={query: {query: 1} for query in queries},
    )
    ranks = np.array([1.0, 1.0, 1.0, 2.0])
    rows = evaluate(
        case.benchmark(), RelevantRanks(ranks, ranks), measures=MEASURES
    ).summary.to_pylist()
    macro = [row for row in rows if row["query_language"] == "macro" and row["metric"] == "mAP"]
    assert [(row["setting"], row["value"], row["queries"]) for row in macro] == [
        ("monolingual", 0.75, 4),
        ("multilingual", 0.75, 4),
    ]


def test_languages_whose_codes_begin_alike_are_told_apart() -> None:
    # The ids order `zh:` after `zh-Hans:`, the codes alone `zh` before `zh-Hans`.
    codes = ("pt", "pt-BR", "zh", "zh-Hans")
    case = Case(
        queries={"zh:q": np.zeros(1)},
        passages={f"{code}:1": np.zeros(1) for code in codes},
        qrels={"zh:q": {f"{code}:1": 1 for code in codes}},
    )
    rank_of = {"pt": 8.0, "pt-BR": 5.0, "zh": 1.0, "zh-Hans": 2.0}
    # Entries are by query and column, which is by descending id.
    ids = sorted((f"{code}:1" for code in codes), reverse=True)
    ranks = np.array([rank_of[language(identifier)] for identifier in ids])
    evaluation = evaluate(case.benchmark(), RelevantRanks(ranks, ranks), measures=MEASURES)
    found = {
        (row["setting"], row["passage_language"]): row["value"]
        for row in evaluation.summary.to_pylist()
        if row["metric"] == "mAP" and row["query_language"] == "zh"
    }
    assert found == {
        ("cross-lingual", "pt"): 1 / 8,
        ("cross-lingual", "pt-BR"): 1 / 5,
        ("monolingual", "zh"): 1,
        ("cross-lingual", "zh-Hans"): 1 / 2,
        ("multilingual", "all"): pytest.approx((1 / 1 + 2 / 2 + 3 / 5 + 4 / 8) / 4),
    }


def test_options_have_names() -> None:
    assert setting_of("en", "en") == "monolingual"
    assert setting_of("en", "de") == "cross-lingual"
    assert setting_of("en", "all") == "multilingual"


HAND = Case(
    queries={"en:q": np.zeros(1), "de:q": np.zeros(1)},
    passages={"de:1": np.zeros(1), "de:2": np.zeros(1), "en:1": np.zeros(1)},
    qrels={"en:q": {"de:2": 1, "en:1": 1}},
)
LISTED = {
    "de": [("en:q", 1, "de:1"), ("en:q", 2, "de:2"), ("de:q", 1, "de:1")],
    "en": [("en:q", 1, "en:1"), ("de:q", 1, "en:1")],
    "all": [("en:q", 1, "en:1"), ("en:q", 3, "de:2"), ("de:q", 1, "en:1")],
}


def write_rankings(folder: Path, listed: dict[str, list[tuple[str, int, str]]]) -> None:
    for setting, rows in listed.items():
        table = [
            dict(zip(("query_id", "rank", "passage_id"), row, strict=True))
            | {"passage_language": setting, "score": 0.5}
            for row in rows
        ]
        write_table(table_from_rows(table, RANKINGS), folder / f"{setting}.parquet", RANKINGS)


def test_the_stage_reads_rankings_and_writes_both_tables(tmp_path: Path) -> None:
    write_benchmark(HAND, tmp_path / "benchmark")
    write_rankings(tmp_path / "rankings", LISTED)
    paths = {name: tmp_path / name for name in ("benchmark", "output")}
    metrics.run(
        argparse.Namespace(
            options=tiny.options_text("metrics", threads=1),
            rankings=[tmp_path / "rankings"],
            **paths,
        )
    )
    per_query = read_table(tmp_path / "output" / "per_query.parquet", PER_QUERY).to_pylist()
    found = {
        (row["passage_language"], row["metric"]): row["value"]
        for row in per_query
        if row["metric"] in ("mAP", "rank_distance")
    }
    assert found == {
        ("de", "mAP"): 1 / 2,
        ("en", "mAP"): 1,
        ("all", "mAP"): pytest.approx((1 / 1 + 2 / 3) / 2),
        ("all", "rank_distance"): 2,
    }
    assert {row["query_id"] for row in per_query} == {"en:q"}
    summary = read_table(tmp_path / "output" / "summary.parquet", SUMMARY)
    assert summary.num_rows == 5 + 5 + 6 + 5 + 5 + 6  # en-en, en-de, en-all and three macro rows


def test_a_passage_listed_twice(tmp_path: Path) -> None:
    twice = [*LISTED["de"], ("en:q", 3, "de:2")]
    write_rankings(tmp_path, LISTED | {"de": twice})
    with pytest.raises(HybridBatchError, match=r"de.parquet: query 'en:q' lists passage 'de:2' tw"):
        metrics.read_ranks(tmp_path, HAND.benchmark())
