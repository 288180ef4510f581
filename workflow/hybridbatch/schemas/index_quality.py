"""The schema of how much an index finds."""

from hybridbatch.schemas.schema import FLOAT64, INT32, INT64, STRING, Schema

INDEX_QUALITY = Schema(
    name="index_quality",
    path="results/index_quality/{run}/{benchmark}.parquet",
    fields=(
        ("language", STRING),
        ("factory", STRING),
        ("k", INT32),
        ("vectors", INT64),
        ("bytes", INT64),
        ("queries", INT64),
        ("recall", FLOAT64),
    ),
    key=("language",),
    doc="How much of the exact first k an index finds: the mean over a sample of queries of the "
    "share that scores at least as the exact k-th; exactly 1 for `Flat`, which is exact, and which "
    "too few vectors for the configured factory become. bytes is its size on disk. Of a sharded "
    "benchmark a folder with one file for each language.",
)
