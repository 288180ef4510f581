"""Stage `search`: the first k of one passage language of a sharded benchmark.

The shards of the language are searched one after another, memory-mapped if FAISS can, so memory
does not grow with the corpus. A query is searched in the languages in which it has relevant
passages. If one of these is in the pool, it is searched in every language of the pool.
"""

import argparse
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.progress import Progress
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.retrieval.columns import Floats, Ints, one_array
from hybridbatch.retrieval.first_pass import (
    BLOCK,
    RoundedQueries,
    one_thread,
    pays,
    round_block,
    round_queries,
)
from hybridbatch.retrieval.index import (
    NORM_TOLERANCE,
    is_exact,
    map_index,
    read_vectors,
    stored_vectors,
)
from hybridbatch.retrieval.quality import first_k_recall, quality_row, sample_rows
from hybridbatch.retrieval.ranking import blocks
from hybridbatch.retrieval.search_options import SearchOptions, set_effort
from hybridbatch.retrieval.searched import searched_queries
from hybridbatch.retrieval.streaming import (
    QUERY_BLOCK,
    Found,
    Ids,
    RunningTop,
    join,
    pair_scores,
    search_exact,
    search_index,
    search_rounded,
)
from hybridbatch.retrieval.toplists import norm_rounding_bound
from hybridbatch.schemas.index_quality import INDEX_QUALITY
from hybridbatch.schemas.passage_embeddings import PASSAGE_EMBEDDINGS
from hybridbatch.schemas.query_embeddings import QUERY_EMBEDDINGS
from hybridbatch.schemas.rankings import RANKINGS
from hybridbatch.schemas.shards import SHARDS

logger = logging.getLogger(__name__)
# Passages that are rounded before they are searched: 25 MB of 384 dimensions.
_ROUNDED_TOGETHER = 32 * BLOCK


@dataclass(frozen=True, kw_only=True)
class Options(SearchOptions):
    """What is searched, and how.

    Attributes:
        language: the language of the passages.
        pool_languages: the languages of the pool.
    """

    language: str
    pool_languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shard:
    """A shard's files: its vectors with their ids, and its index."""

    embeddings: Path
    index: Path
    passages: int

    def open_index(self, options: Options, *, dimension: int) -> Any:
        """The index, which stays on disk if FAISS can map it."""
        return map_index(
            self.index, factory=options.factory, vectors=self.passages, dimension=dimension
        )

    def names(self) -> Callable[[Ints], Ids]:
        """A function from rows to their passage ids."""
        ids = one_array(
            read_table(self.embeddings, PASSAGE_EMBEDDINGS, columns=("passage_id",))["passage_id"]
        )
        if len(ids) != self.passages:
            raise HybridBatchError(
                f"{self.embeddings}: {len(ids):,} vectors, but the shard has {self.passages:,} "
                f"passages; encode it again"
            )
        return namer(ids)


def namer(ids: pa.Array) -> Callable[[Ints], Ids]:
    """A function from rows to their ids, as str."""
    return lambda rows: ids.take(pa.array(rows)).to_numpy(zero_copy_only=False)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage's paths."""
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument("--embeddings", type=Path, required=True, help="folder of the embeddings")
    parser.add_argument("--indexes", type=Path, required=True, help="folder of the shards' indexes")
    parser.add_argument("--output", type=Path, required=True, help="ranking of the language")
    parser.add_argument("--quality", type=Path, required=True, help="how exact the indexes are")


def made_from(args: argparse.Namespace) -> list[Path]:
    """The files that a search reads and the command line does not name: a language's shards."""
    shards = _shards(args, options_from_json(Options, args.options).language)
    return [file for shard in shards for file in (shard.embeddings, shard.index)]


def _shards(args: argparse.Namespace, language: str) -> list[Shard]:
    listed = read_table(args.benchmark / "shards.parquet", SHARDS).to_pylist()
    return [
        Shard(
            args.embeddings / "passages" / f"{row['shard']}.parquet",
            args.indexes / f"{row['shard']}.faiss",
            row["passages"],
        )
        for row in listed
        if row["language"] == language
    ]


