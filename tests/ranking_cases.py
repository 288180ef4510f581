"""Small benchmarks and a ranking by plain sorting, for the tests of the ranking stages."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.retrieval.judgements import Benchmark, make_benchmark
from hybridbatch.retrieval.ranking import (
    Pool,
    Ranks,
    Relevant,
    Scorer,
    blocks,
    count_ranks,
)
from hybridbatch.schemas import every as schemas
from hybridbatch.schemas.every import Schema

Qrels = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Case:
    """Queries and passages with their vectors in file order, and judgements."""

    queries: dict[str, np.ndarray]
    passages: dict[str, np.ndarray]
    qrels: Qrels

    @property
    def query_vectors(self) -> np.ndarray:
        return np.stack(list(self.queries.values())).astype(np.float32)

    @property
    def passage_vectors(self) -> np.ndarray:
        return np.stack(list(self.passages.values())).astype(np.float32)

    @property
    def languages(self) -> list[str]:
        return sorted({language(passage) for passage in self.passages})

    def benchmark(self) -> Benchmark:
        return benchmark_of(list(self.queries), list(self.passages), self.qrels)

    def run(self, setting: str) -> dict[str, dict[str, float]]:
        """The full ranking of a passage language or `all`, as ir_measures takes it."""
        scores = self.query_vectors @ self.passage_vectors.T
        return {
            query: {
                passage: float(score)
                for passage, score in zip(self.passages, row, strict=True)
                if setting in ("all", language(passage))
            }
            for query, row in zip(self.queries, scores, strict=True)
        }


def language(identifier: str) -> str:
    return identifier.split(":", 1)[0]


def ranked(scores: Mapping[str, float]) -> list[str]:
    """Passage ids as trec_eval orders them: descending score, then descending id."""
    return sorted(scores, key=lambda passage: (scores[passage], passage.encode()), reverse=True)


def random_case(
    seed: int,
    *,
    sizes: Mapping[str, int],
    queries: int,
    dimension: int = 8,
    values: int | None = 1,
    relevant: float = 0.1,
) -> Case:
    """Random vectors: integers up to `values`, so that many scores are equal, or normal ones."""
    random = np.random.default_rng(seed)

    def vector() -> np.ndarray:
        drawn = (
            random.standard_normal(dimension)
            if values is None
            else random.integers(-values, values, dimension, endpoint=True)
        )
        # Halves and integers add up without rounding, whatever the order.
        return drawn.astype(np.float32)

    passages = {f"{code}:{i}": vector() for code, size in sizes.items() for i in range(size)}
    asked = {f"{code}:q{i}": vector() for i in range(queries) for code in (*sizes, "xx")}
    qrels = {
        query: {p: int(random.integers(0, 4)) for p in passages if random.random() < relevant}
        for query in asked
    }
    return Case(asked, passages, qrels)


def unit(case: Case) -> Case:
    """The same case with vectors of length 1, some of them repeated exactly."""

    def normalise(vectors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {key: vector / np.linalg.norm(vector) for key, vector in vectors.items()}

    passages = normalise(case.passages)
    names = list(passages)
    for original, copy in zip(names[::7], names[3::7], strict=False):
        passages[copy] = passages[original]
    return Case(normalise(case.queries), passages, case.qrels)


def benchmark_of(queries: Sequence[str], passages: Sequence[str], qrels: Qrels) -> Benchmark:
    return make_benchmark(*_tables(queries, passages, qrels))


def write_benchmark(case: Case, folder: Path) -> Path:
    tables = _tables(list(case.queries), list(case.passages), case.qrels)
    kinds = (schemas.QUERIES, schemas.PASSAGES, schemas.QRELS)
    for table, schema in zip(tables, kinds, strict=True):
        write_table(table, folder / f"{schema.name}.parquet", schema)
    return folder


def write_vectors(
    vectors: Mapping[str, np.ndarray], path: Path, schema: Schema, *, dtype: str = "float32"
) -> Path:
    matrix = np.stack(list(vectors.values())).astype(dtype)
    kind = pa.list_(
        pa.field("element", pa.from_numpy_dtype(dtype), nullable=False), matrix.shape[1]
    )
    key = schema.columns[0]
    fields = [
        pa.field(key, pa.string(), nullable=False),
        pa.field("embedding", kind, nullable=False),
    ]
    embeddings = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), type=kind)
    table = pa.Table.from_arrays([pa.array(list(vectors)), embeddings], schema=pa.schema(fields))
    write_table(table, path, schema)
    return path


def full_ranks(
    query_vectors: np.ndarray,
    passage_vectors: np.ndarray,
    *,
    pool: Pool,
    relevant: Relevant,
    query_block: int = 256,
    threads: int = 1,
) -> Ranks:
    """Ranks of all relevant passages in their own language and in the pool of all.

    Args:
        query_vectors: (q, d), in file order.
        passage_vectors: (p, d), in file order; `pool` arranges them.
        pool: the columns.
        relevant: the passages to rank.
        query_block: queries per matrix product; memory is about 4 * p * query_block bytes.
        threads: the number of workers; the result does not depend on it.
    """
    scorer = Scorer(passage_vectors, pool)
    parts = []
    with ThreadPoolExecutor(threads) as workers:
        for begin, end in blocks(len(query_vectors), query_block):
            scores = scorer.scores(query_vectors[begin:end])
            part = relevant.of_queries(begin, end)
            parts.append(
                count_ranks(
                    scores,
                    queries=relevant.queries[part] - begin,
                    columns=relevant.columns[part],
                    pool=pool,
                    workers=workers,
                    threads=threads,
                )
            )
    columns = zip(*((part.in_language, part.in_pool, part.scores) for part in parts), strict=True)
    return Ranks(*map(np.concatenate, columns))


def _tables(
    queries: Sequence[str], passages: Sequence[str], qrels: Qrels
) -> tuple[pa.Table, pa.Table, pa.Table]:
    return (
        table_from_rows(
            [
                {"query_id": q, "item_id": q.split(":", 1)[1], "language": language(q), "text": "?"}
                for q in queries
            ],
            schemas.QUERIES,
        ),
        table_from_rows(
            [
                {"passage_id": p, "language": language(p), "title": "", "text": "."}
                for p in passages
            ],
            schemas.PASSAGES,
        ),
        table_from_rows(
            [
                {"query_id": q, "passage_id": p, "relevance": relevance}
                for q, judged in qrels.items()
                for p, relevance in judged.items()
            ],
            schemas.QRELS,
        ),
    )
