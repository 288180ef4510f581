"""Stage `encode`: unit vectors of a benchmark's queries and passages, once for each model."""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.progress import Progress
from hybridbatch.common.settings import settings_from_json
from hybridbatch.common.tables import read_table, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.encoding.encoder import (
    DualEncoder,
    Pooling,
    resolve_device,
    resolve_precision,
)
from hybridbatch.encoding.inference import encode_texts
from hybridbatch.schemas import PASSAGE_EMBEDDINGS, PASSAGES, QUERIES, QUERY_EMBEDDINGS, Schema

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the stage uses of the config; `passage_template` joins title and text."""

    pooling: Pooling
    query_prefix: str
    passage_prefix: str
    passage_template: str
    max_tokens: int
    tokens_per_batch: int
    precision: str
    dtype: str
    device: str
    threads: int | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the paths that the stage reads and writes."""
    parser.add_argument("--model", type=Path, required=True, help="checkpoint folder")
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument("--output", type=Path, required=True, help="folder for the two tables")


def run(args: argparse.Namespace) -> None:
    """Run the stage."""
    settings = settings_from_json(Settings, args.settings)
    threads = set_threads(settings.threads)
    queries = read_table(args.benchmark / "queries.parquet", QUERIES)
    passages = read_table(args.benchmark / "passages.parquet", PASSAGES)
    device = resolve_device(settings.device)
    precision = resolve_precision(settings.precision, device)
    encoder = DualEncoder.load(args.model, pooling=settings.pooling, device=device)
    logger.info(
        "%s in %s on %s, %d threads: %d queries, %d passages",
        args.model, precision, device, threads, queries.num_rows, passages.num_rows,
    )  # fmt: skip
    texts = passage_texts(passages, template=settings.passage_template)
    for label, ids, prefix, schema in (
        ("queries", queries["query_id"], settings.query_prefix, QUERY_EMBEDDINGS),
        ("passages", passages["passage_id"], settings.passage_prefix, PASSAGE_EMBEDDINGS),
    ):
        wanted = queries["text"].to_pylist() if label == "queries" else texts
        vectors = encode_texts(
            encoder,
            wanted,
            prefix=prefix,
            max_tokens=settings.max_tokens,
            tokens_per_batch=settings.tokens_per_batch,
            precision=precision,
            progress=Progress(label, len(wanted), "texts").callback,
        )
        table = embedding_table(ids, vectors, schema=schema, dtype=settings.dtype)
        write_table(table, args.output / f"{label}.parquet", schema)


def passage_texts(passages: pa.Table, *, template: str) -> list[str]:
    """The text that is encoded for each row of `schemas.PASSAGES`.

    `template` holds `{text}` and maybe `{title}`; a passage without title is its text alone.
    """
    rows = zip(passages["title"].to_pylist(), passages["text"].to_pylist(), strict=True)
    return [
        # Replaced one by one and not by str.format: a title may hold braces, or the word `{text}`.
        text if not title else _join(template, title=title, text=text)
        for title, text in rows
    ]


def embedding_table(
    ids: pa.ChunkedArray, vectors: np.ndarray, *, schema: Schema, dtype: str
) -> pa.Table:
    """The table of `schema` from ids (n,) and vectors (n, dim) float32, stored as `dtype`.

    Raises:
        HybridBatchError: a vector is not finite.
    """
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise HybridBatchError(
            f"encoding: the vector of {ids[row].as_py()!r} is not finite; the model's weights are "
            f"broken, or it needs `precision: fp32`"
        )
    flat = pa.array(vectors.astype(dtype).ravel())
    embeddings = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    fields = [
        pa.field(schema.columns[0], pa.string(), nullable=False),
        pa.field("embedding", embeddings.type, nullable=False),
    ]
    return pa.table([ids.cast(pa.string()), embeddings], schema=pa.schema(fields))


def _join(template: str, *, title: str, text: str) -> str:
    before, _, after = template.partition("{text}")
    return before.replace("{title}", title) + text + after.replace("{title}", title)
