"""The schema of a benchmark's judgements."""

from hybridbatch.schemas.schema import INT32, STRING, Schema

QRELS = Schema(
    name="qrels",
    path="results/benchmarks/{benchmark}/qrels.parquet",
    fields=(("query_id", STRING), ("passage_id", STRING), ("relevance", INT32)),
    key=("query_id", "passage_id"),
    doc="Judgements: the relevant passages of every language; relevance 0 is judged not relevant.",
)
