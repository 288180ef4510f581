"""Rankings on disk: FAISS's lists agree with the counted ranks, in every language and the pool."""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import bias_fixture
import tiny
from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.table_writer import table_writer
from hybridbatch.common.tables import read_table, table_from_rows
from hybridbatch.evaluation import bias, metrics, statistics
from hybridbatch.retrieval import index, retrieve
from hybridbatch.retrieval.recorded import read_ranks
from hybridbatch.schemas.every import (
    ESTIMATES,
    INDEX_QUALITY,
    PASSAGE_EMBEDDINGS,
    PASSAGES,
    QUERIES,
    QUERY_EMBEDDINGS,
    RANKINGS,
)
from ranking_cases import (
    Case,
    full_ranks,
    random_case,
    ranked,
    unit,
    write_benchmark,
    write_vectors,
)

SIZES = {"de": 60, "en": 45, "zh": 4}


def prepare(case: Case, folder: Path, *, factory: str = "Flat", shuffled: bool = False) -> None:
    """Benchmark, embeddings and indexes of a case, as the earlier stages leave them."""
    write_benchmark(case, folder / "benchmark")
    passages = list(case.passages.items())
    if shuffled:
        passages.sort(key=lambda pair: pair[0][::-1])
    embeddings = folder / "embeddings"
    write_vectors(case.queries, embeddings / "queries.parquet", QUERY_EMBEDDINGS)
    write_vectors(dict(passages), embeddings / "passages.parquet", PASSAGE_EMBEDDINGS)
    options = f'{{"factory": "{factory}", "threads": 1}}'
    paths = {"embeddings": embeddings / "passages.parquet", "output": folder / "indexes"}
    index.run(argparse.Namespace(options=tiny.options_text("index", options), **paths))


def rank(folder: Path, *, options: str = '{"top_k": 10, "query_block": 7}') -> Path:
    retrieve.run(
        argparse.Namespace(
            options=tiny.options_text("retrieve", options),
            benchmark=folder / "benchmark",
            embeddings=folder / "embeddings",
            indexes=folder / "indexes",
            output=folder / "rankings",
            quality=folder / "quality.parquet",
        )
    )
    return folder / "rankings"


def rows_by_query(file: Path) -> dict[str, list[tuple[int, str, float]]]:
    found: dict[str, list[tuple[int, str, float]]] = {}
    for row in read_table(file, RANKINGS).to_pylist():
        assert row["passage_language"] == file.stem
        found.setdefault(row["query_id"], []).append((row["rank"], row["passage_id"], row["score"]))
    return found


def relevant_of(case: Case, query: str) -> set[str]:
    return {passage for passage, relevance in case.qrels[query].items() if relevance >= 1}


@pytest.mark.parametrize("shuffled", [False, True])
def test_the_first_k_and_the_relevant_beyond_at_their_true_rank(
    tmp_path: Path, shuffled: bool
) -> None:
    # Vectors with entries +-1/4 have length 1, and scores without rounding, often equal.
    case = random_case(1, sizes=SIZES, queries=5, dimension=16, values=0, relevant=0.2)
    random = np.random.default_rng(2)
    case = Case(
        {q: random.choice([-0.25, 0.25], 16) for q in case.queries},
        {p: random.choice([-0.25, 0.25], 16) for p in case.passages},
        case.qrels,
    )
    prepare(case, tmp_path, shuffled=shuffled)
    folder = rank(tmp_path)
    assert sorted(path.name for path in folder.glob("*.parquet")) == [
        "all.parquet",
        "de.parquet",
        "en.parquet",
        "zh.parquet",
    ]
    for setting in (*SIZES, "all"):
        found = rows_by_query(folder / f"{setting}.parquet")
        assert list(found) == list(case.queries)  # in file order
        for query, scores in case.run(setting).items():
            in_order = ranked(scores)
            assert found[query] == [
                (place, passage, scores[passage])
                for place, passage in enumerate(in_order, start=1)
                if place <= 10 or passage in relevant_of(case, query)
            ]


