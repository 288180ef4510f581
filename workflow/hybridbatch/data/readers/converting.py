"""Pairs as a retrieval set, and a retrieval set as pairs."""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from hybridbatch.schemas.pairs import PAIRS
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES


@dataclass(frozen=True)
class RetrievalSet:
    """Tables of the schemas QUERIES, PASSAGES and QRELS."""

    queries: pa.Table
    passages: pa.Table
    qrels: pa.Table


def set_of_pairs(table: pa.Table) -> RetrievalSet:
    """A retrieval set from checked pairs (the schema PAIRS).

    Rows of a `question_group` that ask the same in a language are one query. Equal passages of a
    language are one passage. Relevant to a query are the passages of its question group in every
    language. Titles are empty. An id is the item_id of the first row, with the language before it.
    """
    pairs = _frame(table).with_row_index("row")
    pairs = pairs.with_columns(pl.col("item_id").str.replace_all(r"\s", "_").alias("id"))
    pairs = pairs.with_columns(id=pl.col("language") + ":" + pl.col("id"))
    queries = pairs.unique(["question_group", "language", "question"], keep="first")
    queries = queries.sort("row").with_columns(
        # Translations of a question, which one group holds, share the item of its first row.
        item=pl.col("item_id").sort_by("row").first().over("question_group"),
    )
    passages = pairs.unique(["language", "passage"], keep="first").sort("row")
    passage_ids = passages.select("language", "passage", passage_id="id")
    relevant = pairs.join(passage_ids, on=["language", "passage"]).select(
        "question_group", "passage_id"
    )
    qrels = (
        queries.select("question_group", query_id="id")
        .join(relevant.unique(), on="question_group")
        .select("query_id", "passage_id", relevance=pl.lit(1, pl.Int32))
        .sort("query_id", "passage_id")
    )
    asked = queries.select(query_id="id", item_id="item", language="language", text="question")
    read = passages.select(passage_id="id", language="language", title=pl.lit(""), text="passage")
    return RetrievalSet(
        asked.to_arrow().cast(QUERIES.arrow),
        read.to_arrow().cast(PASSAGES.arrow),
        qrels.to_arrow().cast(QRELS.arrow),
    )


def pairs_of_set(given: RetrievalSet, *, source: str) -> pa.Table:
    """Pairs (the schema PAIRS) from a checked retrieval set: a row for each relevant judgement.

    The passage is the title and the text. If a query has several relevant passages in its language,
    each is an item of its own, all of one question group. Judgements across languages are left out.
    """
    queries, passages, qrels = (_frame(t) for t in (given.queries, given.passages, given.qrels))
    text = pl.concat_str(["title", "text"], separator=" ").str.strip_chars()
    joined = (
        qrels.filter(pl.col("relevance") > 0)
        .join(queries.rename({"text": "question"}), on="query_id")
        .join(
            passages.select("passage_id", "language", passage=text), on=["passage_id", "language"]
        )
        .sort("query_id", "passage_id")
        .with_columns(number=pl.int_range(pl.len()).over("query_id"))
    )
    several = joined["number"].max()
    item = pl.col("item_id")
    if several:
        item = (
            pl.when(pl.col("number") == 0)
            .then(item)
            .otherwise(pl.col("item_id") + "+" + pl.col("number").cast(pl.String))
        )
    rows = joined.select(
        item_id=item,
        question_group="item_id",
        passage_group=item,
        language="language",
        question="question",
        passage="passage",
        source=pl.lit(source),
        split=pl.lit("train"),
        hard_negatives=pl.lit([], dtype=pl.List(pl.String)),
    )
    return rows.to_arrow().cast(PAIRS.arrow)


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
