"""Stage `encode`: unit vectors of a benchmark's queries and passages, once for each model.

For a sharded benchmark, the queries and every shard of passages are separate jobs. A shard is
encoded in pieces, so that memory depends neither on the corpus nor on the shard.
"""

import argparse
import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.artifacts import atomic_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.parquet import ParquetInput, parquet_writer
from hybridbatch.common.progress import Progress
from hybridbatch.common.tables import check_table, read_table, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.encoding.declaration import Pooling
from hybridbatch.encoding.degenerate import check_known
from hybridbatch.encoding.encoder import (
    DualEncoder,
    Precision,
    resolve_device,
    resolve_precision,
)
from hybridbatch.encoding.inference import Embedder, encode_texts
from hybridbatch.encoding.settings import log_settings, settled_text
from hybridbatch.encoding.token_limits import check_max_tokens
from hybridbatch.schemas.passage_embeddings import PASSAGE_EMBEDDINGS
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.query_embeddings import QUERY_EMBEDDINGS
from hybridbatch.schemas.schema import Schema

# Passages of a shard that are read, encoded and written together.
_PIECE = 1 << 15
_DECLARED = ("pooling", "query_prefix", "passage_prefix", "max_tokens")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The options of the stage `encode`; `passage_template` joins title and text.

    `encoding.settings` fills in what the config leaves to the model's folder.
    """

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
    parser.add_argument("--queries", type=Path, nargs="*", default=[], help="file of queries")
    parser.add_argument(
        "--passages",
        type=Path,
        nargs="*",
        default=[],
        help="file of passages, or a folder of shards: the shard with the output's name is encoded",
    )
    parser.add_argument(
        "--output",
        type=Path,
        nargs="+",
        required=True,
        help="files of the vectors: first for --queries, then for --passages",
    )


def run(args: argparse.Namespace) -> None:
    """Run the stage."""
    options = options_from_json(Options, settled_text(args.options, args.model))
    if len(args.output) != len(args.queries) + len(args.passages):
        raise HybridBatchError("--output: give a file for each of --queries and --passages")
    threads = set_threads(options.threads)
    device = resolve_device(options.device)
    precision = resolve_precision(options.precision, device)
    encoder = DualEncoder.load(args.model, pooling=options.pooling, device=device)
    check_max_tokens(encoder, options.max_tokens, key="encoding.max_tokens")
    log_settings(args.options, args.model, keys=_DECLARED)
    logger.info("%s in %s on %s, %d threads", args.model, precision, device, threads)
    encode = partial(encode_table, encoder, options=options, precision=precision)
    for queries, output in zip(args.queries, args.output, strict=False):
        rows = read_table(queries, QUERIES)
        check_known(encoder.tokenizer, _by_language(rows, "queries"))
        write_table(encode(rows, QUERY_EMBEDDINGS), output, QUERY_EMBEDDINGS)
    for passages, output in zip(args.passages, args.output[len(args.queries) :], strict=True):
        if passages.is_dir():
            encode_shard(encode, passages / output.name, output)
        else:
            rows = read_table(passages, PASSAGES)
            check_known(encoder.tokenizer, _by_language(rows, "passages"))
            write_table(encode(rows, PASSAGE_EMBEDDINGS), output, PASSAGE_EMBEDDINGS)


def _by_language(rows: pa.Table, what: str) -> dict[str, pa.ChunkedArray]:
    """The texts of each language, by what messages call them."""
    return {
        f"the {what} in {language}": rows["text"].filter(pc.equal(rows["language"], language))
        for language in rows["language"].unique().to_pylist()
    }


def encode_table(
    encoder: DualEncoder,
    rows: pa.Table,
    schema: Schema,
    *,
    options: Options,
    precision: Precision,
    progress: Callable[[int, int], None] | None = None,
    embed: Embedder | None = None,
) -> pa.Table:
    """The embeddings as a table of `schema`: QUERY_EMBEDDINGS or PASSAGE_EMBEDDINGS.

    `progress` and `embed` are those of `encode_texts`.
    """
    if schema is QUERY_EMBEDDINGS:
        label, prefix, texts = "queries", options.query_prefix, rows["text"].to_pylist()
    else:
        label, prefix = "passages", options.passage_prefix
        texts = passage_texts(rows, template=options.passage_template)
    vectors = encode_texts(
        encoder,
        texts,
        prefix=prefix,
        max_tokens=options.max_tokens,
        tokens_per_batch=options.tokens_per_batch,
        precision=precision,
        progress=progress or Progress(label, len(texts), "texts").callback,
        embed=embed,
    )
    return embedding_table(rows[schema.columns[0]], vectors, schema=schema, dtype=options.dtype)


def encode_shard(
    encode: Callable[..., pa.Table], source: Path, target: Path, *, piece: int = _PIECE
) -> None:
    """Encode a file of passages a piece at a time; `target` is whole or not there.

    Args:
        encode: `encode_table` with all arguments set except rows, schema and progress.
        source: the passages, of the schema PASSAGES.
        target: their vectors, of the schema PASSAGE_EMBEDDINGS.
        piece: passages that are read, encoded and written together.

    Raises:
        HybridBatchError: the file is damaged or not of the schema PASSAGES.
    """
    with ParquetInput(source) as file, atomic_file(target) as temporary, ExitStack() as stack:
        progress, done, writer = Progress("passages", file.rows, "texts"), 0, None
        for rows in file.batches(rows=piece):
            check_table(rows, PASSAGES, origin=str(source))

            def report(part: int, _: int, before: int = done) -> None:
                progress.update(before + part)

            table = encode(rows, PASSAGE_EMBEDDINGS, progress=report)
            check_table(table, PASSAGE_EMBEDDINGS, origin=str(target))
            if writer is None:
                # Vectors do not compress, and uncompressed ones are read faster.
                writer = stack.enter_context(
                    parquet_writer(
                        temporary, table.schema, compression="none", use_dictionary=False
                    )
                )
            writer.write_table(table)
            done += table.num_rows


def passage_texts(passages: pa.Table, *, template: str) -> list[str]:
    """The text that is encoded for each row of the schema PASSAGES.

    `template` holds `{text}` and maybe `{title}`; a passage without a title is only its text.
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
        HybridBatchError: a vector is not finite, or zero.
    """
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise HybridBatchError(
            f"encoding: the vector of {ids[row].as_py()!r} is not finite; the model's weights are "
            f"broken, or it needs `precision: fp32`"
        )
    empty = ~vectors.any(axis=1)
    if empty.any():
        row = int(np.flatnonzero(empty)[0])
        raise HybridBatchError(
            f"encoding: the vector of {ids[row].as_py()!r} is zero, so it has no direction; the "
            f"model's weights are broken, or remove the text"
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
