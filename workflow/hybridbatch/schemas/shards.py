"""The schema of the list of a sharded benchmark's shards."""

from hybridbatch.schemas.schema import INT64, STRING, Schema

SHARDS = Schema(
    name="shards",
    path="results/benchmarks/{benchmark}/shards.parquet",
    fields=(("shard", STRING), ("part", STRING), ("language", STRING), ("passages", INT64)),
    key=("shard",),
    doc="The shards of a sharded benchmark. Its passages lie in "
    "`results/benchmarks/{benchmark}/passages/{part}/{shard}.parquet`, with the schema of "
    "passages.parquet; a shard is called `{part}.{language}.{number}`.",
)
