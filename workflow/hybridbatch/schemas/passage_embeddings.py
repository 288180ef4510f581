"""The schema of the vectors of passages."""

from hybridbatch.schemas.schema import STRING, VECTOR, Schema

PASSAGE_EMBEDDINGS = Schema(
    name="passage_embeddings",
    path="results/embeddings/{run}/{benchmark}/passages.parquet",
    fields=(("passage_id", STRING), ("embedding", VECTOR)),
    key=("passage_id",),
    doc="Like query_embeddings; a folder `passages/` of shards has the same schema.",
)
