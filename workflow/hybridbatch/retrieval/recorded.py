"""The ranks of the relevant passages, read from the files of the rankings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.parquet import frames
from hybridbatch.common.tables import check_file
from hybridbatch.common.vocabulary import POOL
from hybridbatch.retrieval.columns import Ints
from hybridbatch.retrieval.judgements import Benchmark
from hybridbatch.schemas.rankings import RANKINGS

Values = NDArray[np.float64]


@dataclass(frozen=True)
class RelevantRanks:
    """Ranks of the n entries of a benchmark's `relevant`, inf if a passage is not ranked.

    `cut` is the length of the rankings, None if they are full. `pooled` (n,) is True for entries
    in a language of the pool; None means all entries.
    """

    in_language: Values
    in_pool: Values
    cut: int | None = None
    pooled: NDArray[np.bool_] | None = None


def read_ranks(folder: Path, benchmark: Benchmark) -> RelevantRanks:
    """The ranks of the relevant passages from `{language}.parquet` and `all.parquet`.

    Raises:
        HybridBatchError: a file is missing or breaks its schema, is of another setting than its
            name says, lists other queries than the benchmark's, or lists a passage twice.
    """
    codes = benchmark.pool.language_codes(benchmark.relevant.columns)
    entries = np.arange(len(codes))
    in_language, in_pool = np.full(len(codes), np.inf), np.full(len(codes), np.inf)
    for code, language in enumerate(benchmark.pool.languages):
        # An approximate index may find nothing for a query that has no relevant passage here.
        _fill_ranks(in_language, entries[codes == code], folder, language, benchmark, full=False)
    _fill_ranks(in_pool, entries, folder, POOL, benchmark)
    return RelevantRanks(in_language, in_pool)


def read_cut_ranks(
    folder: Path, benchmark: Benchmark, *, cut: int, pool_languages: Sequence[str]
) -> RelevantRanks:
    """Like `read_ranks`, for the first `cut` of a sharded benchmark.

    `all.parquet` is read only if there are `pool_languages`.

    Raises:
        HybridBatchError: as `read_ranks`; the lists are longer than `cut`.
    """
    codes = benchmark.pool.language_codes(benchmark.relevant.columns)
    entries = np.arange(len(codes))
    in_language, in_pool = np.full(len(codes), np.inf), np.full(len(codes), np.inf)
    for code, language in enumerate(benchmark.pool.languages):
        _fill_ranks(in_language, entries[codes == code], folder, language, benchmark, full=False)
    names = benchmark.pool.languages
    in_a_pool = [code for code, language in enumerate(names) if language in pool_languages]
    pooled = np.isin(codes, in_a_pool)
    if pool_languages:
        _fill_ranks(in_pool, entries[pooled], folder, POOL, benchmark, full=False)
    deepest = max((r[np.isfinite(r)].max(initial=0) for r in (in_language, in_pool)), default=0)
    if deepest > cut:
        raise HybridBatchError(
            f"{folder}: ranks go down to {int(deepest)}, beyond top_k {cut}; search again"
        )
    return RelevantRanks(in_language, in_pool, cut, pooled)


def _fill_ranks(
    ranks: Values,
    entries: Ints,
    folder: Path,
    setting: str,
    benchmark: Benchmark,
    *,
    full: bool = True,
) -> None:
    """Set `ranks` at `entries`, the relevant passages that the setting can list.

    A `full` ranking must hold every query, any other ranking at least those with an entry.
    """
    file = folder / f"{setting}.parquet"
    check_file(file, RANKINGS)
    relevant = benchmark.relevant
    rows = benchmark.pool.rows[relevant.columns[entries]]
    wanted = pl.DataFrame(
        {
            "query_id": pl.from_arrow(
                benchmark.query_ids.take(pa.array(relevant.queries[entries]))
            ),
            "passage_id": pl.from_arrow(benchmark.passage_ids.take(pa.array(rows))),
            "entry": entries,
        }
    )
    columns = ["query_id", "passage_language", "rank", "passage_id"]
    pieces = [
        (
            piece.join(wanted, on=["query_id", "passage_id"]).select("entry", "rank"),
            piece.select(pl.col("query_id").unique()),
            piece.select(pl.col("passage_language").unique()),
        )
        for piece in frames([file], columns)
    ]
    listed, queries, settings = (pl.concat(parts) for parts in zip(*pieces, strict=True))
    expected = benchmark.query_ids.to_pylist() if full else wanted["query_id"].to_list()
    _check_setting(file, setting, queries, settings, benchmark, expected)
    if listed["entry"].is_duplicated().any():
        twice = wanted.filter(pl.col("entry") == listed["entry"].mode()[0]).row(0)
        raise HybridBatchError(f"{file}: query {twice[0]!r} lists passage {twice[1]!r} twice")
    ranks[listed["entry"].to_numpy()] = listed["rank"].to_numpy()


def _check_setting(
    file: Path,
    setting: str,
    queries: pl.DataFrame,
    settings: pl.DataFrame,
    benchmark: Benchmark,
    expected: Sequence[str],
) -> None:
    other = sorted(set(settings["passage_language"]) - {setting})
    if other:
        raise HybridBatchError(
            f"{file}: passage_language is {other[0]!r} in some row, expected {setting!r}"
        )
    known, found = set(benchmark.query_ids.to_pylist()), set(queries["query_id"])
    for ids, problem in (
        (set(expected) - found, "missing"),
        (found - known, "not in the benchmark"),
    ):
        if ids:
            raise HybridBatchError(
                f"{file}: query {min(ids)!r} is {problem}; rank the queries of this benchmark again"
            )
