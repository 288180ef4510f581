"""The schema of a benchmark's queries."""

from hybridbatch.schemas.schema import STRING, Schema

QUERIES = Schema(
    name="queries",
    path="results/benchmarks/{benchmark}/queries.parquet",
    fields=(("query_id", STRING), ("item_id", STRING), ("language", STRING), ("text", STRING)),
    key=("query_id",),
    doc="The queries. query_id is `{language}:{original id}`; "
    "parallel versions of a question share an item_id.",
)
