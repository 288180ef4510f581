"""The schema of a job's time and memory."""

from hybridbatch.schemas.schema import FLOAT64, INT32, STRING, Schema

TIMINGS = Schema(
    name="timings",
    path="results/timings/{stage}/{job}.parquet",
    fields=(
        ("stage", STRING),
        ("job", STRING),
        ("wall_seconds", FLOAT64),
        ("cpu_seconds", FLOAT64),
        ("peak_memory_mb", FLOAT64),
        ("threads", INT32),
    ),
    key=("stage", "job"),
    doc="Time and memory of one job, measured by the wrapper of every stage command.",
)
