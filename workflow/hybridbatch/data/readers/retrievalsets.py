"""Queries, passages and judgements from folders: BEIR, mteb, TREC, or three tables."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers import trecfiles
from hybridbatch.data.readers.converting import RetrievalSet
from hybridbatch.data.readers.ids import known_language, prefixed
from hybridbatch.data.readers.layouts import SEPARATED, Layout, SetFiles
from hybridbatch.data.readers.passages import passage_fields
from hybridbatch.data.readers.problems import Origin, Problems, joined_origin
from hybridbatch.data.readers.reading import Reading
from hybridbatch.data.readers.rows import Rows
from hybridbatch.data.readers.tabular import Field, constant, read_rows, to_schema
from hybridbatch.data.readers.textlines import ending
from hybridbatch.data.sources.rowchecks import require
from hybridbatch.data.sources.setchecks import (
    note_judgements,
    note_passages,
    note_queries,
    note_unanswered,
)
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.schema import Schema

logger = logging.getLogger(__name__)
_QUERY = ("_id", "id", "query-id", "qid", "docid")
_READERS: dict[str, Callable[[Path, Problems], Rows]] = {
    "queries": trecfiles.read_topics,
    "passages": trecfiles.read_collection,
    "qrels": trecfiles.read_judgements,
}


@dataclass(frozen=True)
class _Table:
    """A table of a set, with the places of its rows."""

    frame: pl.DataFrame
    origin: Origin


def read_sets(layout: Layout, reading: Reading, *, origin: str) -> RetrievalSet:
    """The checked retrieval set of a layout, all languages together, ids with their language.

    Formats but the three tables hold queries of other splits too, or that nothing was found for:
    their queries without a relevant passage are left out and counted in the log.

    Raises:
        HybridBatchError: the data are damaged or break a rule; all of it at once.
    """
    found = Problems()
    parts = [_read_set(files, layout.format, reading, found) for files in layout.sets]
    found.raise_any()
    whole = [pl.concat(tables) for tables in zip(*parts, strict=True)]
    if len(parts) > 1:
        named = [Origin(f"{origin} ({name})") for name in ("queries", "passages", "qrels")]
        note_queries(whole[0], origin=named[0], found=found)
        note_passages(whole[1], origin=named[1], found=found)
        found.raise_any()
    schemas = (QUERIES, PASSAGES, QRELS)
    return RetrievalSet(
        *[frame.to_arrow().cast(s.arrow) for frame, s in zip(whole, schemas, strict=True)]
    )


def read_topics_alone(layout: Layout, reading: Reading) -> tuple[pa.Table, pa.Table]:
    """The checked queries and judgements of sets whose passages are read elsewhere, in shards.

    Raises:
        HybridBatchError: the data are damaged or break a rule; all of it at once.
    """
    found = Problems()
    alone = [replace(files, passages=()) for files in layout.sets]
    parts = [_read_set(files, layout.format, reading, found) for files in alone]
    found.raise_any()
    queries, _, qrels = zip(*parts, strict=True)
    return pl.concat(queries).to_arrow().cast(QUERIES.arrow), pl.concat(qrels).to_arrow().cast(
        QRELS.arrow
    )


def _read_set(
    files: SetFiles, format: str, reading: Reading, found: Problems
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    language = reading.language or known_language(files.language)
    read = _Reader(format, language, reading, found, named=files.language)
    queries = read.table("queries", files.queries, QUERIES)
    passages = read.table("passages", files.passages, PASSAGES) if files.passages else None
    qrels = read.table("qrels", files.qrels, QRELS)
    asked, ids = prefixed(queries.frame, "query_id")
    asked = asked.with_columns(item_id=pl.coalesce("item_id", "query_id"))
    judged = _resolved(qrels.frame, "query_id", ids, origin=qrels.origin, found=found)
    there = None
    if passages is not None:
        there, ids = prefixed(passages.frame, "passage_id")
        judged = _resolved(judged, "passage_id", ids, origin=qrels.origin, found=found)
    elif language:
        judged, _ = prefixed(judged.with_columns(language=pl.lit(language)), "passage_id")
        judged = judged.drop("language")
    if read.whole:
        note_queries(asked, origin=queries.origin, found=found)
        if passages is not None and there is not None:
            note_passages(there, origin=passages.origin, found=found)
        note_judgements(judged, asked, there, origin=qrels.origin, found=found)
        if format == "tables":
            note_unanswered(asked, judged, origin=queries.origin, found=found)
    if not found and format != "tables":
        asked, judged = _answered(asked, judged, origin=queries.origin)
    return asked, pl.DataFrame() if there is None else there, judged


class _Reader:
    """Reads the tables of one set."""

    def __init__(
        self, format: str, language: str, reading: Reading, found: Problems, *, named: str
    ) -> None:
        self._format, self._language, self._reading = format, language, reading
        self._found, self._named = found, named
        self.whole = True

    def table(self, name: str, files: Sequence[Path], schema: Schema) -> _Table:
        """One table from its files; a file that cannot be read is noted, and clears `whole`."""
        frames: list[pl.DataFrame] = []
        parts: list[tuple[int, Origin]] = []
        fields = _FIELDS[name](self._language, self._format)
        for file in files:
            try:
                frame, origin = self._file(name, file, schema, fields)
            except HybridBatchError as error:
                self._found.add_error(error)
                self.whole = False
                continue
            parts.append((sum(f.height for f in frames), origin))
            frames.append(frame)
        if not any(frame.height for frame in frames):
            if self.whole and not self._found:
                self._found.add(f"{files[0]}: {_no_rows(files[0])}")
            self.whole = False
            return _Table(_frame(schema.arrow.empty_table()), Origin(str(files[0])))
        return _Table(pl.concat(frames), joined_origin(parts))

    def _file(
        self, name: str, file: Path, schema: Schema, fields: Sequence[Field]
    ) -> tuple[pl.DataFrame, Origin]:
        rows = (_READERS[name] if self._format == "trec" else read_rows)(file, self._found)
        own = self._reading.of_table(name)
        stated = own.names.get("language", "language") in rows.columns
        if name != "qrels" and not self._language and not stated and rows.count:
            unknown = f" ({self._named!r} is none that is known)" if self._named else ""
            raise HybridBatchError(
                f"{file}: no language{unknown}; set `language`, or put each language into a folder "
                f"named by it, such as de"
            )
        loose = self._format != "tables"
        table = to_schema(rows, schema, fields, reading=own, found=self._found, loose=loose)
        return _frame(table), rows.origin


def _no_rows(path: Path) -> str:
    """Why a file has no rows: in a table of texts, the first line may have been the only row."""
    if ending(path) in SEPARATED:
        return "no rows below the first line, which names the columns; it should hold at least one"
    return "no rows; it should hold at least one"


def _query_fields(language: str, format: str) -> tuple[Field, ...]:
    strict = format == "tables"
    text = ("query", "question", *(("title",) if format == "trec" else ()))
    return (
        Field("language", default=constant(language) if language else None),
        Field("query_id", () if strict else _QUERY, number=True),
        Field("item_id", number=True, default=_nulls),
        Field("text", () if strict else text),
    )


def _qrel_fields(_: str, format: str) -> tuple[Field, ...]:
    strict = format == "tables"
    return (
        Field("query_id", () if strict else ("query-id", "qid"), number=True),
        Field("passage_id", () if strict else ("corpus-id", "doc-id", "docid", "pid"), number=True),
        Field("relevance", () if strict else ("score", "label", "rel")),
    )


_FIELDS = {"queries": _query_fields, "passages": passage_fields, "qrels": _qrel_fields}


def _nulls(_: Mapping[str, pa.ChunkedArray], count: int) -> pa.Array:
    return pa.nulls(count, pa.string())


def _resolved(
    qrels: pl.DataFrame, column: str, ids: pl.DataFrame, *, origin: Origin, found: Problems
) -> pl.DataFrame:
    """The judgements with the ids that `_prefixed` gave; an id of several languages is noted."""
    meant = ids.group_by("given").agg(pl.col("id").min(), number=pl.len())
    joined = qrels.join(
        meant, left_on=column, right_on="given", how="left", maintain_order="left"
    ).with_columns(whole=pl.col(column).is_in(ids["id"].implode()))
    problem = (
        f"`{column}` {{{column}!r}} is an id in several languages; write the language before it, "
        f"as in {{id!r}}"
    )
    one = pl.col("whole") | pl.col("number").is_null() | (pl.col("number") == 1)
    require(joined, one, problem, origin=origin, found=found)
    kept = pl.col("whole") | pl.col("id").is_null()
    resolved = pl.when(kept).then(pl.col(column)).otherwise(pl.col("id"))
    return joined.with_columns(resolved.alias(column)).select(qrels.columns)


def _answered(
    queries: pl.DataFrame, qrels: pl.DataFrame, *, origin: Origin
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The queries with a relevant passage, and their judgements.

    Raises:
        HybridBatchError: no query has one.
    """
    relevant = qrels.filter(pl.col("relevance") > 0)["query_id"].implode()
    kept = queries.filter(pl.col("query_id").is_in(relevant))
    if kept.is_empty():
        raise HybridBatchError(f"{origin.name}: no query has a relevant passage in the judgements")
    if left := queries.height - kept.height:
        logger.info("%s: %d queries without a relevant passage left out", origin.name, left)
    judged = qrels.filter(pl.col("query_id").is_in(kept["query_id"].implode()))
    if left := qrels.height - judged.height:
        logger.info("%s: their %d judgements left out", origin.name, left)
    return kept, judged


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
