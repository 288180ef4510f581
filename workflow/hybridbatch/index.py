"""One FAISS index for each passage language, over inner products."""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.settings import settings_from_json
from hybridbatch.common.tables import read_table
from hybridbatch.common.threads import set_threads
from hybridbatch.retrieval.judgements import id_languages, one_array
from hybridbatch.retrieval.ranking import Floats, Ints
from hybridbatch.schemas import PASSAGE_EMBEDDINGS, Schema

# A float16 vector's norm is within about 1e-3 of 1.
_NORM_TOLERANCE = 1e-2

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the stage `index` can be told.

    `factory` is a FAISS factory string: `Flat` (exact), `IVF64,Flat`, `HNSW32`, `SQ8`, ...
    """

    factory: str = "Flat"
    threads: int | None = None


@dataclass(frozen=True)
class Vectors:
    """Vectors (n, d) float32 and their ids, in file order."""

    ids: pa.Array
    values: Floats

    def rows_of_languages(self) -> dict[str, Ints]:
        """The rows of each language, in file order; languages ascending."""
        encoded = id_languages(self.ids).dictionary_encode()
        codes = encoded.indices.to_numpy()
        names = encoded.dictionary.to_pylist()
        return {
            name: np.flatnonzero(codes == code)
            for name, code in sorted(zip(names, range(len(names)), strict=True))
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stage's paths."""
    parser.add_argument(
        "--embeddings", type=Path, required=True, help="passage embeddings: a file, or shards"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of {language}.faiss")


def run(args: argparse.Namespace) -> None:
    """Index the passages of one run and benchmark."""
    settings = settings_from_json(Settings, args.settings)
    set_threads(settings.threads)
    vectors = read_vectors(args.embeddings, PASSAGE_EMBEDDINGS)
    write_indexes(vectors, args.output, factory=settings.factory)


def read_vectors(path: Path, schema: Schema) -> Vectors:
    """Read and check embeddings: a Parquet file, or a folder of shards in name order.

    Raises:
        HybridBatchError: the file is missing or breaks the schema; a vector is missing, holds NaN
            or infinity, or is not of length 1; an id lacks its language; shards differ in size.
    """
    try:
        table = read_table(path, schema)
    except pa.ArrowInvalid as error:
        raise HybridBatchError(f"{path}: the shards differ in type or dimension") from error
    key = schema.columns[0]
    ids = one_array(table[key])
    column = table["embedding"].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else column.chunk(0)
    if column.null_count or ids.null_count:
        row = pc.index(pc.or_(pc.is_null(column), pc.is_null(ids)), value=True).as_py()
        raise HybridBatchError(f"{path}: row {row}: the id or the embedding is null; encode again")
    flat = column.flatten().to_numpy(zero_copy_only=False)
    values = flat.reshape(len(ids), column.type.list_size).astype(np.float32)
    _check_vectors(path, key, ids, values)
    return Vectors(ids, values)


def build_index(vectors: Floats, *, factory: str) -> Any:
    """A trained FAISS index over inner products that holds `vectors` (n, d); ids are their rows.

    Raises:
        HybridBatchError: FAISS rejects the factory string, or cannot train it on so few vectors.
    """
    try:
        index = faiss.index_factory(vectors.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
    except RuntimeError as error:
        raise HybridBatchError(
            f"index factory {factory!r}: FAISS rejects it for {vectors.shape[1]} dimensions; "
            "use a factory string such as Flat, SQ8, HNSW32 or IVF64,Flat"
        ) from error
    try:
        index.train(vectors)
        index.add(vectors)
    except RuntimeError as error:
        raise HybridBatchError(
            f"index factory {factory!r}: cannot be trained on {len(vectors)} vectors; "
            "use fewer clusters or codes, or Flat"
        ) from error
    return index


def write_indexes(vectors: Vectors, folder: Path, *, factory: str) -> None:
    """Write `{language}.faiss` for each language of the ids, the folder whole or not at all."""
    with atomic_folder(folder) as temporary:
        for language, rows in vectors.rows_of_languages().items():
            index = _build_deterministic(vectors.values[rows], factory=factory)
            faiss.write_index(index, str(temporary / f"{language}.faiss"))
            logger.info("%s: %s vectors, %s", language, f"{len(rows):,}", factory)


def read_index(folder: Path, language: str, *, vectors: int, dimension: int) -> Any:
    """Read `{language}.faiss` and check that it holds `vectors` vectors of `dimension`.

    Raises:
        HybridBatchError: the file is missing, unreadable, or an index of other vectors.
    """
    file = folder / f"{language}.faiss"
    if not file.is_file():
        raise HybridBatchError(f"{file}: no such file; run the stage index")
    try:
        index = faiss.read_index(str(file))
    except RuntimeError as error:
        raise HybridBatchError(f"{file}: not a FAISS index; run the stage index again") from error
    if (index.ntotal, index.d) != (vectors, dimension):
        raise HybridBatchError(
            f"{file}: holds {index.ntotal} vectors of {index.d} dimensions, the embeddings "
            f"{vectors} of {dimension}; run the stage index again"
        )
    if index.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise HybridBatchError(f"{file}: not an inner-product index; run the stage index again")
    return index


def is_exact(index: Any) -> bool:
    """Whether a search compares every stored vector, at full precision."""
    return isinstance(faiss.downcast_index(index), faiss.IndexFlat)


def _build_deterministic(vectors: Floats, *, factory: str) -> Any:
    # Threads that insert into a graph at the same time make its edges depend on their timing.
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1 if "HNSW" in factory or "NSG" in factory else threads)
    try:
        return build_index(vectors, factory=factory)
    finally:
        faiss.omp_set_num_threads(threads)


def _check_vectors(path: Path, key: str, ids: pa.Array, values: Floats) -> None:
    if not len(ids):
        raise HybridBatchError(f"{path}: no embeddings; encode the benchmark again")
    with np.errstate(invalid="ignore", over="ignore"):
        norms = np.sqrt(np.einsum("nd,nd->n", values, values))
    off = ~(np.abs(norms - 1) <= _NORM_TOLERANCE)  # true for NaN too
    if off.any():
        row = int(np.argmax(off))
        what = (
            "holds NaN or infinity"
            if not np.isfinite(values[row]).all()
            else (f"has length {norms[row]:.3g}, expected 1")
        )
        raise HybridBatchError(
            f"{path}: the vector of {key} {ids[row].as_py()!r} {what}; encode again, L2-normalised"
        )
    lacks = pc.invert(pc.match_substring(ids, ":"))
    if (row := pc.index(lacks, value=True).as_py()) >= 0:
        raise HybridBatchError(
            f"{path}: {key} {ids[row].as_py()!r} must begin with its language and a colon"
        )
