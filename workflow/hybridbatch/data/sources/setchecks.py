"""Checks of queries, passages and qrels that their schemas cannot express."""

import polars as pl

from hybridbatch.data.readers.problems import Origin, Problems
from hybridbatch.data.sources.rowchecks import (
    check_ids,
    require,
    require_rows,
    require_text,
    require_unique,
)


def note_queries(queries: pl.DataFrame, *, origin: Origin, found: Problems) -> None:
    """Note blank texts and wrong or repeated ids."""
    require_rows(queries, origin=origin.name)
    require_text(queries, "text", "item_id", origin=origin, found=found)
    check_ids(queries, "query_id", origin=origin, found=found)
    require_unique(queries, "query_id", origin=origin, found=found)


def note_passages(passages: pl.DataFrame, *, origin: Origin, found: Problems) -> None:
    """Note passages with neither title nor text, and wrong or repeated ids."""
    require_rows(passages, origin=origin.name)
    note_passage_texts(passages, origin=origin, found=found)
    check_ids(passages, "passage_id", origin=origin, found=found)
    require_unique(passages, "passage_id", origin=origin, found=found)


def note_passage_texts(passages: pl.DataFrame, *, origin: Origin, found: Problems) -> None:
    """Note passages with neither title nor text; one of the two is enough."""
    filled = [pl.col(name).str.strip_chars() != "" for name in ("text", "title")]
    problem = "`text` is blank and so is `title`; give it a text or drop the row"
    require(passages, filled[0] | filled[1], problem, origin=origin, found=found)


def note_judgements(
    qrels: pl.DataFrame,
    queries: pl.DataFrame,
    passages: pl.DataFrame | None,
    *,
    origin: Origin,
    found: Problems,
) -> None:
    """Note judgements of unknown ids, repeated ones, and relevance below 0.

    Without passages, as for a sharded benchmark, their ids are checked later.
    """
    require_unique(qrels, "query_id", "passage_id", origin=origin, found=found)
    if passages is not None:
        _note_known(qrels, "passage_id", passages, origin=origin, found=found)
    _note_known(qrels, "query_id", queries, origin=origin, found=found)
    problem = "`relevance` is {relevance}; use 0 for not relevant and 1 or more for relevant"
    require(qrels, pl.col("relevance") >= 0, problem, origin=origin, found=found)


def note_unanswered(
    queries: pl.DataFrame, qrels: pl.DataFrame, *, origin: Origin, found: Problems
) -> None:
    """Note queries without a relevant passage."""
    relevant = qrels.filter(pl.col("relevance") > 0)["query_id"]
    problem = "query {query_id!r} has no relevant passage in the qrels; add one or drop the query"
    rule = pl.col("query_id").is_in(relevant.implode())
    require(queries, rule, problem, origin=origin, found=found)


def crosses_languages(qrels: pl.DataFrame) -> bool:
    """Whether a query has a relevant passage in another language, by the ids of checked tables."""
    code = "^([^:]*):"
    query, passage = (pl.col(f"{each}_id").str.extract(code) for each in ("query", "passage"))
    return not qrels.filter((pl.col("relevance") > 0) & (query != passage)).is_empty()


def _note_known(
    qrels: pl.DataFrame, column: str, table: pl.DataFrame, *, origin: Origin, found: Problems
) -> None:
    known = pl.col(column).is_in(table[column].drop_nulls().implode())
    problem = (
        f"`{column}` {{{column}!r}} is not among the {column.split('_')[0]} ids; "
        f"add it there or drop the row"
    )
    require(qrels, known, problem, origin=origin, found=found)
