"""The queries of a benchmark, their items and languages as numbers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hybridbatch.common.tables import read_table
from hybridbatch.schemas.queries import QUERIES

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Questions:
    """A benchmark's queries: ids (q,), and the item and the language of each as numbers."""

    ids: pa.Array
    items: Ints
    languages: tuple[str, ...]
    language_codes: Ints

    @property
    def item_count(self) -> int:
        """The number of items."""
        return int(self.items.max(initial=-1)) + 1


def read_questions(path: Path) -> Questions:
    """Read `queries.parquet` of a benchmark."""
    table = read_table(path, QUERIES, columns=("query_id", "item_id", "language"))
    languages = one_array(table["language"]).dictionary_encode()
    items = one_array(table["item_id"]).dictionary_encode()
    return Questions(
        ids=one_array(table["query_id"]),
        items=items.indices.to_numpy().astype(np.int64),
        languages=tuple(languages.dictionary.to_pylist()),
        language_codes=languages.indices.to_numpy().astype(np.int64),
    )


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column of strings as one array."""
    return pa.concat_arrays(
        [chunk.cast(pa.string()) for chunk in column.chunks] or [pa.array([], pa.string())]
    )
