"""A benchmark in shards, as the stages before the search make it."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import tiny
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.retrieval import index, pool, search
from hybridbatch.schemas.every import PASSAGE_EMBEDDINGS, QUERY_EMBEDDINGS, SHARDS
from ranking_cases import Case, language, write_benchmark, write_vectors


def write_shards(
    case: Case, folder: Path, *, size: int, factory: str = "Flat", dtype: str = "float32"
) -> None:
    """Benchmark without passages.parquet, shards of `size` vectors, and their indexes."""
    write_benchmark(case, folder / "benchmark")
    (folder / "benchmark" / "passages.parquet").unlink()
    write_vectors(case.queries, folder / "embeddings" / "queries.parquet", QUERY_EMBEDDINGS)
    rows = []
    for code in case.languages:
        ids = [passage for passage in case.passages if language(passage) == code]
        for number, begin in enumerate(range(0, len(ids), size)):
            name, part = f"p-0000.{code}.{number:04d}", ids[begin : begin + size]
            vectors = folder / "embeddings" / "passages" / f"{name}.parquet"
            write_vectors(
                {id: case.passages[id] for id in part}, vectors, PASSAGE_EMBEDDINGS, dtype=dtype
            )
            index.run(
                argparse.Namespace(
                    options=json.dumps(tiny.options_of("index", factory=factory, threads=1)),
                    embeddings=vectors,
                    output=folder / "indexes" / f"{name}.faiss",
                )
            )
            rows.append({"shard": name, "part": "p-0000", "language": code, "passages": len(part)})
    write_table(table_from_rows(rows, SHARDS), folder / "benchmark" / "shards.parquet", SHARDS)


def search_language(
    folder: Path, code: str, *, pool_languages: Sequence[str] = (), **changes: object
) -> None:
    """Rank the passages of a language."""
    options = {"language": code, "pool_languages": list(pool_languages), "threads": 1, **changes}
    search.run(
        argparse.Namespace(
            options=json.dumps(tiny.options_of("search", **options)),
            benchmark=folder / "benchmark",
            embeddings=folder / "embeddings",
            indexes=folder / "indexes",
            output=folder / "rankings" / f"{code}.parquet",
            quality=folder / "quality" / f"{code}.parquet",
        )
    )


def merge_pool(folder: Path, languages: Sequence[str], *, top_k: int) -> None:
    """Rank the pool of some languages."""
    pool.run(
        argparse.Namespace(
            options=json.dumps(
                tiny.options_of("pool", pool_languages=list(languages), top_k=top_k)
            ),
            benchmark=folder / "benchmark",
            rankings=[folder / "rankings" / f"{code}.parquet" for code in languages],
            output=folder / "rankings" / "all.parquet",
        )
    )
