"""A first pass over passages in 8-bit integers, which misses nothing that may be in the first k.

Vectors are rounded to integers of 8 bits. Their products are exact in 32 bits and cost a quarter of
products of 32-bit floats. By Cauchy and Schwarz, a product of the rounded vectors is not further
from that of the vectors than the lengths of what rounding took away allow. What may reach a
threshold by this bound is scored again from the vectors themselves, so the result is that of
`search_exact` to the last bit.

Of passages p, the integers hold p - m, with m the mean of their block: embeddings of one model have
much in common, and without it the same eight bits are finer. The product of a query with m is added
in floats.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridbatch.retrieval.columns import Floats

# Passages that are rounded together and multiplied at once: their products stay in a core's cache.
BLOCK = 2048
_LARGEST = 127
# Norms and scales are computed with 32-bit floats of up to some thousand terms.
_ROUNDING = 1e-4
# Below as many multiplications, importing torch takes longer than the first pass saves.
_WORTHWHILE = 2e11


@dataclass(frozen=True)
class RoundedQueries:
    """Queries in 8-bit integers.

    Attributes:
        vectors: (q, d) float32, what was rounded.
        integers: (d, q) a torch tensor, int8.
        scales: (q,) float64; scale * integers is near the vector.
        errors: (q,) float64, the norm of the difference.
        norms: (q,) float64, the norm of scale * integers.
    """

    vectors: Floats
    integers: Any
    scales: NDArray[np.float64]
    errors: NDArray[np.float64]
    norms: NDArray[np.float64]


@dataclass(frozen=True)
class RoundedBlock:
    """Passages from row `begin` on, in 8-bit integers.

    Attributes:
        begin: the row of the first.
        integers: (n, d) a torch tensor, int8.
        mean: (d,) float32, what was subtracted from each vector before it was rounded.
        scale: scale * integers is near the vector less the mean.
        error: the largest norm of the difference.
        norm: the largest norm of a vector less the mean.
    """

    begin: int
    integers: Any
    mean: Floats
    scale: float
    error: float
    norm: float

    @property
    def end(self) -> int:
        """The row after the last."""
        return self.begin + len(self.integers)


def pays(*, queries: int, passages: int, dimension: int) -> bool:
    """Whether the first pass is faster here: the work is large and integers are multiplied faster.

    The result of a search does not depend on it.
    """
    return queries * passages * dimension >= _WORTHWHILE and _integers_are_faster()


def _integers_are_faster() -> bool:
    """Time one product both ways; processors without instructions for integers are slower."""
    import torch

    if not hasattr(torch, "_int_mm"):
        return False
    floats = np.ones((BLOCK, 384), dtype=np.float32), np.ones((384, 128), dtype=np.float32)
    integers = [torch.from_numpy(each.astype(np.int8)) for each in floats]
    return _seconds(lambda: torch._int_mm(*integers)) < 0.75 * _seconds(
        lambda: floats[0] @ floats[1]
    )


def _seconds(action: Callable[[], object]) -> float:
    """The shortest of a few times, after one that is not counted."""
    times = []
    for _ in range(6):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return min(times[1:])


def one_thread() -> None:
    """Products of the calling thread use this thread alone; other threads have their own."""
    import torch

    torch.set_num_threads(1)


def round_queries(vectors: Floats) -> RoundedQueries:
    """Round queries (q, d) float32, each with a scale of its own."""
    import torch

    largest = np.abs(vectors).max(axis=1, initial=0)
    scales = np.where(largest > 0, largest / _LARGEST, 1).astype(np.float32)
    integers = np.rint(vectors / scales[:, None])
    near = integers * scales[:, None]
    return RoundedQueries(
        vectors=vectors,
        integers=torch.from_numpy(np.ascontiguousarray(integers.T.astype(np.int8))),
        scales=scales.astype(np.float64),
        errors=np.linalg.norm((vectors - near).astype(np.float64), axis=1),
        norms=np.linalg.norm(near.astype(np.float64), axis=1),
    )


def round_block(vectors: Floats, begin: int, end: int) -> RoundedBlock:
    """Round the rows `begin` to `end` of passages (n, d) float32, with one scale for all."""
    import torch

    block = np.array(vectors[begin:end], dtype=np.float32)
    mean = block.mean(axis=0)
    block -= mean
    norm = _largest_norm(block)
    largest = float(max(block.max(), -block.min()))
    scale = np.float32(largest / _LARGEST if largest > 0 else 1)
    block *= np.float32(1) / scale
    integers = np.rint(block)
    block -= integers
    return RoundedBlock(
        begin=begin,
        integers=torch.from_numpy(integers.astype(np.int8)),
        mean=mean,
        scale=float(scale),
        error=float(scale) * _largest_norm(block),
        norm=norm,
    )


def integer_thresholds(
    queries: RoundedQueries, block: RoundedBlock, least: Floats, *, bound: float
) -> NDArray[np.int32]:
    """(q,) the smallest integer product of a passage whose score may reach `least` (q,).

    Args:
        queries: the queries.
        block: the passages.
        least: the score to be reached; -inf is reached by every passage.
        bound: how far a score is from the product of the vectors by rounding.
    """
    apart, common = _apart(queries, block, bound=bound), _common(queries, block)
    lowest = (least.astype(np.float64) - apart - common) / (queries.scales * block.scale)
    limits = np.iinfo(np.int32)
    return np.clip(np.floor(lowest), limits.min, limits.max).astype(np.int32)


def scores_reached(
    queries: RoundedQueries,
    block: RoundedBlock,
    products: NDArray[np.int32],
    *,
    bound: float,
) -> Floats:
    """(q,) scores that passages with these products (q,) reach for certain, float32."""
    apart, common = _apart(queries, block, bound=bound), _common(queries, block)
    certain = products * (queries.scales * block.scale) + common - apart
    return np.nextafter(certain.astype(np.float32), np.float32(-np.inf))


def _common(queries: RoundedQueries, block: RoundedBlock) -> NDArray[np.float64]:
    return queries.vectors.astype(np.float64) @ block.mean.astype(np.float64)


def _apart(queries: RoundedQueries, block: RoundedBlock, *, bound: float) -> NDArray[np.float64]:
    """(q,) how far a score may be from what its integer product stands for.

    With q' and c' for the rounded query q and passage c = p - m: |qc - q'c'| is at most
    |q - q'| |c| + |q'| |c - c'|. The mean is subtracted in floats, which moves c by less than
    rounding of a norm of p does.
    """
    by_integers = queries.errors * block.norm + queries.norms * block.error
    return by_integers * (1 + _ROUNDING) + 2 * bound


def multiply(block: RoundedBlock, queries: RoundedQueries, out: Any) -> NDArray[np.int32]:
    """(n, q) the integer products; `out` is a torch tensor (at least n, q), int32."""
    import torch

    products = out[: len(block.integers)]
    torch._int_mm(block.integers, queries.integers, out=products)
    numbers: NDArray[np.int32] = products.numpy()
    return numbers


def buffer(queries: RoundedQueries) -> Any:
    """Memory for the products of a block; fresh memory for each would cost more."""
    import torch

    return torch.empty((BLOCK, len(queries.scales)), dtype=torch.int32)


def _largest_norm(block: Floats) -> float:
    squares = np.einsum("nd,nd->n", block, block)
    return float(np.sqrt(squares.max(initial=0))) * (1 + _ROUNDING)
