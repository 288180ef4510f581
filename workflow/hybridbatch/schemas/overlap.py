"""The schema of what training pairs share with a benchmark."""

from hybridbatch.schemas.schema import STRING, Schema

OVERLAP = Schema(
    name="overlap",
    path="results/overlap/{recipe}/{benchmark}.parquet",
    fields=(
        ("kind", STRING),
        ("source", STRING),
        ("item_id", STRING),
        ("language", STRING),
        ("text", STRING),
    ),
    doc="What a recipe's training pairs share with a benchmark: kind item (the same item_id), "
    "question, passage or hard_negative (a negative that the pairs give and that is a passage of "
    "the benchmark; equal text after NFKC, case folding and white-space normalisation).",
)
