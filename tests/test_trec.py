"""TREC files: other tools read our rankings and find our figures."""

import argparse
from pathlib import Path

import ir_measures
import numpy as np
import pyarrow as pa
import pytest
from ir_measures import R, nDCG

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.evaluation.measures import named
from hybridbatch.evaluation.metrics import evaluate
from hybridbatch.retrieval import trec
from hybridbatch.retrieval.recorded import RelevantRanks
from hybridbatch.retrieval.toplists import pack, unpack
from hybridbatch.schemas.every import RANKINGS
from ranking_cases import Case, full_ranks, random_case, unit, write_benchmark


def write_rankings(path: Path, rows: list[tuple[str, int, str, float]]) -> Path:
    keys = ("query_id", "rank", "passage_id", "score")
    table = [dict(zip(keys, row, strict=True)) | {"passage_language": path.stem} for row in rows]
    write_table(table_from_rows(table, RANKINGS), path, RANKINGS)
    return path


def test_one_language_has_original_ids_and_the_list_ends_at_a_gap(tmp_path: Path) -> None:
    rankings = write_rankings(
        tmp_path / "de.parquet",
        [
            ("en:q:1", 1, "de:a:7", 0.1),
            ("en:q:1", 2, "de:b", 0.1),
            ("en:q:1", 9, "de:c", 0.05),  # relevant, beyond the top: left out
            ("de:q2", 1, "de:a:7", 0.3),  # of another query language
        ],
    )
    trec.write_run(rankings, tmp_path / "run", "en", "de", tag="mine")
    assert (tmp_path / "run").read_text().splitlines() == [
        "q:1 Q0 a:7 1 0.1 mine",
        "q:1 Q0 b 2 0.1 mine",
    ]
    trec.write_run(rankings, tmp_path / "run", "en", "de", k=1)
    assert (tmp_path / "run").read_text() == "q:1 Q0 a:7 1 0.1 hybridbatch\n"


def test_a_list_ends_before_what_an_approximate_index_missed(tmp_path: Path) -> None:
    rows = [
        ("en:q", 1, "de:a", 0.5),
        ("en:q", 2, "de:b", 0.25),
        ("en:q", 3, "de:c", 0.75),  # missed: it stands behind the two that were found
        ("en:q", 4, "de:d", 0.125),
        ("en:r", 1, "de:a", 0.875),
    ]
    trec.write_run(write_rankings(tmp_path / "all.parquet", rows), tmp_path / "run", "en", "all")
    found = [line.split()[0:3:2] for line in (tmp_path / "run").read_text().splitlines()]
    assert found == [["en:q", "de:a"], ["en:q", "de:b"], ["en:r", "de:a"]]


def test_the_pool_has_full_ids(tmp_path: Path) -> None:
    rankings = write_rankings(tmp_path / "all.parquet", [("en:q", 1, "de:a", -0.25)])
    trec.write_run(rankings, tmp_path / "run", "en", "all")
    assert (tmp_path / "run").read_text() == "en:q Q0 de:a 1 -0.25 hybridbatch\n"


def test_qrels_leave_out_queries_without_a_relevant_passage(tmp_path: Path) -> None:
    vector = np.ones(1)
    case = Case(
        queries={"en:1": vector, "en:2": vector},
        passages={"de:a": vector, "de:b": vector, "en:a": vector},
        qrels={"en:1": {"de:a": 2, "de:b": 0, "en:a": 1}, "en:2": {"de:a": 0, "en:a": 1}},
    )
    qrels = write_benchmark(case, tmp_path) / "qrels.parquet"
    trec.write_qrels(qrels, tmp_path / "de", "en", "de")
    assert (tmp_path / "de").read_text().splitlines() == ["1 0 a 2", "1 0 b 0"]
    trec.write_qrels(qrels, tmp_path / "all", "en", "all")
    assert (tmp_path / "all").read_text().splitlines() == [
        "en:1 0 de:a 2",
        "en:1 0 de:b 0",
        "en:1 0 en:a 1",
        "en:2 0 de:a 0",
        "en:2 0 en:a 1",
    ]