def run(args: argparse.Namespace) -> None:
    """Search one language for one run."""
    options = options_from_json(Options, args.options)
    threads = set_threads(options.threads)
    language = options.language
    shards = _shards(args, language)
    ids = searched_queries(args.benchmark, language, pool=options.pool_languages)
    vectors = _query_vectors(args.embeddings / "queries.parquet", ids)
    found = search_shards(shards, vectors, options, threads=threads)
    flat = exact_shards(shards, options, dimension=vectors.shape[1])
    recalls = np.empty(0, dtype=np.float32)  # exact indexes are not measured
    if flat < len(shards) and len(ids):
        recalls = _recalls(shards, vectors, found, options, threads=threads)
    write_table(ranking_table(found, ids, setting=language), args.output, RANKINGS)
    quality = quality_row(
        language=language,
        factory=_kind(options.factory, flat=flat, shards=len(shards)),
        k=options.top_k,
        vectors=sum(shard.passages for shard in shards),
        size=sum(shard.index.stat().st_size for shard in shards),
        recalls=recalls,
    )
    write_table(table_from_rows([quality], INDEX_QUALITY), args.quality, INDEX_QUALITY)
    logger.info(
        "%s: %d queries, %d shards, %s, recall@%d %.4f",
        language, len(ids), len(shards), quality["factory"], options.top_k, quality["recall"],
    )  # fmt: skip


def search_shards(
    shards: Sequence[Shard], query_vectors: Floats, options: Options, *, threads: int
) -> Found:
    """The first k of each query (q, d) over the shards of a language.

    Each thread searches its own share of the queries, with its own matrix products.
    """
    total = sum(shard.passages for shard in shards)
    progress = Progress("search", total, "passages")
    shares = _shares(query_vectors, threads)
    rounded = _rounded(shares, passages=total)
    tops = [RunningTop(len(share), k=options.top_k) for share in shares]
    done = 0
    with ThreadPoolExecutor(threads, initializer=one_thread if rounded else None) as workers:
        for shard in shards if len(query_vectors) else ():
            index = shard.open_index(options, dimension=query_vectors.shape[1])
            names = shard.names()
            if is_exact(index):
                _search_vectors(tops, shares, rounded, stored_vectors(index), names, workers)
            else:
                set_effort(index, options)
                for top, share in zip(tops, shares, strict=True):
                    search_index(top, share, index, names, k=options.top_k)
            done += shard.passages
            progress.update(done)
    return join([top.found for top in tops], [len(share) for share in shares])


def exact_shards(shards: Sequence[Shard], options: Options, *, dimension: int) -> int:
    """How many shards have an exact index: all, or those too small for an approximate one."""
    if options.factory == "Flat":
        return len(shards)
    return sum(is_exact(shard.open_index(options, dimension=dimension)) for shard in shards)


def _kind(factory: str, *, flat: int, shards: int) -> str:
    if flat == shards:
        return "Flat"
    return f"{factory} ({flat} of {shards} shards Flat)" if flat else factory


def _shares(query_vectors: Floats, threads: int) -> list[Floats]:
    return np.array_split(query_vectors, max(1, min(threads, len(query_vectors))))


def _search_vectors(
    tops: Sequence[RunningTop],
    shares: Sequence[Floats],
    rounded: Sequence[list[RoundedQueries]],
    vectors: Floats,
    names: Callable[[Ints], Ids],
    workers: ThreadPoolExecutor,
) -> None:
    """Add the first k of one shard; `rounded` are the queries of `shares`, or empty."""
    if rounded:
        _search_rounded(tops, rounded, vectors, names, workers)
    else:
        _search_floats(tops, shares, vectors, names, workers)


def _search_floats(
    tops: Sequence[RunningTop],
    shares: Sequence[Floats],
    vectors: Floats,
    names: Callable[[Ints], Ids],
    workers: ThreadPoolExecutor,
) -> None:
    bound = norm_rounding_bound(vectors.shape[1], (1 + NORM_TOLERANCE) ** 2)

    def search(top: RunningTop, share: Floats) -> None:
        search_exact(top, share, vectors, names, bound=bound)

    for _ in workers.map(search, tops, shares):
        pass  # raises the error of a worker, if any