def test_lists_agree_with_counted_ranks_where_scores_are_rounded(tmp_path: Path) -> None:
    case = unit(random_case(2, sizes=SIZES, queries=9, dimension=96, values=None, relevant=0.3))
    prepare(case, tmp_path)
    folder = rank(tmp_path, options='{"top_k": 30, "query_block": 8}')
    benchmark = case.benchmark()
    counted = full_ranks(
        case.query_vectors,
        case.passage_vectors,
        pool=benchmark.pool,
        relevant=benchmark.relevant,
        query_block=8,
    )
    read = read_ranks(folder, benchmark)
    assert read.in_language.tolist() == counted.in_language.tolist()
    assert read.in_pool.tolist() == counted.in_pool.tolist()
    for file in folder.glob("*.parquet"):
        for rows in rows_by_query(file).values():
            keys = [(-score, passage) for _, passage, score in rows]
            by_score = sorted(keys, key=lambda key: key[1], reverse=True)
            assert keys == sorted(by_score, key=lambda key: key[0])


def test_the_pool_is_the_exact_merge_of_its_languages(tmp_path: Path) -> None:
    case = unit(random_case(3, sizes=SIZES, queries=4, dimension=32, values=None))
    prepare(case, tmp_path)
    folder = rank(tmp_path, options='{"top_k": 20}')
    languages = [rows_by_query(folder / f"{code}.parquet") for code in SIZES]
    for query, rows in rows_by_query(folder / "all.parquet").items():
        together = {p: score for found in languages for _, p, score in found[query]}
        assert [passage for _, passage, _ in rows[:20]] == ranked(together)[:20]


@pytest.mark.parametrize("options", ['{"threads": 1}', '{"threads": 2}', '{"threads": 5}'])
def test_threads_change_no_byte(tmp_path: Path, options: str) -> None:
    case = unit(random_case(4, sizes=SIZES, queries=6, dimension=32, values=None))
    prepare(case, tmp_path)
    one = {file.name: sha256_file(file) for file in rank(tmp_path).iterdir()}
    again = rank(tmp_path, options=f'{{"top_k": 10, "query_block": 7, {options[1:]}')
    assert {file.name: sha256_file(file) for file in again.iterdir()} == one


def test_an_approximate_index_ranks_what_it_finds_and_then_the_rest(tmp_path: Path) -> None:
    case = unit(random_case(5, sizes={"de": 90, "en": 80}, queries=5, dimension=16, values=None))
    prepare(case, tmp_path, factory="IVF8,Flat")
    folder = rank(tmp_path, options='{"top_k": 40, "factory": "IVF8,Flat", "nprobe": 1}')
    for setting in ("de", "en", "all"):
        found = rows_by_query(folder / f"{setting}.parquet")
        assert list(found) == list(case.queries)
        for query, rows in found.items():
            scores = case.run(setting)[query]
            listed = [passage for place, passage, _ in rows if place <= 40]
            assert [place for place, _, _ in rows[: len(listed)]] == [*range(1, len(listed) + 1)]
            assert listed == ranked({passage: scores[passage] for passage in listed})
            # The others, in order of their scores, stand from 41 on; the file has the relevant.
            others = [passage for passage in ranked(scores) if passage not in listed]
            assert [(place, passage) for place, passage, _ in rows[len(listed) :]] == [
                (place, passage)
                for place, passage in enumerate(others, start=41)
                if passage in relevant_of(case, query)
            ]
    assert min(len(rows) for rows in rows_by_query(folder / "de.parquet").values()) < 40


def test_a_language_too_small_for_the_factory_is_exact_and_said_to_be(tmp_path: Path) -> None:
    case = unit(random_case(5, sizes={"de": 90, "zh": 4}, queries=5, dimension=16, values=None))
    prepare(case, tmp_path, factory="IVF8,Flat")
    rank(tmp_path, options='{"top_k": 3, "factory": "IVF8,Flat", "nprobe": 1}')
    rows = read_table(tmp_path / "quality.parquet", INDEX_QUALITY).to_pylist()
    quality = {row["language"]: (row["factory"], row["recall"]) for row in rows}
    assert quality["zh"] == ("Flat", 1.0)
    assert quality["de"][0] == "IVF8,Flat" and quality["de"][1] < 1


