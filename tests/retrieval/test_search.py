"""Search over shards gives the rankings of a search over everything; metrics end at their cut."""

import argparse
import json
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from ir_measures import R, nDCG

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.records import place_of, write_digest_of
from hybridbatch.common.tables import read_table
from hybridbatch.evaluation import metrics
from hybridbatch.evaluation.measures import named
from hybridbatch.retrieval import trec
from hybridbatch.retrieval.index import build_index
from hybridbatch.retrieval.quality import index_recall
from hybridbatch.schemas.every import INDEX_QUALITY, PER_QUERY, RANKINGS, SUMMARY
from ranking_cases import Case, language, random_case, ranked, unit
from sharded_case import merge_pool, search_language, write_shards

SIZES = {"de": 60, "en": 45, "zh": 4}
K = 10
Lists = dict[str, list[tuple[int, str, float]]]


def quarters(seed: int) -> Case:
    """Vectors with entries +-1/4: of length 1, and their scores unrounded and often equal."""
    random = np.random.default_rng(seed)
    case = random_case(seed, sizes=SIZES, queries=3, dimension=16, relevant=0.2)
    return Case(
        {query: random.choice([-0.25, 0.25], 16) for query in case.queries},
        {passage: random.choice([-0.25, 0.25], 16) for passage in case.passages},
        case.qrels,
    )


def asked(case: Case, *languages: str) -> list[str]:
    """The queries that have a relevant passage in one of these languages."""
    return [
        query
        for query in case.queries
        if any(r >= 1 and language(p) in languages for p, r in case.qrels[query].items())
    ]


def first_k(file: Path) -> Lists:
    found: Lists = {}
    for row in read_table(file, RANKINGS).to_pylist():
        assert row["passage_language"] == file.stem
        found.setdefault(row["query_id"], []).append((row["rank"], row["passage_id"], row["score"]))
    return found


def expected(case: Case, setting: str, queries: list[str], *, among: tuple[str, ...] = ()) -> Lists:
    found = {}
    for query in queries:
        scores = {
            passage: score
            for passage, score in case.run(setting)[query].items()
            if not among or language(passage) in among
        }
        listed = enumerate(ranked(scores)[:K], start=1)
        found[query] = [(rank, passage, scores[passage]) for rank, passage in listed]
    return found


@pytest.mark.parametrize("size", [7, 1000])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_first_k_of_all_shards_with_ties_by_id(tmp_path: Path, size: int, dtype: str) -> None:
    case = quarters(1)
    write_shards(case, tmp_path, size=size, dtype=dtype)
    for code in SIZES:
        search_language(tmp_path, code, top_k=K)
        found = first_k(tmp_path / "rankings" / f"{code}.parquet")
        assert found == expected(case, code, asked(case, code))
        (quality,) = read_table(tmp_path / "quality" / f"{code}.parquet", INDEX_QUALITY).to_pylist()
        assert (quality["recall"], quality["vectors"]) == (1.0, SIZES[code])


def test_the_pool_merges_the_languages_chosen(tmp_path: Path) -> None:
    case = quarters(2)
    write_shards(case, tmp_path, size=20)
    pool = ("de", "zh")
    for code in SIZES:
        search_language(tmp_path, code, pool_languages=pool, top_k=K)
    merge_pool(tmp_path, pool, top_k=K)
    found = first_k(tmp_path / "rankings" / "all.parquet")
    assert found == expected(case, "all", asked(case, *pool), among=pool)
    # English is no part of the pool: only queries with English answers were searched there.
    assert set(first_k(tmp_path / "rankings" / "en.parquet")) == set(asked(case, "en"))


def test_a_language_without_judgements_has_an_empty_ranking(tmp_path: Path) -> None:
    case = quarters(3)
    none = {q: {p: r for p, r in judged.items() if language(p) != "zh"}
            for q, judged in case.qrels.items()}  # fmt: skip
    write_shards(Case(case.queries, case.passages, none), tmp_path, size=20)
    search_language(tmp_path, "zh", top_k=K)
    assert first_k(tmp_path / "rankings" / "zh.parquet") == {}


