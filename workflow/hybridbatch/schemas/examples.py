"""The schema of the example queries of the report."""

from hybridbatch.schemas.schema import FLOAT32, FLOAT64, INT32, INT32S, STRING, Schema

EXAMPLES = Schema(
    name="examples",
    path="results/examples/{group}/{benchmark}.parquet",
    fields=(
        ("number", INT32),
        ("rule", STRING),
        ("query_id", STRING),
        ("item_id", STRING),
        ("query_language", STRING),
        ("query", STRING),
        ("candidate", STRING),
        ("baseline", STRING),
        ("change", FLOAT64),
        ("run", STRING),
        ("average_precision", FLOAT64),
        ("relevant_ranks", INT32S),
        ("rank", INT32),
        ("passage_id", STRING),
        ("passage_language", STRING),
        ("relevance", INT32),
        ("score", FLOAT32),
        ("title", STRING),
        ("passage", STRING),
    ),
    nullable=frozenset({"candidate", "baseline", "change"}),
    key=("query_id", "run", "rank"),
    doc="Queries chosen by a rule (gain, loss, random), numbered in order, with the first ranks of "
    "the pool under each run. change is the average precision under the run `candidate` minus "
    "that under `baseline`; null if no two runs are compared. relevant_ranks are the ranks of all "
    "relevant passages of the query in the full ranking, as far as they are ranked.",
)