def write_embeddings(benchmark: Path, folder: Path, *, seed: int) -> None:
    """Random vectors near those of the item, for queries and passages alike."""
    random = np.random.default_rng(seed)
    items = random.standard_normal((60, 16))
    for name, schema, kind in (
        ("queries", QUERIES, QUERY_EMBEDDINGS),
        ("passages", PASSAGES, PASSAGE_EMBEDDINGS),
    ):
        vectors = {}
        for key in read_table(benchmark / f"{name}.parquet", schema)[0].to_pylist():
            vector = items[int(key.split(":")[1][1:])] + 0.6 * random.standard_normal(16)
            vectors[key] = vector / np.linalg.norm(vector)
        write_vectors(vectors, folder / f"{name}.parquet", kind)


def test_runs_with_an_approximate_index_are_compared_over_all_queries(tmp_path: Path) -> None:
    benchmark, runs = tmp_path / "benchmark", ("x-y", "hybrid")
    bias_fixture.write_benchmark(benchmark, items=30)
    for seed, run in enumerate(runs):
        folder = tmp_path / run
        write_embeddings(benchmark, folder / "embeddings", seed=seed)
        index.run(
            argparse.Namespace(
                options=tiny.options_text("index", factory="IVF16,Flat", threads=1),
                embeddings=folder / "embeddings" / "passages.parquet",
                output=folder / "indexes",
            )
        )
        (folder / "benchmark").symlink_to(benchmark)
        rank(folder, options='{"top_k": 20, "factory": "IVF16,Flat", "nprobe": 1, "threads": 1}')
        rankings = folder / "rankings"
        for stage, paths, options in (
            (metrics, [rankings], "{}"),
            (bias, rankings, '{"cutoff": 2}'),
        ):
            output = folder / stage.__name__.rpartition(".")[2]
            stage.run(
                argparse.Namespace(
                    benchmark=benchmark,
                    rankings=paths,
                    output=output,
                    options=tiny.options_text(output.name, options),
                )
            )
        bias_fixture.write_run(
            folder / "run.parquet", run, sampling=run, seed=1, alpha=0.5 if run == "hybrid" else 0
        )
        quality = read_table(folder / "quality.parquet", INDEX_QUALITY).to_pylist()
        assert min(row["recall"] for row in quality) < 0.9  # passages were missed in truth
    statistics.run(
        argparse.Namespace(
            runs=[tmp_path / run / "run.parquet" for run in runs],
            metrics=[tmp_path / run / "metrics" for run in runs],
            bias=[tmp_path / run / "bias" for run in runs],
            benchmark=benchmark,
            output=tmp_path / "statistics",
            options=json.dumps(tiny.options_of("statistics", resamples=199, high_resource=["en"])),
        )
    )
    estimates = read_table(tmp_path / "statistics" / "estimates.parquet", ESTIMATES).to_pylist()
    for run in runs:
        queries = {
            row["metric"]: row["queries"]
            for row in estimates
            if (row["sampling"], row["setting"], row["query_language"])
            == (run, "multilingual", "macro")
        }
        assert {queries[metric] for metric in tiny.MEASURES} == {90}  # all of them


def test_embeddings_that_are_not_the_benchmarks(tmp_path: Path) -> None:
    case = unit(random_case(6, sizes={"de": 5, "en": 5}, queries=2, dimension=8, values=None))
    prepare(case, tmp_path)
    file = tmp_path / "embeddings" / "queries.parquet"
    queries = dict(case.queries)
    write_vectors(queries | {"en:new": queries["en:q0"]}, file, QUERY_EMBEDDINGS)
    with pytest.raises(HybridBatchError, match=r"queries: id 'en:new' is not in the benchmark"):
        rank(tmp_path)
    del queries["en:q0"]
    write_vectors(queries, file, QUERY_EMBEDDINGS)
    with pytest.raises(HybridBatchError, match=r"queries: id 'en:q0' has no vector"):
        rank(tmp_path)
    write_vectors({q: np.append(v, 0) for q, v in case.queries.items()}, file, QUERY_EMBEDDINGS)
    with pytest.raises(HybridBatchError, match=r"queries have 9 dimensions, passages 8"):
        rank(tmp_path)
    assert not (tmp_path / "rankings").exists()