@pytest.mark.parametrize("factory", ["SQ8", "HNSW8", "IVF2,Flat", "IVF2,PQ4x4"])
def test_recall_of_an_approximate_index_is_measured(tmp_path: Path, factory: str) -> None:
    case = unit(random_case(4, sizes={"de": 120, "en": 90}, queries=8, dimension=16, values=None))
    write_shards(case, tmp_path, size=45, factory=factory)
    search_language(tmp_path, "de", top_k=K, factory=factory, nprobe=1, ef_search=4)
    (quality,) = read_table(tmp_path / "quality" / "de.parquet", INDEX_QUALITY).to_pylist()
    queries = asked(case, "de")
    scores, exact = case.run("de"), expected(case, "de", queries)
    found = first_k(tmp_path / "rankings" / "de.parquet")
    shares = [
        np.mean([scores[q][p] >= exact[q][-1][2] - 1e-6 for _, p, _ in found[q]])
        * len(found[q]) / K
        for q in queries
    ]  # fmt: skip
    assert quality["recall"] == pytest.approx(np.mean(shares), abs=1e-6)
    assert 0.2 < quality["recall"] <= 1
    assert (quality["queries"], quality["k"], quality["factory"]) == (len(queries), K, factory)


def test_a_shard_too_small_for_the_factory_is_exact_and_said_to_be(tmp_path: Path) -> None:
    case = unit(random_case(4, sizes={"de": 70, "en": 9}, queries=8, dimension=16, values=None))
    write_shards(case, tmp_path, size=50, factory="IVF30,Flat")  # German shards of 50 and 20
    for code in ("de", "en"):
        search_language(tmp_path, code, top_k=K, factory="IVF30,Flat", nprobe=1)
    quality = {
        code: read_table(tmp_path / "quality" / f"{code}.parquet", INDEX_QUALITY).to_pylist()[0]
        for code in ("de", "en")
    }
    assert quality["de"]["factory"] == "IVF30,Flat (1 of 2 shards Flat)"
    assert quality["de"]["recall"] < 1
    assert (quality["en"]["factory"], quality["en"]["recall"]) == ("Flat", 1.0)
    found = first_k(tmp_path / "rankings" / "en.parquet")
    # Scores that differ in their last bit come in another order on another machine.
    for query, rows in expected(case, "en", asked(case, "en")).items():
        assert [rank for rank, _, _ in found[query]] == [rank for rank, _, _ in rows]
        scores = [score for _, _, score in found[query]]
        assert scores == pytest.approx([score for _, _, score in rows], abs=1e-6)


@pytest.mark.parametrize("factory", ["SQ8", "HNSW8"])
def test_passages_that_tie_with_the_last_count_as_found(tmp_path: Path, factory: str) -> None:
    # Whichever of three equal vectors an index lists first, it has found all there is to find.
    vector, other = np.array([0.6, 0.8, 0, 0]), np.array([0, 0, 0.8, 0.6])
    passages = {f"de:{number}": vector for number in range(3)} | {"de:9": other}
    case = Case({"de:q": vector}, passages, {"de:q": {"de:0": 1}})
    for size in (2, 10):
        folder = tmp_path / str(size)
        write_shards(case, folder, size=size, factory=factory)
        search_language(folder, "de", top_k=1, factory=factory)
        (row,) = read_table(folder / "quality" / "de.parquet", INDEX_QUALITY).to_pylist()
        assert row["recall"] == 1.0
    vectors = case.passage_vectors
    index = build_index(vectors, factory=factory, sample=100_000, seed=1)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):  # whatever the order of the ids
        rows = np.array(order)
        recall = index_recall(index, case.query_vectors, vectors[np.argsort(rows)], rows, k=1)
        assert recall.tolist() == [1.0]


def test_a_shard_of_another_size_is_named(tmp_path: Path) -> None:
    case = quarters(5)
    write_shards(case, tmp_path, size=20)
    other = tmp_path / "indexes" / "p-0000.de.0001.faiss"
    zh = tmp_path / "indexes" / "p-0000.zh.0000.faiss"
    other.write_bytes(zh.read_bytes())
    with pytest.raises(HybridBatchError, match=r"p-0000.de.0001.faiss: damaged or changed"):
        search_language(tmp_path, "de", top_k=K)
    write_digest_of(other, place_of(other), name=other.name)
    with pytest.raises(HybridBatchError, match=r"p-0000.de.0001.faiss: holds 4 vectors of 16"):
        search_language(tmp_path, "de", top_k=K)