def test_scores_keep_their_float32_value(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    scores = random.standard_normal(500).astype(np.float32)
    scores[250:] = np.nextafter(scores[:250], np.float32(9))  # the nearest neighbours
    order = np.argsort(-scores, kind="stable")
    rows = [("en:q", 1 + i, f"de:{j}", float(scores[j])) for i, j in enumerate(order.tolist())]
    trec.write_run(
        write_rankings(tmp_path / "de.parquet", rows), tmp_path / "run", "en", "de", k=500
    )
    written = [line.split()[4] for line in (tmp_path / "run").read_text().splitlines()]
    assert np.array(written).astype(np.float32).tolist() == scores[order].tolist()
    assert len(set(written)) == len(set(scores.tolist()))


def export(case: Case, folder: Path) -> None:
    """Write the benchmark, its complete rankings and the TREC files of every setting."""
    write_benchmark(case, folder / "benchmark")
    pool = case.benchmark().pool
    scores = case.query_vectors @ case.passage_vectors[pool.rows].T
    ids = pa.array(list(case.passages)).take(pa.array(pool.rows)).to_pylist()
    for setting in (*pool.languages, "all"):
        rows = []
        for query, row in zip(case.queries, scores, strict=True):
            in_order, columns = unpack(np.sort(pack(row, np.arange(len(row)))))
            listed = [
                (ids[column], float(score))
                for column, score in zip(columns.tolist(), in_order, strict=True)
                if setting == "all" or ids[column].startswith(f"{setting}:")
            ]
            rows += [(query, 1 + i, passage, score) for i, (passage, score) in enumerate(listed)]
        write_rankings(folder / "rankings" / f"{setting}.parquet", rows)
    trec.run(
        argparse.Namespace(
            options="{}",
            benchmark=folder / "benchmark",
            rankings=folder / "rankings",
            output=folder / "trec",
            query_language=None,
            passage_language=None,
            pool_language=None,
        )
    )


@pytest.mark.parametrize("exact_ties", [True, False])
def test_ir_measures_finds_our_figures_in_the_export(tmp_path: Path, exact_ties: bool) -> None:
    case = random_case(
        1, sizes={"de": 25, "zh": 14}, queries=6, values=1 if exact_ties else None, relevant=0.1
    )
    case = case if exact_ties else unit(case)
    export(case, tmp_path)
    benchmark = case.benchmark()
    ranks = full_ranks(
        case.query_vectors, case.passage_vectors, pool=benchmark.pool, relevant=benchmark.relevant
    )
    summary = evaluate(
        benchmark,
        RelevantRanks(ranks.in_language, ranks.in_pool),
        measures=named(["mAP", "R@1", "R@10", "nDCG@10"]),
    ).summary.to_pylist()
    theirs = {"mAP": ir_measures.AP, "R@1": R @ 1, "R@10": R @ 10, "nDCG@10": nDCG @ 10}
    compared = 0
    for row in summary:
        if row["query_language"] == "macro" or row["metric"] not in theirs:
            continue
        stem = tmp_path / "trec" / f"{row['query_language']}.{row['passage_language']}"
        measure = theirs[row["metric"]]
        value = ir_measures.calc_aggregate(
            [measure],
            list(ir_measures.read_trec_qrels(f"{stem}.qrels")),
            list(ir_measures.read_trec_run(f"{stem}.run")),
        )[measure]
        assert row["value"] == pytest.approx(value, abs=1e-6), row
        compared += 1
    assert compared == 3 * 3 * 4  # languages de, zh and xx ask; de, zh and the pool answer


@pytest.mark.parametrize("identifier", ["en:two words", "en:tab\tbed"])
def test_white_space_in_an_id(tmp_path: Path, identifier: str) -> None:
    rankings = write_rankings(tmp_path / "en.parquet", [(identifier, 1, "en:a", 1.0)])
    with pytest.raises(HybridBatchError, match=r"en.parquet: query_id .* holds white space"):
        trec.write_run(rankings, tmp_path / "run", "en", "en")
    with pytest.raises(HybridBatchError, match="key tag is 'a b'"):
        trec.write_run(rankings, tmp_path / "run", "en", "en", tag="a b")


def test_unknown_language(tmp_path: Path) -> None:
    case = random_case(1, sizes={"de": 3}, queries=1)
    write_benchmark(case, tmp_path)
    args = argparse.Namespace(
        options="{}",
        benchmark=tmp_path,
        rankings=tmp_path,
        output=tmp_path,
        query_language=["fr"],
        passage_language=None,
        pool_language=None,
    )
    with pytest.raises(HybridBatchError, match="--query-language: 'fr' is not in the benchmark"):
        trec.run(args)
