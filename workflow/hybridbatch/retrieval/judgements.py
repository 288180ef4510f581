"""A benchmark as the ranking stages use it: ids, languages and relevant passages, checked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import check_table, read_table
from hybridbatch.retrieval.columns import Ints, id_languages, one_array
from hybridbatch.retrieval.ranking import Pool, Relevant
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES


@dataclass(frozen=True)
class Benchmark:
    """The queries, the passages and the relevance judgements of a benchmark.

    Attributes:
        query_ids: (q,) in file order.
        query_languages: (q,) the language of each query.
        passage_ids: (p,) in file order.
        pool: the passages in ranking order.
        relevant: the passages of relevance >= 1, as rows and columns.
    """

    query_ids: pa.Array
    query_languages: pa.Array
    passage_ids: pa.Array
    pool: Pool
    relevant: Relevant


def read_benchmark(folder: Path) -> Benchmark:
    """Read `queries.parquet`, `passages.parquet` and `qrels.parquet` of a benchmark's folder.

    Raises:
        HybridBatchError: a file is missing or breaks its schema; otherwise as `make_benchmark`.
    """
    files = {name: folder / f"{name}.parquet" for name in ("queries", "passages", "qrels")}
    return make_benchmark(
        read_table(files["queries"], QUERIES, columns=("query_id", "language")),
        read_table(files["passages"], PASSAGES, columns=("passage_id", "language")),
        read_table(files["qrels"], QRELS),
        origin=f"{folder}/",
    )


def read_judged(folder: Path) -> Benchmark:
    """Like `read_benchmark`, for a sharded benchmark: the pool holds only the judged passages.

    The metrics need only the ranks of the relevant passages.
    """
    queries = read_table(folder / "queries.parquet", QUERIES, columns=("query_id", "language"))
    qrels = read_table(folder / "qrels.parquet", QRELS)
    ids = one_array(qrels["passage_id"]).unique()
    passages = pa.table({"passage_id": ids, "language": id_languages(ids)})
    return make_benchmark(queries, passages, qrels, origin=f"{folder}/")


def make_benchmark(
    queries: pa.Table, passages: pa.Table, qrels: pa.Table, *, origin: str = ""
) -> Benchmark:
    """Check the tables against each other and arrange the passages.

    Args:
        queries: columns query_id and language, at least.
        passages: columns passage_id and language, at least.
        qrels: as the schema QRELS.
        origin: prefix of the file names in errors.

    Raises:
        HybridBatchError: an id is null, occurs twice or does not begin with the language of its
            row; the qrels hold an unknown query or an unknown relevant passage.
    """
    query_ids, query_languages = _ids(queries, "query_id", f"{origin}queries.parquet")
    passage_ids, _ = _ids(passages, "passage_id", f"{origin}passages.parquet")
    check_table(qrels, QRELS, origin=f"{origin}qrels.parquet")
    order = pc.array_sort_indices(passage_ids, order="descending")
    pool = _pool(passage_ids, order.to_numpy().astype(np.int64))
    relevant = _relevant(qrels, query_ids, passage_ids, pool, origin=origin)
    return Benchmark(query_ids, query_languages, passage_ids, pool, relevant)


def _ids(table: pa.Table, key: str, origin: str) -> tuple[pa.Array, pa.Array]:
    ids, languages = one_array(table[key]), one_array(table["language"])
    for name, column in ((key, ids), ("language", languages)):
        if column.null_count:
            row = pc.index(pc.is_null(column), value=True).as_py()
            raise HybridBatchError(f"{origin}: row {row}: `{name}` is null; give it a value")
    wrong = pc.invert(pc.and_(pc.match_substring(ids, ":"), pc.equal(id_languages(ids), languages)))
    if (row := pc.index(wrong, value=True).as_py()) >= 0:
        raise HybridBatchError(
            f"{origin}: {key} {ids[row].as_py()!r} must begin with its language and a colon, "
            f"{languages[row].as_py() + ':'!r}"
        )
    counts = ids.value_counts()
    if len(counts) < len(ids):
        twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")[0]
        raise HybridBatchError(f"{origin}: {key} {twice.as_py()!r} occurs twice; ids are unique")
    return ids, languages


def _pool(passage_ids: pa.Array, rows: Ints) -> Pool:
    encoded = id_languages(passage_ids.take(rows)).dictionary_encode()
    # Codes are given in the order of appearance, and the languages are adjacent.
    sizes = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Pool(rows=rows, languages=tuple(encoded.dictionary.to_pylist()), starts=starts)


def _relevant(
    qrels: pa.Table, query_ids: pa.Array, passage_ids: pa.Array, pool: Pool, *, origin: str
) -> Relevant:
    query_rows = _rows(
        one_array(qrels["query_id"]), query_ids, "query_id", origin=origin, where="queries"
    )
    gains = qrels["relevance"].to_numpy().astype(np.int64)
    keep = np.flatnonzero(gains >= 1)
    passage_rows = _rows(
        one_array(qrels["passage_id"]).take(keep),
        passage_ids,
        "passage_id",
        origin=origin,
        where="passages",
    )
    column_of_row = np.empty(len(passage_ids), dtype=np.int64)
    column_of_row[pool.rows] = np.arange(len(passage_ids))
    queries, columns, gains = query_rows[keep], column_of_row[passage_rows], gains[keep]
    order = np.lexsort((columns, queries))
    return Relevant(queries=queries[order], columns=columns[order], gains=gains[order])


def _rows(ids: pa.Array, known: pa.Array, key: str, *, origin: str, where: str) -> Ints:
    rows = pc.index_in(ids, value_set=known)
    if rows.null_count:
        unknown = ids.filter(pc.is_null(rows))[0].as_py()
        raise HybridBatchError(
            f"{origin}qrels.parquet: {key} {unknown!r} is not in {where}.parquet; "
            "add it there or drop its judgements"
        )
    numbers: Ints = rows.to_numpy().astype(np.int64)
    return numbers
