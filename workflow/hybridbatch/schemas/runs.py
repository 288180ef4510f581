"""The schema of the records of runs."""

from hybridbatch.schemas.schema import FLOAT64, INT32, INT64, STRING, STRINGS, Schema

RUNS = Schema(
    name="runs",
    path="results/runs/{run}.parquet",
    fields=(
        ("run", STRING),
        ("model", STRING),
        ("recipe", STRING),
        ("sampling", STRING),
        ("alpha", FLOAT64),
        ("seed", INT64),
        ("training_languages", STRINGS),
        ("sources", STRINGS),
        ("training_items", INT64),
        ("training_pairs", INT64),
        ("best_step", INT32),
        ("stopping_reason", STRING),
    ),
    nullable=frozenset({"recipe", "alpha", "seed", "best_step", "stopping_reason"}),
    key=("run",),
    doc="The record of a run. An untrained model has sampling `untrained` and no training "
    "languages; alpha is set for x-x-mono (1), x-y (0) and hybrid. best_step is the step whose "
    "weights were kept; stopping_reason is steps (all were made) or patience (validation stopped "
    "improving).",
)