def _rounded(shares: Sequence[Floats], *, passages: int) -> list[list[RoundedQueries]]:
    """The queries of each thread in parts, or nothing if a first pass in integers does not pay."""
    queries, dimension = sum(map(len, shares)), shares[0].shape[1]
    if not pays(queries=queries, passages=passages, dimension=dimension):
        return []
    return [
        [round_queries(share[begin:end]) for begin, end in blocks(len(share), QUERY_BLOCK)]
        for share in shares
    ]


def _search_rounded(
    tops: Sequence[RunningTop],
    parts: Sequence[list[RoundedQueries]],
    vectors: Floats,
    names: Callable[[Ints], Ids],
    workers: ThreadPoolExecutor,
) -> None:
    """As `_search_floats`; each block of passages is rounded once for all threads."""
    bound = norm_rounding_bound(vectors.shape[1], (1 + NORM_TOLERANCE) ** 2)
    for first, last in blocks(len(vectors), _ROUNDED_TOGETHER):
        ranges = [(first + begin, first + end) for begin, end in blocks(last - first, BLOCK)]
        rounded = list(workers.map(lambda each: round_block(vectors, *each), ranges))

        search = partial(search_rounded, rounded=rounded, vectors=vectors, names=names, bound=bound)
        for _ in workers.map(search, tops, parts):
            pass  # raises the error of a worker, if any


def ranking_table(found: Found, ids: pa.Array, *, setting: str) -> pa.Table:
    """The passages found, as the schema RANKINGS; `ids` are the ids of the query rows."""
    columns = [
        ids.take(pa.array(found.queries)),
        pa.array([setting] * len(found.queries), pa.string()),
        pa.array(found.ranks().astype(np.int32)),
        pa.array(found.ids, pa.string()),
        pa.array(found.scores),
    ]
    return pa.Table.from_arrays(columns, schema=RANKINGS.arrow)


def _query_vectors(path: Path, ids: pa.Array) -> Floats:
    vectors = read_vectors(path, QUERY_EMBEDDINGS)
    rows = pc.index_in(ids, value_set=vectors.ids)
    if rows.null_count:
        unknown = ids.filter(pc.is_null(rows))[0].as_py()
        raise HybridBatchError(f"{path}: id {unknown!r} has no vector; encode the queries again")
    values: Floats = np.ascontiguousarray(vectors.values[rows.to_numpy()])
    return values


def _recalls(
    shards: Sequence[Shard],
    query_vectors: Floats,
    found: Found,
    options: Options,
    *,
    threads: int,
) -> Floats:
    """The recall of each query of a sample."""
    rows = sample_rows(len(query_vectors), options.quality_queries, seed=options.seed)
    position = np.full(len(query_vectors), -1, dtype=np.int64)
    position[rows] = np.arange(len(rows))
    sampled = position[found.queries] >= 0
    queries, ids = found.queries[sampled], pa.array(found.ids[sampled], pa.string())
    # Recall compares the scores of the vectors, not those that an approximate index gives.
    scores = np.full(len(queries), -np.inf, dtype=np.float32)
    shares = _shares(query_vectors[rows], threads)
    rounded = _rounded(shares, passages=sum(shard.passages for shard in shards))
    tops = [RunningTop(len(share), k=options.top_k) for share in shares]
    with ThreadPoolExecutor(threads, initializer=one_thread if rounded else None) as workers:
        for shard in shards:
            vectors = read_vectors(shard.embeddings, PASSAGE_EMBEDDINGS)
            _search_vectors(tops, shares, rounded, vectors.values, namer(vectors.ids), workers)
            places = pc.index_in(ids, value_set=vectors.ids).fill_null(-1).to_numpy()
            here = np.flatnonzero(places >= 0)
            scores[here] = pair_scores(query_vectors, vectors.values, queries[here], places[here])
    exact = join([top.found for top in tops], [len(share) for share in shares])
    return first_k_recall(position[queries], scores, exact, count=len(rows))
