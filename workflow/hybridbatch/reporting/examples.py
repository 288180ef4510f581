"""Stage `examples`: a few queries with what each run ranks first in the pool of all languages.

The queries are chosen by rules that do not use their texts: the largest gain and the largest loss
of average precision between two runs, and a random choice. No item occurs twice, and
languages take turns, so that the examples are not eleven versions of one question.
"""

import argparse
import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.parquet import frames
from hybridbatch.common.tables import check_file, read_table, write_table
from hybridbatch.common.vocabulary import POOL
from hybridbatch.schemas.examples import EXAMPLES
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.per_query import PER_QUERY
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.rankings import RANKINGS

GAIN, LOSS, RANDOM = "gain", "loss", "random"
METRIC = "mAP"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which queries are chosen.

    Attributes:
        runs: the runs, in the order of the folders.
        candidate: the run whose gain and loss are shown; null for random queries alone.
        baseline: the run that it is compared with.
        per_rule: how many queries each rule chooses.
        top: how many passages of each run are shown.
        seed: draws the random queries.
    """

    runs: tuple[str, ...]
    candidate: str | None = None
    baseline: str | None = None
    per_rule: int
    top: int = 5
    seed: int = 1


@dataclass(frozen=True)
class Query:
    """A query that may be chosen; `change` is its gain in average precision, if known."""

    query_id: str
    item_id: str
    language: str
    change: float | None


@dataclass(frozen=True)
class Chosen:
    """A chosen query and the rule that chose it."""

    rule: str
    query: Query


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hybridbatch examples`."""
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument(
        "--rankings", type=Path, nargs="+", required=True, help="each run's folder of rankings"
    )
    parser.add_argument(
        "--metrics", type=Path, nargs="+", required=True, help="each run's folder of metrics"
    )
    parser.add_argument("--output", type=Path, required=True, help="Parquet file of the examples")


def run(args: argparse.Namespace) -> None:
    """Choose the queries and write what each run ranks first."""
    options = options_from_json(Options, args.options)
    rankings = _by_run(options.runs, args.rankings, "--rankings")
    metrics = _by_run(options.runs, args.metrics, "--metrics")
    precisions = {
        name: read_precisions(folder / "per_query.parquet") for name, folder in metrics.items()
    }
    queries = read_table(args.benchmark / "queries.parquet", QUERIES)
    eligible = candidates(
        queries, precisions, candidate=options.candidate, baseline=options.baseline
    )
    chosen = choose(eligible, per_rule=options.per_rule, seed=options.seed)
    table = describe(
        chosen,
        queries=queries,
        passages=read_table(args.benchmark / "passages.parquet", PASSAGES),
        qrels=read_table(args.benchmark / "qrels.parquet", QRELS),
        rankings={name: folder / f"{POOL}.parquet" for name, folder in rankings.items()},
        precisions=precisions,
        options=options,
    )
    write_table(table, args.output, EXAMPLES)
    logger.info("%d queries, %d runs", len(chosen), len(options.runs))


def read_precisions(file: Path) -> dict[str, float]:
    """Average precision of each query in the pool, from a run's `per_query.parquet`."""
    check_file(file, PER_QUERY)
    wanted = (pl.col("passage_language") == POOL) & (pl.col("metric") == METRIC)
    columns = ["query_id", "passage_language", "metric", "value"]
    found = pl.concat([piece.filter(wanted) for piece in frames([file], columns)])
    rows = found.select("query_id", "value")
    return dict(rows.iter_rows())


def candidates(
    queries: pa.Table,
    precisions: dict[str, dict[str, float]],
    *,
    candidate: str | None,
    baseline: str | None,
) -> list[Query]:
    """The queries that every run scored in the pool, sorted by id.

    Args:
        queries: at least columns query_id, item_id and language of the schema QUERIES.
        precisions: average precision by run and query id.
        candidate: the run whose gain over `baseline` is computed.
        baseline: the other run; None if `candidate` is None.

    Raises:
        HybridBatchError: one of the two runs is missing, or no query was scored by every run.
    """
    if (candidate is None) != (baseline is None):
        raise HybridBatchError("--options: candidate and baseline: name both runs, or neither")
    for name in (candidate, baseline):
        if name is not None and name not in precisions:
            raise HybridBatchError(
                f"--options: {name} is not among the runs {', '.join(precisions)}"
            )
    scored = set.intersection(*(set(values) for values in precisions.values()))
    columns = [queries[name].to_pylist() for name in ("query_id", "item_id", "language")]
    found = []
    for query_id, item_id, language in zip(*columns, strict=True):
        if query_id in scored:
            change = None
            if candidate is not None and baseline is not None:
                change = precisions[candidate][query_id] - precisions[baseline][query_id]
            found.append(Query(query_id, item_id, language, change))
    if not found:
        raise HybridBatchError(
            f"runs {', '.join(precisions)}: no query was scored by all of them in the pool; "
            "evaluate them on the same benchmark"
        )
    return sorted(found, key=lambda query: query.query_id)


