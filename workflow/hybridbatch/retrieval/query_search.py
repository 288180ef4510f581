"""The first k passages for one question, as the stages `retrieve` and `search` find them.

A question of the benchmark has a vector in the results, and that vector is used: its passages and
scores are then those of the rankings, to the last bit on the machine that made them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.parquet import ParquetInput
from hybridbatch.common.tables import check_file, read_table
from hybridbatch.planning import paths
from hybridbatch.retrieval import retrieve, search
from hybridbatch.retrieval.columns import Floats, Ints
from hybridbatch.retrieval.index import (
    NORM_TOLERANCE,
    Vectors,
    is_exact,
    read_vectors,
    stored_vectors,
)
from hybridbatch.retrieval.judgements import read_benchmark
from hybridbatch.retrieval.query_results import Evaluated, check_languages, recorded_options
from hybridbatch.retrieval.ranking import Scorer
from hybridbatch.retrieval.search_options import set_effort
from hybridbatch.retrieval.streaming import Ids, RunningTop, search_exact, search_index
from hybridbatch.retrieval.toplists import (
    NO_CANDIDATE,
    language_columns,
    language_lists,
    merge,
    norm_rounding_bound,
    unpack,
)
from hybridbatch.schemas.passage_embeddings import PASSAGE_EMBEDDINGS
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.query_embeddings import QUERY_EMBEDDINGS
from hybridbatch.schemas.shards import SHARDS


@dataclass(frozen=True)
class Passage:
    """A passage that was found, with its score."""

    passage_id: str
    language: str
    title: str
    text: str
    score: float


class Searcher(Protocol):
    """The passages of a benchmark, loaded for one run."""

    def vector_of(self, query_id: str) -> Floats:
        """The vector (1, d) of a query of the benchmark."""

    def first(
        self,
        vector: Floats,
        *,
        k: int,
        query_id: str | None = None,
        languages: Collection[str] | None = None,
    ) -> list[Passage]:
        """The first k passages for a vector (1, d), which is that of `query_id` if it is given.

        `languages` are some of those that are loaded; None for all of them.
        """

    def rows(self, passage_ids: Sequence[str]) -> list[dict[str, str]]:
        """Passages by their ids, as rows of the schema PASSAGES; unknown ids are left out."""


def open_searcher(evaluated: Evaluated) -> Searcher:
    """Load what the searches of a run need.

    Raises:
        HybridBatchError: a file is missing, damaged, or does not match the others.
    """
    return ShardSearcher(evaluated) if evaluated.sharded else MemorySearcher(evaluated)


class MemorySearcher:
    """A benchmark that is in memory as a whole."""

    def __init__(self, evaluated: Evaluated) -> None:
        tables = evaluated.place(PASSAGES.path).parent
        self._benchmark = read_benchmark(tables)
        self._passages = read_table(tables / "passages.parquet", PASSAGES)
        embeddings = evaluated.place(QUERY_EMBEDDINGS.path).parent
        queries = read_vectors(embeddings / "queries.parquet", QUERY_EMBEDDINGS)
        passages = read_vectors(embeddings / "passages.parquet", PASSAGE_EMBEDDINGS)
        self._queries = retrieve.align(
            queries, self._benchmark.query_ids, origin=f"{embeddings}/queries"
        )
        vectors = retrieve.align(
            passages, self._benchmark.passage_ids, origin=f"{embeddings}/passages"
        )
        _check_dimensions(self._queries, vectors, embeddings)
        self._pool = self._benchmark.pool
        check_languages("--passages", evaluated.languages, self._pool.languages)
        self._codes = [self._pool.languages.index(name) for name in evaluated.languages]
        self._indexes = retrieve.open_indexes(
            evaluated.place(paths.INDEXES), passages, self._benchmark
        )
        self._options = _ranked_with(retrieve.Options, evaluated, evaluated.languages[0])
        for found in self._indexes:
            set_effort(found.index, self._options)
        self._scorer = Scorer(vectors, self._pool)

    def vector_of(self, query_id: str) -> Floats:
        """The vector (1, d) of a query of the benchmark."""
        row = self._row(query_id)
        return self._queries[row : row + 1]

    def first(
        self,
        vector: Floats,
        *,
        k: int,
        query_id: str | None = None,
        languages: Collection[str] | None = None,
    ) -> list[Passage]:
        """The first k passages, as `Searcher.first` says."""
        scores = self._scores(vector, query_id)
        # An approximate index finds other passages for another length.
        depth = max(k, self._options.top_k)
        lists = [
            language_lists(
                self._indexes[code],
                vector,
                scores,
                k=depth,
                columns=language_columns(self._pool, code),
                bound=_bound(vector),
            )
            for code in self._codes
            if languages is None or self._pool.languages[code] in languages
        ]
        keys = merge(lists, k=k)[0]
        best, columns = unpack(keys[keys != NO_CANDIDATE])
        rows = self._passages.take(pa.array(self._pool.rows[columns]))
        return _passages(rows, best)

    def rows(self, passage_ids: Sequence[str]) -> list[dict[str, str]]:
        """Passages by their ids, in the order of their file."""
        wanted = pa.array(passage_ids, pa.string())
        found = self._passages.filter(pc.is_in(self._passages["passage_id"], value_set=wanted))
        rows: list[dict[str, str]] = found.to_pylist()
        return rows

    def _scores(self, vector: Floats, query_id: str | None) -> Floats:
        """The scores (1, passages) of a vector.

        A product of matrices may round a row by its position and by the number of rows. So a query
        of the benchmark is scored in the block in which the stage scored it.
        """
        if query_id is None:
            return self._scorer.scores(vector)
        row, size = self._row(query_id), self._options.query_block
        begin = row // size * size
        scores = self._scorer.scores(self._queries[begin : begin + size])
        return scores[row - begin : row - begin + 1]

    def _row(self, query_id: str) -> int:
        return int(pc.index(self._benchmark.query_ids, query_id).as_py())


@dataclass(frozen=True)
class _OpenShard:
    """A shard whose index is open.

    Attributes:
        index: exact, or with its effort set.
        names: from rows to passage ids.
        language: of its passages.
        texts: the file of its passages.
        depth: how many passages the stage lists.
    """

    index: Any
    names: Any
    language: str
    texts: Path
    depth: int


class ShardSearcher:
    """A benchmark in shards: their indexes are mapped, their passages are read when found."""

    def __init__(self, evaluated: Evaluated) -> None:
        self._queries = read_vectors(evaluated.place(QUERY_EMBEDDINGS.path), QUERY_EMBEDDINGS)
        self._dimension = self._queries.values.shape[1]
        shards = read_table(evaluated.place(SHARDS.path), SHARDS).to_pylist()
        self._shards = [
            self._opened(evaluated, shard)
            for language in evaluated.languages
            for shard in shards
            if shard["language"] == language
        ]

    def vector_of(self, query_id: str) -> Floats:
        """The vector (1, d) of a query of the benchmark."""
        row = _row_of(self._queries, query_id)
        return self._queries.values[row : row + 1]

    def first(
        self,
        vector: Floats,
        *,
        k: int,
        query_id: str | None = None,
        languages: Collection[str] | None = None,
    ) -> list[Passage]:
        """The first k passages, as `Searcher.first` says; `query_id` changes nothing."""
        shards = [each for each in self._shards if languages is None or each.language in languages]
        # A passage among the first k of all is among the first k of its language.
        top = RunningTop(1, k=max([k, *(shard.depth for shard in shards)]))
        places: dict[str, tuple[Path, int]] = {}
        for shard in shards:

            def names(rows: Ints, shard: _OpenShard = shard) -> Ids:
                ids: Ids = shard.names(rows)
                places.update(
                    (name, (shard.texts, row))
                    for name, row in zip(ids.tolist(), rows.tolist(), strict=True)
                )
                return ids

            if is_exact(shard.index):
                vectors = stored_vectors(shard.index)
                search_exact(top, vector, vectors, names, bound=_bound(vector))
            else:
                search_index(top, vector, shard.index, names, k=max(k, shard.depth))
        ids = top.found.ids[:k].tolist()
        return _passages(_read_passages(ids, places), top.found.scores[:k])

    def rows(self, passage_ids: Sequence[str]) -> list[dict[str, str]]:
        """Passages by their ids; every shard of their languages is read."""
        languages = {name.partition(":")[0] for name in passage_ids}
        wanted = pa.array(passage_ids, pa.string())
        found: list[dict[str, str]] = []
        for shard in self._shards:
            if shard.language in languages and len(found) < len(passage_ids):
                with ParquetInput(shard.texts) as opened:
                    for piece in opened.batches():
                        hits = pc.is_in(piece["passage_id"], value_set=wanted)
                        found += piece.filter(hits).to_pylist()
        return found

    def _opened(self, evaluated: Evaluated, listed: Mapping[str, Any]) -> _OpenShard:
        wildcards = paths.shard_wildcards(listed["shard"])
        shard = search.Shard(
            evaluated.place(paths.SHARD_VECTORS, **wildcards),
            evaluated.place(paths.SHARD_INDEX, **wildcards),
            listed["passages"],
        )
        options = _ranked_with(search.Options, evaluated, listed["language"])
        index = shard.open_index(options, dimension=self._dimension)
        set_effort(index, options)
        texts = evaluated.place(f"{paths.PART}/{paths.SHARD}.parquet", **wildcards)
        check_file(texts, PASSAGES)
        return _OpenShard(index, shard.names(), listed["language"], texts, options.top_k)


def _ranked_with(kind: type[Any], evaluated: Evaluated, language: str) -> Any:
    origin = str(evaluated.place(paths.RANKING, language=language))
    return recorded_options(kind, evaluated.searching[language].options, origin=origin)


def _bound(vector: Floats) -> float:
    return norm_rounding_bound(vector.shape[1], (1 + NORM_TOLERANCE) ** 2)


def _row_of(vectors: Vectors, query_id: str) -> int:
    row = pc.index(vectors.ids, query_id).as_py()
    if row < 0:
        raise HybridBatchError(f"query {query_id!r} has no vector; run the workflow again")
    return int(row)


def _check_dimensions(queries: Floats, passages: Floats, embeddings: Path) -> None:
    if queries.shape[1] != passages.shape[1]:
        raise HybridBatchError(
            f"{embeddings}: queries have {queries.shape[1]} dimensions, passages "
            f"{passages.shape[1]}; encode both with one model"
        )


def _read_passages(ids: Sequence[str], places: Mapping[str, tuple[Path, int]]) -> pa.Table:
    """The rows of some passages, each read from its file."""
    wanted: dict[Path, list[int]] = {}
    for name in ids:
        file, row = places[name]
        wanted.setdefault(file, []).append(row)
    read = [_read_rows(file, sorted(rows)) for file, rows in wanted.items()]
    table = pa.concat_tables(read or [PASSAGES.arrow.empty_table()])
    rows = pc.index_in(pa.array(ids, pa.string()), value_set=table["passage_id"].combine_chunks())
    if rows.null_count:
        name = ids[pc.index(pc.is_null(rows), value=True).as_py()]
        raise HybridBatchError(
            f"{places[name][0]}: {name!r} is not where its vector is; run the workflow again"
        )
    return table.take(rows)


def _read_rows(file: Path, rows: Sequence[int]) -> pa.Table:
    """Some rows of a file, ascending; nothing behind the last of them is read."""
    found, begin = [], 0
    with ParquetInput(file) as opened:
        for piece in opened.batches():
            end = begin + piece.num_rows
            here = [row - begin for row in rows if begin <= row < end]
            found.append(piece.take(pa.array(here, pa.int64())))
            begin = end
            if end > rows[-1]:
                break
    return pa.concat_tables(found)


def _passages(rows: pa.Table, scores: Iterable[np.float32]) -> list[Passage]:
    return [
        Passage(**row, score=float(score))
        for row, score in zip(rows.to_pylist(), scores, strict=True)
    ]
