"""Stage `projection`: the embedding space in two dimensions, and how far it is ordered by language.

Each run has its own plane, in which the centroids of its languages lie farthest apart. An ordinary
principal component analysis would show topics, and axes fitted to the untrained model would hide
what training did in other directions. The plane is fitted to items that are not shown, so that
languages that do not differ do not seem to differ. Languages that overlap even in this plane
overlap everywhere. Queries and passages are centred separately, because their mean offset does
not change any ranking.
"""

import argparse
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.evaluation.planes import (
    Labelled,
    Values,
    between_share,
    language_accuracy,
    language_axes,
    project,
)
from hybridbatch.schemas.passage_embeddings import PASSAGE_EMBEDDINGS
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.projection import PROJECTION, PROJECTION_SUMMARY
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.query_embeddings import QUERY_EMBEDDINGS

QUERY, PASSAGE = "query", "passage"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is projected.

    Attributes:
        runs: the runs, in the order of the folders.
        items: how many items each language shows.
        seed: draws the items.
        threads: to compute with; None for all processors.
    """

    runs: tuple[str, ...]
    items: int
    seed: int = 1
    threads: int | None


@dataclass(frozen=True)
class Sample:
    """Queries or passages (`kind`), rows sorted by language, then item.

    Attributes:
        ids: the query or passage ids.
        languages: the language of each.
        items: the item of each.
        shown: whether each is shown; the others fit the plane. No item is in both groups.
    """

    kind: str
    ids: tuple[str, ...]
    languages: tuple[str, ...]
    items: tuple[str, ...]
    shown: tuple[bool, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hybridbatch projection`."""
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument(
        "--embeddings", type=Path, nargs="+", required=True, help="each run's folder of embeddings"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the two tables")


def run(args: argparse.Namespace) -> None:
    """Project the same sample under every run."""
    options = options_from_json(Options, args.options)
    set_threads(options.threads)
    if len(args.embeddings) != len(options.runs):
        raise HybridBatchError(
            f"--embeddings: {len(args.embeddings)} folders for {len(options.runs)} runs; "
            "give one for each, in order"
        )
    samples = draw_samples(
        read_table(args.benchmark / "queries.parquet", QUERIES),
        read_table(args.benchmark / "passages.parquet", PASSAGES),
        read_table(args.benchmark / "qrels.parquet", QRELS),
        items=options.items,
        seed=options.seed,
    )
    points: list[dict[str, Any]] = []
    summary: list[dict[str, Any]] = []
    # Without a picture the tables are empty, and the report says so.
    drawable = can_be_drawn(samples)
    if not drawable:
        logger.warning("no picture: it needs items to fit its plane and other items to show")
    for name, folder in zip(options.runs, args.embeddings, strict=True) if drawable else ():
        rows, numbers = project_run(name, samples, [read_vectors(folder, one) for one in samples])
        points.extend(rows)
        summary.extend(numbers)
        for row in numbers:
            logger.info(
                "%s: accuracy of a %s's language from its vector: %.3f (chance %.3f)",
                name,
                row["kind"],
                row["accuracy"],
                row["chance"],
            )
    write_table(table_from_rows(points, PROJECTION), args.output / "points.parquet", PROJECTION)
    write_table(
        table_from_rows(summary, PROJECTION_SUMMARY),
        args.output / "summary.parquet",
        PROJECTION_SUMMARY,
    )


def draw_samples(
    queries: pa.Table, passages: pa.Table, qrels: pa.Table, *, items: int, seed: int
) -> tuple[Sample, Sample]:
    """Queries and passages of up to `items` items to show, and as many to fit, in each language.

    They are the same for every run. Items are ordered by their number of languages, largest first,
    then by the SHA-256 of seed and id; every other item is shown, the rest fit the plane. If all
    items are parallel, every language has the same ones. A passage is counted for the first item
    that it answers.

    Raises:
        HybridBatchError: no query has a relevant passage.
    """
    asked = pl.DataFrame(pl.from_arrow(queries)).select("query_id", "item_id", "language")
    # `_sample` sorts by item and id, so the order of the files does not matter.
    answers = (
        pl.DataFrame(pl.from_arrow(qrels))
        .filter(pl.col("relevance") > 0)
        .join(asked.select("query_id", "item_id"), on="query_id")
        .join(
            pl.DataFrame(pl.from_arrow(passages)).select("passage_id", "language"), on="passage_id"
        )
        .select("item_id", "passage_id", "language")
        .unique()
    )
    if answers.is_empty():
        raise HybridBatchError("qrels: no query has a relevant passage; check the benchmark's ids")
    breadth = asked.group_by("item_id").agg(pl.col("language").n_unique().alias("breadth"))
    order = (
        breadth.with_columns(
            pl.col("item_id")
            .map_elements(lambda item: _digest(seed, item), return_dtype=pl.String)
            .alias("digest")
        )
        .sort(["breadth", "digest"], descending=[True, False])
        .with_row_index("position")
        .select("item_id", "position", (pl.col("position") % 2 == 1).alias("shown"))
    )
    samples = (
        _sample(QUERY, asked.rename({"query_id": "id"}), order, items),
        _sample(PASSAGE, answers.rename({"passage_id": "id"}), order, items),
    )
    return samples


def can_be_drawn(samples: Sequence[Sample]) -> bool:
    """Whether there are queries and passages both to fit the plane and to show on it."""
    return all(len(set(sample.shown)) == 2 for sample in samples)


def read_vectors(folder: Path, sample: Sample) -> Values:
    """The vectors (n, d) float64 of a sample, from a run's file or folder of shards.

    Raises:
        HybridBatchError: a file is missing or breaks its schema; an id has no vector.
    """
    schema, name = (
        (QUERY_EMBEDDINGS, "queries") if sample.kind == QUERY else (PASSAGE_EMBEDDINGS, "passages")
    )
    shards = folder / name
    files = sorted(shards.glob("*.parquet")) if shards.is_dir() else [folder / f"{name}.parquet"]
    key = schema.columns[0]
    wanted = pa.array(sample.ids)
    vectors: dict[str, Values] = {}
    for file in files:  # one at a time: a shard may be large, the sample is small
        table = read_table(file, schema)
        table = table.filter(pc.is_in(table[key].cast(pa.string()), value_set=wanted))
        for id, vector in zip(table[key].to_pylist(), table["embedding"].to_pylist(), strict=True):
            vectors[id] = np.asarray(vector, dtype=np.float64)
    for id in sample.ids:
        if id not in vectors:
            raise HybridBatchError(
                f"{folder}/{name}: id {id!r} has no vector; encode the benchmark again"
            )
    return np.stack([vectors[id] for id in sample.ids])


def project_run(
    name: str, samples: Sequence[Sample], vectors: Sequence[Values]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the schemas PROJECTION and PROJECTION_SUMMARY for one run.

    Args:
        name: the run.
        samples: one for each kind.
        vectors: (n, d) of each sample.
    """
    halves = list(zip(samples, vectors, strict=True))
    fitted = [_half(sample, values, shown=False) for sample, values in halves]
    shown = [_half(sample, values, shown=True) for sample, values in halves]
    planes = project(shown, language_axes(fitted))
    x_share, y_share = (np.concatenate(planes) ** 2).mean(axis=0).tolist()
    points: list[dict[str, Any]] = []
    summary: list[dict[str, Any]] = []
    for sample, fit, group, plane in zip(samples, fitted, shown, planes, strict=True):
        rows = list(compress(zip(sample.ids, sample.items, strict=True), sample.shown))
        points.extend(
            {"run": name, "kind": sample.kind, "language": language, "item_id": item, "id": id}
            | {"x": x, "y": y}
            for (id, item), language, (x, y) in zip(
                rows, group.languages, plane.tolist(), strict=True
            )
        )
        summary.append(
            {
                "run": name,
                "kind": sample.kind,
                "vectors": len(rows),
                "languages": len(set(group.languages)),
                "x_share": x_share,
                "y_share": y_share,
                "language_share": between_share(group.values, group.languages),
                "item_share": between_share(group.values, [item for _, item in rows]),
                "accuracy": language_accuracy(fit, group),
                "chance": 1 / len(set(group.languages)),
            }
        )
    return points, summary


def _half(sample: Sample, values: Values, *, shown: bool) -> Labelled:
    mask = np.asarray(sample.shown) == shown
    return Labelled(values[mask], tuple(compress(sample.languages, mask)))


def _sample(kind: str, rows: pl.DataFrame, order: pl.DataFrame, items: int) -> Sample:
    """The first `items` shown and fitted items of each language among `rows`.

    Args:
        kind: query or passage.
        rows: columns id, item_id, language.
        order: columns item_id, position, shown.
        items: the largest number of each in a language.
    """
    chosen = (
        rows.join(order, on="item_id")
        .sort("position", "id")
        .unique(["id"], keep="first", maintain_order=True)
        .unique(["item_id", "language"], keep="first", maintain_order=True)
        .group_by("language", "shown", maintain_order=True)
        .head(items)
        .sort("language", "item_id")
    )
    return Sample(
        kind,
        tuple(chosen["id"]),
        tuple(chosen["language"]),
        tuple(chosen["item_id"]),
        tuple(chosen["shown"]),
    )


def _digest(seed: int, item: str) -> str:
    return hashlib.sha256(f"{seed}:{item}".encode()).hexdigest()