def choose(queries: Sequence[Query], *, per_rule: int, seed: int) -> list[Chosen]:
    """Up to `per_rule` queries for each rule: largest gain, largest loss, random.

    Each pick has a new item and, among such queries, the language picked least often so far; of
    those, it is the first in its rule's order. Equal gains are ordered by query id. The random
    order is by the SHA-256 of seed and query id, so it is the same on every machine.
    """
    known = [query for query in queries if query.change is not None]
    orders = (
        (
            GAIN,
            sorted((q for q in known if _change(q) > 0), key=lambda q: (-_change(q), q.query_id)),
        ),
        (
            LOSS,
            sorted((q for q in known if _change(q) < 0), key=lambda q: (_change(q), q.query_id)),
        ),
        (RANDOM, sorted(queries, key=lambda query: _digest(seed, query.query_id))),
    )
    chosen: list[Chosen] = []
    items: set[str] = set()
    languages: Counter[str] = Counter()
    for rule, order in orders:
        for _ in range(per_rule):
            fresh = [query for query in order if query.item_id not in items]
            if not fresh:
                break
            # `min` keeps the first of equals, which is the first of the rule's order.
            query = min(fresh, key=lambda query: languages[query.language])
            chosen.append(Chosen(rule, query))
            items.add(query.item_id)
            languages[query.language] += 1
    return chosen


def describe(
    chosen: Sequence[Chosen],
    *,
    queries: pa.Table,
    passages: pa.Table,
    qrels: pa.Table,
    rankings: dict[str, Path],
    precisions: dict[str, dict[str, float]],
    options: Options,
) -> pa.Table:
    """A table of the schema EXAMPLES: the first `options.top` ranks of each query and run.

    Args:
        chosen: the queries, in order.
        queries: of the schema QUERIES.
        passages: of the schema PASSAGES.
        qrels: of the schema QRELS.
        rankings: each run's ranking of the pool, a file of the schema RANKINGS.
        precisions: average precision by run and query id.
        options: the runs, in order, and how many ranks are shown.

    Raises:
        HybridBatchError: a run does not rank a chosen query, or ranks an unknown passage.
    """
    ids = [one.query.query_id for one in chosen]
    texts = {row["query_id"]: row["text"] for row in _rows(queries, "query_id", ids)}
    gains = {
        (row["query_id"], row["passage_id"]): row["relevance"]
        for row in _rows(qrels, "query_id", ids)
    }
    ranked = {name: read_ranking(rankings[name], ids) for name in options.runs}
    shown = {
        row["passage_id"]
        for lists in ranked.values()
        for rows in lists.values()
        for row in rows[: options.top]
    }
    documents = {row["passage_id"]: row for row in _rows(passages, "passage_id", shown)}
    if lost := sorted(shown - documents.keys()):
        raise HybridBatchError(
            f"passage {lost[0]!r} is ranked but not in the benchmark; rank it again"
        )
    rows: list[dict[str, Any]] = []
    for number, one in enumerate(chosen, start=1):
        query_id = one.query.query_id
        about_query = {
            "number": number,
            "rule": one.rule,
            "query_id": query_id,
            "item_id": one.query.item_id,
            "query_language": one.query.language,
            "query": texts[query_id],
            "candidate": options.candidate,
            "baseline": options.baseline,
            "change": one.query.change,
        }
        for name in options.runs:
            listed = ranked[name][query_id]
            relevant = [r["rank"] for r in listed if gains.get((query_id, r["passage_id"]), 0) > 0]
            about_run = {
                "run": name,
                "average_precision": precisions[name][query_id],
                "relevant_ranks": relevant,
            }
            for row in listed[: options.top]:
                document = documents[row["passage_id"]]
                about_passage = {
                    "rank": row["rank"],
                    "passage_id": row["passage_id"],
                    "passage_language": document["language"],
                    "relevance": gains.get((query_id, row["passage_id"]), 0),
                    "score": row["score"],
                    "title": document["title"],
                    "passage": document["text"],
                }
                rows.append(about_query | about_run | about_passage)
    return pa.Table.from_pylist(rows, schema=EXAMPLES.arrow)


def read_ranking(file: Path, query_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows (rank, passage_id, score) of each query in a ranking of the pool, best first.

    Raises:
        HybridBatchError: the file is missing or breaks its schema, or does not rank a query.
    """
    check_file(file, RANKINGS)
    wanted = pl.col("query_id").is_in(list(query_ids))
    columns = ["query_id", "rank", "passage_id", "score"]
    rows = pl.concat([piece.filter(wanted) for piece in frames([file], columns)])
    rows = rows.sort("query_id", "rank")
    lists: dict[str, list[dict[str, Any]]] = {query_id: [] for query_id in query_ids}
    for row in rows.iter_rows(named=True):
        lists[row["query_id"]].append(row)
    for query_id, found in lists.items():
        if not found:
            raise HybridBatchError(f"{file}: does not rank query {query_id!r}; rank it again")
    return lists


def _by_run(runs: Sequence[str], folders: Sequence[Path], option: str) -> dict[str, Path]:
    if len(folders) != len(runs):
        raise HybridBatchError(
            f"{option}: {len(folders)} folders for {len(runs)} runs; give one for each, in order"
        )
    return dict(zip(runs, folders, strict=True))


def _rows(table: pa.Table, column: str, values: Iterable[str]) -> list[dict[str, Any]]:
    frame = pl.DataFrame(pl.from_arrow(table))
    return frame.filter(pl.col(column).is_in(sorted(values))).to_dicts()


def _change(query: Query) -> float:
    return query.change or 0.0


def _digest(seed: int, query_id: str) -> str:
    return hashlib.sha256(f"{seed}:{query_id}".encode()).hexdigest()
