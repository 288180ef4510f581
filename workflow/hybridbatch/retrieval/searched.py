"""Which queries of a sharded benchmark are searched in a language."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

from hybridbatch.common.tables import read_table
from hybridbatch.retrieval.columns import one_array
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES


def searched_queries(folder: Path, language: str, *, pool: Sequence[str]) -> pa.Array:
    """The ids of the queries to search in a language, in the order of the queries' file."""
    queries = pl.DataFrame(read_table(folder / "queries.parquet", QUERIES, columns=("query_id",)))
    qrels = pl.DataFrame(read_table(folder / "qrels.parquet", QRELS))
    languages = [language, *pool] if language in pool else [language]
    relevant = qrels.filter(
        pl.col("relevance") >= 1,
        pl.col("passage_id").str.split(":").list.first().is_in(languages),
    )
    wanted = queries.filter(pl.col("query_id").is_in(relevant["query_id"].implode()))
    return one_array(wanted["query_id"].to_arrow())
