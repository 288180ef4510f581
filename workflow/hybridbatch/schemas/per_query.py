"""The schema of the metrics of single queries."""

from hybridbatch.schemas.schema import FLOAT64, STRING, Schema

PER_QUERY = Schema(
    name="per_query",
    path="results/metrics/{run}/{benchmark}/per_query.parquet",
    fields=(
        ("query_id", STRING),
        ("query_language", STRING),
        ("passage_language", STRING),
        ("metric", STRING),
        ("value", FLOAT64),
    ),
    key=("query_id", "passage_language", "metric"),
    doc="One value per query, setting (a passage language, or `all`) and metric.",
)
