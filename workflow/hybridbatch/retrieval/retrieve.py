"""Stage `retrieve`: for every query, rank the passages of each language and of the pool of all.

The scores are computed once for all rankings. FAISS proposes the first k passages, the scores order
them, and the ranks of the relevant passages are counted in the scores. Queries are ranked in blocks
and written to one Parquet file for each setting, so memory does not grow with their number.
"""

import argparse
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.progress import Progress
from hybridbatch.common.records import check_digests
from hybridbatch.common.table_writer import TableWriter, table_writer
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.common.vocabulary import POOL
from hybridbatch.retrieval.columns import Floats, Ints
from hybridbatch.retrieval.index import (
    Vectors,
    index_size,
    is_exact,
    read_index,
    read_vectors,
)
from hybridbatch.retrieval.judgements import Benchmark, read_benchmark
from hybridbatch.retrieval.quality import measure_quality, sample_rows
from hybridbatch.retrieval.ranking import Pool, Scorer, blocks, count_ranks
from hybridbatch.retrieval.search_options import SearchOptions, set_effort
from hybridbatch.retrieval.toplists import (
    NO_CANDIDATE,
    Keys,
    LanguageIndex,
    language_columns,
    language_lists,
    merge,
    pack,
    rounding_bound,
    unpack,
)
from hybridbatch.schemas.index_quality import INDEX_QUALITY
from hybridbatch.schemas.passage_embeddings import PASSAGE_EMBEDDINGS
from hybridbatch.schemas.query_embeddings import QUERY_EMBEDDINGS
from hybridbatch.schemas.rankings import RANKINGS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options(SearchOptions):
    """The options of the stage `retrieve`; `query_block` queries are scored at once."""

    query_block: int


@dataclass(frozen=True)
class Listing:
    """Rows of one setting's ranking for a block of queries, ordered by query and rank.

    Attributes:
        queries: (n,) rows in the queries' file.
        ranks: (n,) from 1.
        columns: (n,) the passages' columns.
        scores: (n,).
    """

    queries: Ints
    ranks: Ints
    columns: Ints
    scores: Floats


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage's paths."""
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument("--embeddings", type=Path, required=True, help="folder of the embeddings")
    parser.add_argument("--indexes", type=Path, required=True, help="folder of the indexes")
    parser.add_argument("--output", type=Path, required=True, help="folder of the rankings")
    parser.add_argument("--quality", type=Path, required=True, help="how exact the indexes are")


def run(args: argparse.Namespace) -> None:
    """Rank the passages of a benchmark for one run."""
    options = options_from_json(Options, args.options)
    threads = set_threads(options.threads)
    benchmark = read_benchmark(args.benchmark)
    queries = read_vectors(_embeddings(args.embeddings, "queries"), QUERY_EMBEDDINGS)
    passages = read_vectors(_embeddings(args.embeddings, "passages"), PASSAGE_EMBEDDINGS)
    if queries.values.shape[1] != passages.values.shape[1]:
        raise HybridBatchError(
            f"{args.embeddings}: queries have {queries.values.shape[1]} dimensions, passages "
            f"{passages.values.shape[1]}; encode both with one model"
        )
    query_vectors = align(queries, benchmark.query_ids, origin=f"{args.embeddings}/queries")
    indexes = open_indexes(args.indexes, passages, benchmark)
    for language in indexes:
        set_effort(language.index, options)
    passage_vectors = align(passages, benchmark.passage_ids, origin=f"{args.embeddings}/passages")
    sample = sample_rows(len(query_vectors), options.quality_queries, seed=options.seed)
    quality = measure_quality(
        indexes,
        query_vectors[sample],
        passage_vectors[benchmark.pool.rows],
        benchmark.pool,
        k=options.top_k,
        factory=options.factory,
        sizes=[index_size(args.indexes, name) for name in benchmark.pool.languages],
    )
    write_table(table_from_rows(quality, INDEX_QUALITY), args.quality, INDEX_QUALITY)
    write_rankings(
        benchmark,
        query_vectors,
        passage_vectors,
        indexes,
        args.output,
        top_k=options.top_k,
        query_block=options.query_block,
        threads=threads,
    )


