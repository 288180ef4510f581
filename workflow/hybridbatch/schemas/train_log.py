"""The schema of the log of a training."""

from hybridbatch.schemas.schema import FLOAT64, INT32, STRING, STRINGS, Schema

TRAIN_LOG = Schema(
    name="train_log",
    path="results/training/{run}/train_log.parquet",
    fields=(
        ("step", INT32),
        ("event", STRING),
        ("loss", FLOAT64),
        ("learning_rate", FLOAT64),
        ("batch_type", STRING),
        ("query_languages", STRINGS),
        ("passage_languages", STRINGS),
    ),
    doc="One row per training step (event `train`) and per validation (event `validation`, "
    "batch_type monolingual, cross-lingual or all; languages empty). The language lists hold the "
    "language of each pair of the batch, in order.",
)
