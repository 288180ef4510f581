"""The schema of the metrics' means."""

from hybridbatch.schemas.schema import FLOAT64, INT64, STRING, Schema

SUMMARY = Schema(
    name="summary",
    path="results/metrics/{run}/{benchmark}/summary.parquet",
    fields=(
        ("setting", STRING),
        ("query_language", STRING),
        ("passage_language", STRING),
        ("metric", STRING),
        ("value", FLOAT64),
        ("queries", INT64),
    ),
    key=("setting", "query_language", "passage_language", "metric"),
    doc="Means over the scored queries of a setting. Macro rows (query_language `macro`) are means "
    "over the settings, and their `queries` is the total. Their passage_language is `macro`, or "
    "`all` in the multilingual setting.",
)