def test_an_id_with_two_vectors() -> None:
    ids = pa.array(["de:1", "de:1"])
    vectors = index.Vectors(ids, np.eye(2, dtype=np.float32))
    with pytest.raises(HybridBatchError, match="embeddings: an id occurs twice"):
        retrieve.align(vectors, pa.array(["de:1"]), origin="embeddings")


def test_a_failed_block_leaves_no_folder(tmp_path: Path) -> None:
    case = unit(random_case(7, sizes={"de": 5}, queries=2, dimension=8, values=None))
    benchmark = case.benchmark()
    broken = [retrieve.LanguageIndex(None, True, np.arange(5))]
    with pytest.raises(AttributeError):
        retrieve.write_rankings(
            benchmark,
            case.query_vectors,
            case.passage_vectors,
            broken,
            tmp_path / "rankings",
            top_k=3,
            query_block=2,
        )
    assert not list(tmp_path.iterdir())


def test_blocks_stream(tmp_path: Path) -> None:
    case = unit(random_case(8, sizes=SIZES, queries=3, dimension=8, values=None))
    prepare(case, tmp_path)
    passages = index.read_vectors(tmp_path / "embeddings" / "passages.parquet", PASSAGE_EMBEDDINGS)
    indexes = retrieve.open_indexes(tmp_path / "indexes", passages, case.benchmark())
    with ThreadPoolExecutor(1) as workers:
        blocks = retrieve.rank_blocks(
            case.benchmark(),
            case.query_vectors,
            case.passage_vectors,
            indexes,
            top_k=2,
            query_block=5,
            workers=workers,
        )
        done = [(end, sorted(set(listings[-1].queries.tolist()))) for end, listings in blocks]
    assert done == [(5, [0, 1, 2, 3, 4]), (10, [5, 6, 7, 8, 9]), (12, [10, 11])]


def test_table_writer_gathers_row_groups_and_checks(tmp_path: Path) -> None:
    row = {"query_id": "en:1", "passage_language": "de", "rank": 1, "passage_id": "de:1"}
    table = table_from_rows([row | {"score": 0.5}] * 3, RANKINGS)
    with table_writer(tmp_path / "de.parquet", RANKINGS, row_group=5) as writer:
        for _ in range(3):
            writer.write(table)
        with pytest.raises(HybridBatchError, match=r"de.parquet: columns of rankings"):
            writer.write(table.drop_columns(["score"]))
    file = pq.ParquetFile(tmp_path / "de.parquet")
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert sum(sizes) == 9
    assert max(sizes) <= 5
    assert read_table(tmp_path / "de.parquet", RANKINGS).to_pylist()[0] == row | {"score": 0.5}


def test_rankings_of_another_benchmark(tmp_path: Path) -> None:
    case = unit(random_case(9, sizes={"de": 5, "en": 5}, queries=2, dimension=8, values=None))
    prepare(case, tmp_path)
    folder = rank(tmp_path)
    fewer = Case(dict(list(case.queries.items())[1:]), case.passages, {}).benchmark()
    with pytest.raises(HybridBatchError, match=r"en.parquet: query 'de:q0' is not in the bench"):
        read_ranks(folder, fewer)
    more = Case(case.queries | {"en:z": case.queries["en:q0"]}, case.passages, {})
    with pytest.raises(HybridBatchError, match=r".parquet: query 'en:z' is missing"):
        read_ranks(folder, more.benchmark())
    (folder / "de.parquet").replace(folder / "en.parquet")
    with pytest.raises(HybridBatchError, match=r"passage_language is 'de' in some row, expected"):
        read_ranks(folder, case.benchmark())
