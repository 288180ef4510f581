"""Time and memory of a stage: the one wrapper that every stage command uses."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.common.timings import Timing
from hybridbatch.schemas.timings import TIMINGS


@contextmanager
def measured(stage: str, *, job: str, threads: int, path: Path | None) -> Iterator[None]:
    """Measure the block; when it succeeds, write one row of the schema TIMINGS to `path`."""
    begin = time.perf_counter()
    yield
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1024 if sys.platform == "linux" else 1024 * 1024  # macOS counts bytes
    timing = Timing(
        stage=stage,
        job=job,
        wall_seconds=time.perf_counter() - begin,
        cpu_seconds=own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
        peak_memory_mb=max(own.ru_maxrss, children.ru_maxrss) / unit,
        threads=threads,
    )
    if path is not None:
        write_table(table_from_rows([asdict(timing)], TIMINGS), path, TIMINGS)
