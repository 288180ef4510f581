"""Stage `benchmarks`: queries, passages and qrels of a benchmark as Parquet.

Every benchmark, built in or the user's own, passes the same checks and is written sorted by id. For
a sharded benchmark, this stage writes queries and qrels, and the stage `corpus` its passages.
"""

import argparse
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.registry import Extension, loaded
from hybridbatch.common.tables import check_table, read_table, table_from_rows, write_table
from hybridbatch.data.sources.codes import with_one_code
from hybridbatch.data.sources.lareqa import LareqaFile, read_files
from hybridbatch.data.sources.miracl import query_files, read_qrels, read_topics
from hybridbatch.data.sources.rowchecks import check_ids, require, require_rows, require_text
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.schema import Schema

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The benchmark's name, and the kind of its input: a data set or parquet.

    `reader`, `code` and `extensions` name the reader of the data set (see `registry.reference`).
    With `sharded`, the stage `corpus` writes the passages. Without it, more than `most_passages`
    passages are refused, because later stages hold them in memory.
    """

    name: str
    kind: str
    reader: str = ""
    code: str = ""
    extensions: tuple[Extension, ...] = ()
    sharded: bool = False
    most_passages: int | None


@dataclass(frozen=True)
class Benchmark:
    """The tables of a benchmark, of the schemas QUERIES, PASSAGES and QRELS.

    The passages are None if the benchmark is sharded.
    """

    queries: pa.Table
    passages: pa.Table | None
    qrels: pa.Table


@dataclass(frozen=True)
class Origins:
    """The names of the tables in error messages."""

    queries: str
    passages: str
    qrels: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hybridbatch benchmarks`."""
    parser.add_argument(
        "--input",
        type=Path,
        nargs="*",
        default=[],
        help="{language}.json files, MIRACL's topics and qrels, or for kind parquet: queries, "
        "passages (unless sharded) and qrels, in this order",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the three tables")


def run(args: argparse.Namespace) -> None:
    """Build the benchmark that the options name."""
    options = options_from_json(Options, args.options)
    write_benchmark(build_benchmark(options, args.input), args.output)


def build_benchmark(options: Options, inputs: Sequence[Path]) -> Benchmark:
    """The checked tables of a benchmark, sorted by id.

    Raises:
        HybridBatchError: the kind is unknown, or an input is missing or breaks its format.
    """
    origins = Origins(*[f"{options.name} ({table})" for table in ("queries", "passages", "qrels")])
    if options.kind == "parquet":
        benchmark, origins = _from_parquet(options, inputs)
    else:
        if not options.reader:
            raise HybridBatchError(
                f"--options: kind is {options.kind!r}; use parquet or a data set of the catalog"
            )
        benchmark = loaded(options.reader, options.extensions)(inputs)
    check_benchmark(benchmark, origins)
    _check_size(benchmark, options)
    _log_counts(options.name, benchmark)
    return _sorted(benchmark)


def from_lareqa(files: Sequence[LareqaFile]) -> Benchmark:
    """Queries and candidate sentences of all languages; titles are empty.

    The relevant passages of a query are the answering sentences of every language that has the
    question. A candidate has no title, as in the paper: a title would help to find it.
    """
    answers: dict[str, list[str]] = defaultdict(list)
    for file in files:
        for question in file.questions:
            passage_id = f"{file.language}:{question.answer.original_id}"
            answers[question.question_id].append(passage_id)
    queries = [
        {
            "query_id": f"{file.language}:{question.question_id}",
            "item_id": question.question_id,
            "language": file.language,
            "text": question.text,
        }
        for file in files
        for question in file.questions
    ]
    passages = [
        {
            "passage_id": f"{file.language}:{sentence.original_id}",
            "language": file.language,
            "title": "",
            "text": sentence.text,
        }
        for file in files
        for sentence in file.sentences
    ]
    qrels = [
        {"query_id": query["query_id"], "passage_id": passage_id, "relevance": 1}
        for query in queries
        for passage_id in answers[query["item_id"]]
    ]
    return Benchmark(
        queries=table_from_rows(queries, QUERIES),
        passages=table_from_rows(passages, PASSAGES),
        qrels=table_from_rows(qrels, QRELS),
    )


def from_miracl(paths: Sequence[Path]) -> Benchmark:
    """Queries and judgements of all languages in the files."""
    files = query_files(paths)
    queries = [row for code, (topics, _) in files.items() for row in read_topics(topics, code)]
    qrels = [row for code, (_, judged) in files.items() for row in read_qrels(judged, code)]
    return Benchmark(
        queries=table_from_rows(queries, QUERIES),
        passages=None,
        qrels=table_from_rows(qrels, QRELS),
    )


def check_benchmark(benchmark: Benchmark, origins: Origins) -> None:
    """Check the schemas, and what the schemas cannot express.

    Ids begin with the language of their row and hold no white space (TREC files separate by it);
    qrels name existing ids; every query has a relevant passage.

    Raises:
        HybridBatchError: names the file and the row or key.
    """
    check_table(benchmark.queries, QUERIES, origin=origins.queries)
    check_table(benchmark.qrels, QRELS, origin=origins.qrels)
    queries, qrels = _frame(benchmark.queries), _frame(benchmark.qrels)
    require_rows(queries, origin=origins.queries)
    require_text(queries, "text", "item_id", origin=origins.queries)
    check_ids(queries, "query_id", origin=origins.queries)
    if benchmark.passages is not None:
        check_table(benchmark.passages, PASSAGES, origin=origins.passages)
        passages = _frame(benchmark.passages)
        require_rows(passages, origin=origins.passages)
        require_text(passages, "text", origin=origins.passages)
        check_ids(passages, "passage_id", origin=origins.passages)
        _check_known(qrels, "passage_id", passages, origin=origins.qrels)
    _check_judgements(qrels, queries, origins)


def write_benchmark(benchmark: Benchmark, folder: Path) -> None:
    """Write queries.parquet, passages.parquet and qrels.parquet, each whole or not at all."""
    write_table(benchmark.queries, folder / "queries.parquet", QUERIES)
    if benchmark.passages is not None:
        write_table(benchmark.passages, folder / "passages.parquet", PASSAGES)
    write_table(benchmark.qrels, folder / "qrels.parquet", QRELS)


def _from_parquet(options: Options, inputs: Sequence[Path]) -> tuple[Benchmark, Origins]:
    names = ["queries.parquet", "passages.parquet", "qrels.parquet"]
    if options.sharded:
        names.remove("passages.parquet")
    if len(inputs) != len(names):
        raise HybridBatchError(
            f"--input: benchmark {options.name} needs {', '.join(names)}, in this order; "
            f"{len(inputs)} files given"
        )
    queries, qrels = inputs[0], inputs[-1]
    benchmark = Benchmark(
        queries=_read(queries, QUERIES, ids=("query_id",)),
        passages=None if options.sharded else _read(inputs[1], PASSAGES, ids=("passage_id",)),
        qrels=_read(qrels, QRELS, ids=("query_id", "passage_id")),
    )
    return benchmark, Origins(str(queries), str(inputs[1]), str(qrels))


def _read(path: Path, schema: Schema, *, ids: Sequence[str]) -> pa.Table:
    """A file of the user's, with one code for each language."""
    return with_one_code(read_table(path, schema, given=True), ids=ids, origin=str(path))


def _check_known(qrels: pl.DataFrame, column: str, table: pl.DataFrame, *, origin: str) -> None:
    known = pl.col(column).is_in(table[column].implode())
    problem = f"`{column}` {{{column}!r}} is not among the {column.split('_')[0]} ids; "
    require(qrels, known, problem + "add it there or drop the row", origin=origin)


def _check_judgements(qrels: pl.DataFrame, queries: pl.DataFrame, origins: Origins) -> None:
    _check_known(qrels, "query_id", queries, origin=origins.qrels)
    problem = "`relevance` is {relevance}; use 0 for not relevant and 1 or more for relevant"
    require(qrels, pl.col("relevance") >= 0, problem, origin=origins.qrels)
    relevant = qrels.filter(pl.col("relevance") > 0)["query_id"]
    problem = "query {query_id!r} has no relevant passage in the qrels; add one or drop the query"
    rule = pl.col("query_id").is_in(relevant.implode())
    require(queries, rule, problem, origin=origins.queries)


def _check_size(benchmark: Benchmark, options: Options) -> None:
    most, passages = options.most_passages, benchmark.passages
    if most is not None and passages is not None and passages.num_rows > most:
        raise HybridBatchError(
            f"benchmark {options.name}: {passages.num_rows:,} passages, more than "
            f"retrieval.full_ranks_up_to ({most:,}); set `sharded: true` on it, which cuts its "
            f"metrics at retrieval.top_k, or raise full_ranks_up_to if there is enough memory"
        )


def _sorted(benchmark: Benchmark) -> Benchmark:
    def by(table: pa.Table, schema: Schema) -> pa.Table:
        order = [(column, "ascending") for column in schema.key]
        return table.select(list(schema.columns)).cast(schema.arrow).sort_by(order)

    return Benchmark(
        queries=by(benchmark.queries, QUERIES),
        passages=None if benchmark.passages is None else by(benchmark.passages, PASSAGES),
        qrels=by(benchmark.qrels, QRELS),
    )


def _log_counts(name: str, benchmark: Benchmark) -> None:
    queries = _frame(benchmark.queries).group_by("language").len()
    if benchmark.passages is None:
        for language, count in queries.sort("language").iter_rows():
            logger.info("%s %s: %d queries", name, language, count)
        return
    passages = _frame(benchmark.passages).group_by("language").len()
    for language, candidates, count in (
        passages.join(queries, on="language", how="left").sort("language").iter_rows()
    ):
        logger.info("%s %s: %d queries, %d passages", name, language, count or 0, candidates)


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def read_lareqa(inputs: Sequence[Path]) -> Benchmark:
    """The benchmark in files {language}.json (see `from_lareqa`)."""
    return from_lareqa(read_files(inputs))


def from_cldr(_: Sequence[Path]) -> Benchmark:
    """The generated benchmark."""
    from hybridbatch.data.sources.cldr.generate import benchmark_rows

    queries, passages, qrels = benchmark_rows()
    return Benchmark(
        queries=table_from_rows(queries, QUERIES),
        passages=table_from_rows(passages, PASSAGES),
        qrels=table_from_rows(qrels, QRELS),
    )
