"""The schema of training pairs."""

from hybridbatch.schemas.schema import STRING, STRINGS, Schema

PAIRS = Schema(
    name="pairs",
    path="results/pairs/{source}.parquet",
    fields=(
        ("item_id", STRING),
        ("question_group", STRING),
        ("passage_group", STRING),
        ("language", STRING),
        ("question", STRING),
        ("passage", STRING),
        ("source", STRING),
        ("split", STRING),
        ("hard_negatives", STRINGS),
    ),
    key=("item_id", "language"),
    doc="Parallel question-passage pairs, one row per item and language; split is train, "
    "validation or test; hard_negatives are passage texts in the row's language. With mined "
    "negatives also `results/mined/{model}/{recipe}/{source}.parquet`.",
)
