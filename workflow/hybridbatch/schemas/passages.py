"""The schema of a benchmark's candidates."""

from hybridbatch.schemas.schema import STRING, Schema

PASSAGES = Schema(
    name="passages",
    path="results/benchmarks/{benchmark}/passages.parquet",
    fields=(("passage_id", STRING), ("language", STRING), ("title", STRING), ("text", STRING)),
    key=("passage_id",),
    doc="The candidates. passage_id is `{language}:{original id}`; title may be empty. Of a "
    "sharded benchmark a folder `passages/`.",
)
