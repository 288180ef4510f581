"""The schema of the vectors of queries."""

from hybridbatch.schemas.schema import STRING, VECTOR, Schema

QUERY_EMBEDDINGS = Schema(
    name="query_embeddings",
    path="results/embeddings/{run}/{benchmark}/queries.parquet",
    fields=(("query_id", STRING), ("embedding", VECTOR)),
    key=("query_id",),
    doc="L2-normalised vectors, a fixed-size list of float32 or float16; "
    "a folder `queries/` of shards has the same schema.",
)
