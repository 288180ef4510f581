"""The schema of the benchmark results in an exported model."""

from hybridbatch.schemas.schema import FLOAT64, INT64, STRING, Schema

BENCHMARK_RESULTS = Schema(
    name="benchmark_results",
    path="{exported folder}/benchmark_results.parquet",
    fields=(
        ("run", STRING),
        ("benchmark", STRING),
        ("setting", STRING),
        ("average", STRING),
        ("metric", STRING),
        ("value", FLOAT64),
        ("queries", INT64),
        ("shared_items", INT64),
        ("index", STRING),
        ("index_recall", FLOAT64),
    ),
    nullable=frozenset({"shared_items", "index", "index_recall"}),
    key=("run", "benchmark", "setting", "average", "metric"),
    doc="The macro rows of summary that `hybridbatch export` adds to a model; average is macro or "
    "macro-published. shared_items is the number of items that the model was trained on: figures "
    "with any do not count as a test. index is the FAISS factory (`Flat` is exact), index_recall "
    "its mean recall over the languages. These three are null if they were not determined.",
)
