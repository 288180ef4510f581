"""One FAISS index for each passage language, or for one shard of it, over inner products."""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.artifacts import atomic_file, atomic_folder, damaged
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.records import check_digests, place_of, write_digest_of
from hybridbatch.common.tables import read_table
from hybridbatch.common.threads import set_threads
from hybridbatch.retrieval.columns import Floats, Ints, id_languages, one_array
from hybridbatch.schemas.passage_embeddings import PASSAGE_EMBEDDINGS
from hybridbatch.schemas.schema import Schema

# A float16 vector's norm is within about 1e-3 of 1.
NORM_TOLERANCE = 1e-2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of the stage `index`.

    `factory` is a FAISS factory string: `Flat` (exact), `IVF64,Flat`, `HNSW32`, `SQ8`, ... An index
    is trained on at most `sample` vectors, drawn with `seed`. If there are too few vectors to train
    it, it is `Flat`.
    """

    factory: str
    sample: int
    seed: int
    threads: int | None


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
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="folder of {language}.faiss; for one shard, a file name that ends in .faiss",
    )


def run(args: argparse.Namespace) -> None:
    """Index the passages of one run and benchmark."""
    options = options_from_json(Options, args.options)
    set_threads(options.threads)
    vectors = read_vectors(args.embeddings, PASSAGE_EMBEDDINGS)
    if args.output.suffix == ".faiss":
        index = _build_deterministic(vectors.values, options)
        with atomic_file(place_of(args.output)) as record, atomic_file(args.output) as temporary:
            faiss.write_index(index, str(temporary))
            write_digest_of(temporary, record, name=args.output.name)
        logger.info("%s vectors, %s", f"{len(vectors.ids):,}", kind(index, options.factory))
    else:
        write_indexes(vectors, args.output, options)


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


def build_index(vectors: Floats, *, factory: str, sample: int, seed: int) -> Any:
    """A trained FAISS index over inner products that holds `vectors` (n, d); ids are their rows.

    It is trained on at most `sample` of them, drawn with `seed`. If there are too few vectors to
    train it, the index is `Flat`: exact, and small.

    Raises:
        HybridBatchError: FAISS rejects the factory string, or cannot train it on the sample.
    """
    try:
        index = faiss.index_factory(vectors.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
    except RuntimeError as error:
        raise HybridBatchError(
            f"index factory {factory!r}: FAISS rejects it for {vectors.shape[1]} dimensions; "
            "use a factory string such as Flat, SQ8, HNSW32 or IVF64,Flat"
        ) from error
    try:
        index.train(_sample(vectors, sample, seed=seed))
    except RuntimeError as error:
        if len(vectors) > sample:
            raise HybridBatchError(
                f"index factory {factory!r}: cannot be trained on a sample of {sample} vectors; "
                "raise index.sample, or use fewer clusters or codes"
            ) from error
        logger.warning("%d vectors are too few to train %s: Flat instead", len(vectors), factory)
        index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def write_indexes(vectors: Vectors, folder: Path, options: Options) -> None:
    """Write `{language}.faiss` for each language of the ids, the folder whole or not at all."""
    with atomic_folder(folder) as temporary:
        for language, rows in vectors.rows_of_languages().items():
            index = _build_deterministic(vectors.values[rows], options)
            faiss.write_index(index, str(temporary / f"{language}.faiss"))
            logger.info(
                "%s: %s vectors, %s", language, f"{len(rows):,}", kind(index, options.factory)
            )


def read_index(folder: Path, language: str, *, vectors: int, dimension: int) -> Any:
    """Read `{language}.faiss` and check that it holds `vectors` vectors of `dimension`.

    Raises:
        HybridBatchError: the file is missing, unreadable, or an index of another size or kind.
    """
    return _read_index(folder / f"{language}.faiss", vectors=vectors, dimension=dimension)


def map_index(file: Path, *, factory: str, vectors: int, dimension: int) -> Any:
    """Like `read_index`, for one file; the vectors stay on disk if FAISS can map them."""
    check_digests(file)
    # One flag maps inverted lists, the other everything else; both at once are an error.
    flags = faiss.IO_FLAG_MMAP if "IVF" in factory else faiss.IO_FLAG_MMAP_IFC
    return _read_index(file, vectors=vectors, dimension=dimension, flags=flags)


def _read_index(file: Path, *, vectors: int, dimension: int, flags: int = 0) -> Any:
    if not file.is_file():
        raise HybridBatchError(f"{file}: no such file; run the stage index")
    try:
        index = faiss.read_index(str(file), flags)
    except RuntimeError as error:
        raise damaged(file, "not a whole FAISS index") from error
    if (index.ntotal, index.d) != (vectors, dimension):
        raise HybridBatchError(
            f"{file}: holds {index.ntotal} vectors of {index.d} dimensions, but the embeddings "
            f"have {vectors} of {dimension}; run the stage index again"
        )
    if index.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise HybridBatchError(f"{file}: not an inner-product index; run the stage index again")
    return index


def is_exact(index: Any) -> bool:
    """Whether a search compares every stored vector, at full precision."""
    return isinstance(faiss.downcast_index(index), faiss.IndexFlat)


def kind(index: Any, factory: str) -> str:
    """The kind of an index built with `factory`: `Flat` if there were too few vectors for it."""
    return "Flat" if is_exact(index) else factory


def stored_vectors(index: Any) -> Floats:
    """A view of the vectors (n, d) of an exact index; the index must outlive the view."""
    flat: Any = faiss.downcast_index(index)
    values: Floats = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d)
    return values.reshape(flat.ntotal, flat.d)


def index_size(folder: Path, language: str) -> int:
    """Bytes on disk of the index of a language."""
    return (folder / f"{language}.faiss").stat().st_size


def _sample(vectors: Floats, size: int, *, seed: int) -> Floats:
    if len(vectors) <= size:
        return vectors
    rows = np.random.default_rng(seed).choice(len(vectors), size, replace=False)
    return vectors[np.sort(rows)]


def _build_deterministic(vectors: Floats, options: Options) -> Any:
    factory = options.factory
    # Threads that insert into a graph at the same time make its edges depend on their timing.
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1 if "HNSW" in factory or "NSG" in factory else threads)
    try:
        return build_index(vectors, factory=factory, sample=options.sample, seed=options.seed)
    finally:
        faiss.omp_set_num_threads(threads)


def _check_vectors(path: Path, key: str, ids: pa.Array, values: Floats) -> None:
    if not len(ids):
        raise HybridBatchError(f"{path}: no embeddings; encode the benchmark again")
    with np.errstate(invalid="ignore", over="ignore"):
        norms = np.sqrt(np.einsum("nd,nd->n", values, values))
    off = ~(np.abs(norms - 1) <= NORM_TOLERANCE)  # true for NaN too
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
