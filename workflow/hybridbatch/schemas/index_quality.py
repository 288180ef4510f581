"""The schema of the recall of the indexes."""

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
    doc="recall is the share of the exact first k that an index finds, averaged over a sample of "
    "queries; a passage counts if it scores at least as high as the exact k-th. It is exactly 1 "
    "for `Flat`, which is exact and also used if there are too few vectors for the configured "
    "factory. bytes is the size on disk. A sharded benchmark has a folder with one file for each "
    "language.",
)