def score(folder: Path, **options: object) -> list[dict[str, object]]:
    metrics.run(
        argparse.Namespace(
            options=json.dumps(tiny.options_of("metrics", cut=K, **options)),
            benchmark=folder / "benchmark",
            rankings=[folder / "rankings"],
            output=folder / "metrics",
        )
    )
    read_table(folder / "metrics" / "per_query.parquet", PER_QUERY)
    return read_table(folder / "metrics" / "summary.parquet", SUMMARY).to_pylist()


def test_ir_measures_finds_the_cut_figures_in_the_export(tmp_path: Path) -> None:
    case, pool = quarters(6), ("de", "en")
    write_shards(case, tmp_path, size=20)
    for code in SIZES:
        search_language(tmp_path, code, pool_languages=pool, top_k=K)
    merge_pool(tmp_path, pool, top_k=K)
    summary = score(tmp_path, pool_languages=list(pool))
    trec.run(
        argparse.Namespace(
            options="{}",
            benchmark=tmp_path / "benchmark",
            rankings=tmp_path / "rankings",
            output=tmp_path / "trec",
            query_language=None,
            passage_language=None,
            pool_language=pool,
        )
    )
    theirs = {"R@1": R @ 1, "R@10": R @ 10, "nDCG@10": nDCG @ 10}
    assert {row["metric"] for row in summary} == set(theirs)  # neither mAP, R@100 nor distances
    rows = [row for row in summary if row["query_language"] != "macro"]
    for row in rows:
        stem = tmp_path / "trec" / f"{row['query_language']}.{row['passage_language']}"
        measure = theirs[str(row["metric"])]
        value = ir_measures.calc_aggregate(
            [measure],
            list(ir_measures.read_trec_qrels(f"{stem}.qrels")),
            list(ir_measures.read_trec_run(f"{stem}.run")),
        )[measure]
        assert row["value"] == pytest.approx(value, abs=1e-6), row
    assert len({row["query_language"] for row in rows if row["passage_language"] == "all"}) == 4
    assert len(list((tmp_path / "trec").glob("*.run"))) * 3 == len(rows)


def test_a_second_average_over_the_languages_of_the_literature(tmp_path: Path) -> None:
    case = quarters(7)
    write_shards(case, tmp_path, size=20)
    for code in SIZES:
        search_language(tmp_path, code, top_k=K)

    def macro(label: str, **options: object) -> float | None:
        rows = score(tmp_path, **options)
        values = [
            row["value"]
            for row in rows
            if row["query_language"] == label
            and (row["setting"], row["metric"]) == ("monolingual", "nDCG@10")
        ]
        return float(str(values[0])) if values else None

    mono = {
        str(row["query_language"]): float(str(row["value"]))
        for row in score(tmp_path)
        if (row["setting"], row["metric"]) == ("monolingual", "nDCG@10")
    }
    chosen = {"average_languages": ["de", "zh"]}
    assert macro("macro", **chosen) == pytest.approx((mono["de"] + mono["en"] + mono["zh"]) / 3)
    assert macro("macro-published", **chosen) == pytest.approx((mono["de"] + mono["zh"]) / 2)
    # One of them was not run: a mean over the others would pass for theirs.
    assert macro("macro-published", average_languages=["de", "fi"]) is None


def test_rankings_longer_than_the_cut_are_refused(tmp_path: Path) -> None:
    case = quarters(8)
    write_shards(case, tmp_path, size=20)
    for code in SIZES:
        search_language(tmp_path, code, top_k=40)
    with pytest.raises(HybridBatchError, match="beyond top_k 10; search again"):
        score(tmp_path)


def test_metrics_that_a_cut_leaves() -> None:
    def within(cut: int | None) -> tuple[str, ...]:
        return tuple(measure.name for measure in named(tiny.MEASURES) if measure.within(cut))

    assert within(None) == tiny.MEASURES
    assert within(100) == ("R@1", "R@10", "R@100", "nDCG@10")
    assert within(99) == ("R@1", "R@10", "nDCG@10")
    assert within(9) == ("R@1",)