def align(vectors: Vectors, ids: pa.Array, *, origin: str) -> Floats:
    """The vectors in the order of `ids`.

    Raises:
        HybridBatchError: an id has no vector or two vectors, or a vector has no id.
    """
    if vectors.ids.equals(ids):
        return vectors.values
    for one, other, problem in (
        (ids, vectors.ids, "has no vector"),
        (vectors.ids, ids, "is not in the benchmark"),
    ):
        unknown = one.filter(pc.invert(pc.is_in(one, value_set=other)))
        if len(unknown):
            raise HybridBatchError(
                f"{origin}: id {unknown[0].as_py()!r} {problem}; encode the benchmark again"
            )
    if len(vectors.ids) != len(ids):
        raise HybridBatchError(f"{origin}: an id occurs twice; encode the benchmark again")
    aligned: Floats = vectors.values[pc.index_in(ids, value_set=vectors.ids).to_numpy()]
    return aligned


def open_indexes(folder: Path, passages: Vectors, benchmark: Benchmark) -> list[LanguageIndex]:
    """The indexes of all languages, in the order of the pool's columns.

    Raises:
        HybridBatchError: an index is missing or damaged, or does not match the vectors.
    """
    check_digests(folder)
    pool = benchmark.pool
    column_of_row = np.empty(len(pool.rows), dtype=np.int64)
    column_of_row[pool.rows] = np.arange(len(pool.rows))
    # An index holds a language's vectors in the order of the embeddings.
    rows_of_vectors = pc.index_in(passages.ids, value_set=benchmark.passage_ids).to_numpy()
    rows = passages.rows_of_languages()
    indexes = []
    for language in pool.languages:
        index = read_index(
            folder, language, vectors=len(rows[language]), dimension=passages.values.shape[1]
        )
        columns = column_of_row[rows_of_vectors[rows[language]]]
        indexes.append(LanguageIndex(index, is_exact(index), columns))
    return indexes


def write_rankings(
    benchmark: Benchmark,
    query_vectors: Floats,
    passage_vectors: Floats,
    indexes: list[LanguageIndex],
    folder: Path,
    *,
    top_k: int,
    query_block: int,
    threads: int = 1,
) -> None:
    """Write `{language}.parquet` and `all.parquet`, the folder whole or not at all.

    Args:
        benchmark: the ids and the relevant passages.
        query_vectors: (q, d) float32, in file order.
        passage_vectors: (p, d) float32, in file order.
        indexes: one for each of the pool's languages, in its order.
        folder: where the files go.
        top_k: how many passages each setting lists; further relevant ones are added.
        query_block: queries per matrix product.
        threads: number of workers that count and write; the files do not depend on it.
    """
    settings = (*benchmark.pool.languages, POOL)
    progress = Progress("rank", len(query_vectors), "queries")
    with ExitStack() as stack:
        # One thread for each FAISS search: the languages share the workers.
        workers = stack.enter_context(
            ThreadPoolExecutor(threads, initializer=faiss.omp_set_num_threads, initargs=(1,))
        )
        temporary = stack.enter_context(atomic_folder(folder))
        writers = [
            stack.enter_context(table_writer(temporary / f"{name}.parquet", RANKINGS))
            for name in settings
        ]
        ranked = rank_blocks(
            benchmark,
            query_vectors,
            passage_vectors,
            indexes,
            top_k=top_k,
            query_block=query_block,
            workers=workers,
            threads=threads,
        )
        ids = benchmark.passage_ids.take(pa.array(benchmark.pool.rows))
        for done, listings in ranked:
            append = partial(_append, benchmark, ids)
            for _ in workers.map(append, writers, settings, listings):
                pass  # raises the error of a worker, if any
            progress.update(done)


