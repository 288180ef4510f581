"""Time and memory of a job, a row of the schema TIMINGS."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Time and memory of one job; memory is the largest resident set of the process, in MiB."""

    stage: str
    job: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    threads: int
