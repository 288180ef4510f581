"""The schema of rankings."""

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
    "(1 is best). Relevant passages of the first k that an approximate index misses follow after "
    "k, in true order. A sharded benchmark has only the first k, and `all` only if it has a pool.",
)
