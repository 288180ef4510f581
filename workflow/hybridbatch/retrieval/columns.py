"""Names and columns that all ranking stages share."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def id_languages(ids: pa.Array) -> pa.Array:
    """The part of each id before its first colon."""
    return pc.list_element(pc.split_pattern(ids, ":", max_splits=1), 0)


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column of strings as one array of 32-bit offsets, however it was stored."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # no chunks, or too large for one array
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([])
    return column.cast(pa.string())
