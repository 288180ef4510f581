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
from hybridbatch.common.tables import check_table, table_from_rows, write_table
from hybridbatch.data.readers.layouts import TABLES, Layout, SetFiles, find_layout
from hybridbatch.data.readers.ownsets import read_own_set
from hybridbatch.data.readers.problems import Origin, Problems
from hybridbatch.data.readers.reading import AS_IT_IS, Reading
from hybridbatch.data.readers.retrievalsets import read_sets, read_topics_alone
from hybridbatch.data.sources.lareqa import LareqaFile, read_files
from hybridbatch.data.sources.miracl import query_files, read_qrels, read_topics
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


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a benchmark is made from. Without shards, later stages hold its passages in memory.

    Attributes:
        name: the benchmark's name.
        kind: a data set, or parquet for own data.
        reader: MODULE:NAME that reads the data set (see `registry.reference`); empty for own data.
        code: the hash of that module, because it is loaded by name.
        extensions: the files that add data sets.
        reading: how the user's own data are read.
        sharded: whether the stage `corpus` writes the passages.
        most_passages: more passages without shards are refused.
    """

    name: str
    kind: str
    reader: str = ""
    code: str = ""
    extensions: tuple[Extension, ...] = ()
    reading: Reading = AS_IT_IS
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
        "passages (unless sharded) and qrels, in this order, or one path of another format",
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
        benchmark = _own(options, inputs)
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
    found = Problems()
    queries, qrels = _frame(benchmark.queries), _frame(benchmark.qrels)
    passages = None if benchmark.passages is None else _frame(benchmark.passages)
    note_queries(queries, origin=Origin(origins.queries), found=found)
    if passages is not None:
        note_passages(passages, origin=Origin(origins.passages), found=found)
    note_judgements(qrels, queries, passages, origin=Origin(origins.qrels), found=found)
    note_unanswered(queries, qrels, origin=Origin(origins.queries), found=found)
    found.raise_any()
    check_table(benchmark.queries, QUERIES, origin=origins.queries)
    check_table(benchmark.qrels, QRELS, origin=origins.qrels)
    if benchmark.passages is not None:
        check_table(benchmark.passages, PASSAGES, origin=origins.passages)


def write_benchmark(benchmark: Benchmark, folder: Path) -> None:
    """Write queries.parquet, passages.parquet and qrels.parquet, each whole or not at all."""
    write_table(benchmark.queries, folder / "queries.parquet", QUERIES)
    if benchmark.passages is not None:
        write_table(benchmark.passages, folder / "passages.parquet", PASSAGES)
    write_table(benchmark.qrels, folder / "qrels.parquet", QRELS)


def _own(options: Options, inputs: Sequence[Path]) -> Benchmark:
    """The user's own benchmark: the files of the three tables, or one path of another format."""
    reading = options.reading
    if len(inputs) == 1 and options.sharded:
        layout = find_layout(inputs[0], format=reading.format, split=reading.split)
        queries, qrels = read_topics_alone(layout, reading)
        return Benchmark(queries, None, qrels)
    if len(inputs) == 1:
        found = read_own_set(inputs[0], reading=reading)
        return Benchmark(found.queries, found.passages, found.qrels)
    names = [f"{name}.parquet" for name in TABLES if not (options.sharded and name == "passages")]
    if len(inputs) != len(names):
        raise HybridBatchError(
            f"--input: benchmark {options.name} needs {', '.join(names)}, in this order, or one "
            f"path; {len(inputs)} files given"
        )
    first, *between, last = ((path,) for path in inputs)
    files = SetFiles(first, between[0] if between else (), last)
    layout = Layout("tables", sets=(files,))
    if options.sharded:
        queries, qrels = read_topics_alone(layout, reading)
        return Benchmark(queries, None, qrels)
    found = read_sets(layout, reading, origin=str(inputs[0].parent))
    return Benchmark(found.queries, found.passages, found.qrels)


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
