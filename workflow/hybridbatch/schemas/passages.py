"""The schema of a benchmark's passages."""

from hybridbatch.schemas.schema import STRING, Schema

PASSAGES = Schema(
    name="passages",
    path="results/benchmarks/{benchmark}/passages.parquet",
    fields=(("passage_id", STRING), ("language", STRING), ("title", STRING), ("text", STRING)),
    key=("passage_id",),
    doc="The candidate passages. passage_id is `{language}:{original id}`; title may be empty. A "
    "sharded benchmark has a folder `passages/`.",
)
