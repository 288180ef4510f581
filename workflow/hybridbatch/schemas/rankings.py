"""The schema of what is retrieved."""

from hybridbatch.schemas.schema import FLOAT32, INT32, STRING, Schema

RANKINGS = Schema(
    name="rankings",
    path="results/rankings/{run}/{benchmark}/{language}.parquet",
    fields=(
        ("query_id", STRING),
        ("passage_language", STRING),
        ("rank", INT32),
        ("passage_id", STRING),
        ("score", FLOAT32),
    ),
    doc="The first k of each setting and, beyond k, the relevant passages at their true rank "
    "(1 is best). What an approximate index misses of the first k follows after k, in true order. "
    "Of a sharded benchmark the first k alone, and `all` where it has a pool.",
)
