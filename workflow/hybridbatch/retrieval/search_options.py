"""The options that the stages `retrieve` and `search` share."""

import re
from dataclasses import dataclass
from typing import Any

import faiss

from hybridbatch.retrieval.index import is_exact


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How indexes are searched.

    Attributes:
        top_k: the length of the lists.
        factory: the FAISS factory string of the indexes.
        nprobe: number of IVF lists that a search visits, at most all.
        ef_search: number of HNSW's candidates.
        quality_queries: how many queries measure an approximate index.
        seed: draws these queries.
        threads: to compute with; None for all processors.
    """

    top_k: int
    factory: str
    nprobe: int
    ef_search: int
    quality_queries: int
    seed: int
    threads: int | None


def set_effort(index: Any, options: SearchOptions) -> None:
    """Set how much of `index` a search visits; an exact index is always searched completely."""
    if is_exact(index):
        return
    space = faiss.ParameterSpace()
    if match := re.search(r"IVF(\d+)", options.factory):
        space.set_index_parameter(index, "nprobe", min(options.nprobe, int(match[1])))
    elif "HNSW" in options.factory:
        space.set_index_parameter(index, "efSearch", options.ef_search)