def rank_blocks(
    benchmark: Benchmark,
    query_vectors: Floats,
    passage_vectors: Floats,
    indexes: list[LanguageIndex],
    *,
    top_k: int,
    query_block: int,
    workers: ThreadPoolExecutor,
    threads: int = 1,
) -> Iterator[tuple[int, list[Listing]]]:
    """Rank one block of queries after another; arguments as for `write_rankings`.

    Yields:
        The number of queries done, and the block's listings: of each language in the pool's order,
        then of the pool.
    """
    pool, relevant = benchmark.pool, benchmark.relevant
    scorer = Scorer(passage_vectors, pool)
    bound = rounding_bound(query_vectors, passage_vectors)
    for begin, end in blocks(len(query_vectors), query_block):
        part = relevant.of_queries(begin, end)
        queries, columns = relevant.queries[part] - begin, relevant.columns[part]
        vectors = query_vectors[begin:end]
        scores = scorer.scores(vectors)
        ranks = count_ranks(
            scores, queries=queries, columns=columns, pool=pool, workers=workers, threads=threads
        )
        search = partial(_search, indexes, vectors, scores, pool, top_k, bound)
        lists = list(workers.map(search, range(len(indexes))))
        languages = pool.language_codes(columns)
        members = [languages == code for code in range(len(indexes))]
        listing = partial(_listing, queries, columns, ranks.scores, top_k)
        listings = list(
            workers.map(
                listing,
                [*lists, merge(lists, k=top_k)],
                [*(ranks.in_language for _ in indexes), ranks.in_pool],
                [*members, np.ones(len(columns), dtype=bool)],
            )
        )
        yield end, [replace(found, queries=found.queries + begin) for found in listings]


def _search(
    indexes: list[LanguageIndex],
    query_vectors: Floats,
    scores: Floats,
    pool: Pool,
    top_k: int,
    bound: float,
    code: int,
) -> Keys:
    columns = language_columns(pool, code)
    return language_lists(
        indexes[code], query_vectors, scores, k=top_k, columns=columns, bound=bound
    )


def _listing(
    queries: Ints,
    columns: Ints,
    scores: Floats,
    top_k: int,
    keys: Keys,
    ranks: Ints,
    members: NDArray[np.bool_],
) -> Listing:
    """The first k of each query, then its other relevant passages at their ranks.

    The ranking is the list of `top_k` passages, followed by all other passages in order of their
    scores. After an exact list, every passage is therefore at its true rank. A passage that an
    approximate index missed is never among the first k, even if the list is shorter.

    Args:
        queries: (n,) for each relevant passage of the block, the query's row in the block.
        columns: (n,) the passage's column.
        scores: (n,) the score.
        top_k: the length of a full list.
        keys: (b, at most k) the sorted lists of the setting.
        ranks: (n,) the true rank in the setting.
        members: (n,) whether the setting has the passage.
    """
    listed = keys != NO_CANDIDATE
    list_scores, list_columns = unpack(keys)
    list_columns[~listed] = -1
    rows = np.flatnonzero(members)
    rows = rows[(list_columns[queries[rows]] != columns[rows, None]).all(axis=1)]
    precede = keys[queries[rows]] < pack(scores[rows], columns[rows])[:, None]
    # The true rank of a passage already counts the listed passages that precede it.
    behind = ranks[rows] + top_k - precede.sum(axis=1)
    order = np.lexsort((behind, queries[rows]))
    rows, behind = rows[order], behind[order]
    lengths = listed.sum(axis=1)
    # Where to insert: at the end of each query's list.
    ends = np.cumsum(lengths)[queries[rows]]
    row_of_list, position = np.nonzero(listed)
    return Listing(
        queries=np.insert(row_of_list, ends, queries[rows]),
        ranks=np.insert(position + 1, ends, behind),
        columns=np.insert(list_columns[listed], ends, columns[rows]),
        scores=np.insert(list_scores[listed], ends, scores[rows]),
    )


def _append(
    benchmark: Benchmark, ids: pa.Array, writer: TableWriter, setting: str, listing: Listing
) -> None:
    """Write a listing of a setting; `ids` are the passage ids in the order of columns."""
    constant = pa.array(np.zeros(len(listing.ranks), dtype=np.int8))
    columns = [
        benchmark.query_ids.take(pa.array(listing.queries)),
        pa.array([setting]).take(constant),
        pa.array(listing.ranks.astype(np.int32)),
        ids.take(pa.array(listing.columns)),
        pa.array(listing.scores),
    ]
    writer.write(pa.Table.from_arrays(columns, schema=RANKINGS.arrow))


def _embeddings(folder: Path, name: str) -> Path:
    """The file of queries or passages, or the folder of their shards."""
    shards = folder / name
    return shards if shards.is_dir() else folder / f"{name}.parquet"
