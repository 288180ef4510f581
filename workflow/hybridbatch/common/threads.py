"""Sets the number of threads of a stage from its options, never from the scheduler.

Sums of floats depend on how they are split, so two runs are equal only with the same thread count.
Snakemake exports OMP_NUM_THREADS from `--cores`; the stage commands replace it.
"""

import os
import sys
from collections.abc import MutableMapping

_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)
_OF_PRODUCTS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def processors() -> int:
    """The processors that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def export_threads(
    threads: int | None, environment: MutableMapping[str, str], *, of_products: int | None = None
) -> int:
    """Set the variables that numerical libraries read when they are imported.

    Args:
        threads: the number of threads; None means the processors present.
        environment: usually `os.environ`, before numpy, torch, FAISS or polars are imported.
        of_products: threads of numpy's matrix products, if they differ.

    Returns:
        The number of threads.
    """
    count = threads or processors()
    for variable in _VARIABLES:
        environment[variable] = str(count)
    if of_products is not None:
        for variable in _OF_PRODUCTS:
            environment[variable] = str(of_products)
    environment["TOKENIZERS_PARALLELISM"] = "true" if count > 1 else "false"
    return count


def set_threads(threads: int | None) -> int:
    """Set the thread count of torch and FAISS if they are imported; return it."""
    count = threads or processors()
    torch, faiss = sys.modules.get("torch"), sys.modules.get("faiss")
    if torch is not None:
        torch.set_num_threads(count)
    if faiss is not None:
        faiss.omp_set_num_threads(count)
    return count
