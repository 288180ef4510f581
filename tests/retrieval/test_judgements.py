"""A benchmark's tables are checked against each other before anything is ranked."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.retrieval.judgements import make_benchmark, read_benchmark
from ranking_cases import benchmark_of, random_case, write_benchmark


def test_files_and_tables_give_the_same(tmp_path: Path) -> None:
    case = random_case(0, sizes={"de": 5, "en": 4}, queries=2, relevant=0.4)
    read, made = read_benchmark(write_benchmark(case, tmp_path)), case.benchmark()
    assert read.query_ids.to_pylist() == list(case.queries)
    assert read.passage_ids.to_pylist() == list(case.passages)
    assert read.pool.languages == made.pool.languages == ("en", "de")
    for ours, theirs in (
        (read.pool.rows, made.pool.rows),
        (read.relevant.queries, made.relevant.queries),
        (read.relevant.columns, made.relevant.columns),
        (read.relevant.gains, made.relevant.gains),
    ):
        assert np.array_equal(ours, theirs)


def test_relevant_passages_are_rows_and_columns() -> None:
    benchmark = benchmark_of(
        ["en:1", "en:2"],
        ["de:a", "en:a", "en:b"],  # as columns: en:b, en:a, de:a
        {"en:2": {"de:a": 1, "en:b": 3}, "en:1": {"en:a": 1, "en:b": 0}},
    )
    assert benchmark.relevant.queries.tolist() == [0, 1, 1]
    assert benchmark.relevant.columns.tolist() == [1, 0, 2]
    assert benchmark.relevant.gains.tolist() == [1, 3, 1]
    assert benchmark.relevant.of_queries(1, 2) == slice(1, 3)
    assert benchmark.query_languages.to_pylist() == ["en", "en"]


def table(rows: list[tuple[str | None, str | None]], key: str) -> pa.Table:
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(2)]
    return pa.Table.from_arrays(columns, names=[key, "language"])


NO_QRELS = pa.Table.from_arrays(
    [pa.array([], pa.string()), pa.array([], pa.string()), pa.array([], pa.int32())],
    names=["query_id", "passage_id", "relevance"],
)


@pytest.mark.parametrize(
    ("passages", "message"),
    [
        ([("a1", "de")], "passages.parquet: passage_id 'a1' must begin with its language.*'de:'"),
        ([("en:1", "de")], "passages.parquet: passage_id 'en:1' must begin with its language"),
        ([("de:1", "de"), (None, "de")], "passages.parquet: row 1: `passage_id` is null"),
        ([("de:1", None)], "passages.parquet: row 0: `language` is null"),
        ([("de:1", "de"), ("de:2", "de"), ("de:1", "de")], "passage_id 'de:1' occurs twice"),
    ],
)
def test_bad_passages(passages: list[tuple[str | None, str | None]], message: str) -> None:
    queries = table([("en:1", "en")], "query_id")
    with pytest.raises(HybridBatchError, match=message):
        make_benchmark(queries, table(passages, "passage_id"), NO_QRELS)


def test_judgements_of_the_unknown() -> None:
    with pytest.raises(HybridBatchError, match=r"query_id 'en:2' is not in queries.parquet"):
        benchmark_of(["en:1"], ["de:a"], {"en:2": {"de:a": 1}})
    with pytest.raises(HybridBatchError, match=r"passage_id 'de:b' is not in passages.parquet"):
        benchmark_of(["en:1"], ["de:a"], {"en:1": {"de:b": 1}})
    # A passage that is judged irrelevant changes no figure.
    assert not len(benchmark_of(["en:1"], ["de:a"], {"en:1": {"de:b": 0}}).relevant.queries)


def test_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match=r"queries.parquet: no such file"):
        read_benchmark(tmp_path)
