"""The schema of the overlap of training pairs with a benchmark."""

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
    doc="Items and texts that a recipe's training pairs share with a benchmark. kind is item (the "
    "same item_id), question, passage or hard_negative (a hard negative of the pairs that is a "
    "passage of the benchmark). Texts are compared after NFKC, case folding and white-space "
    "normalisation.",
)
