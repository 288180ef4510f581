"""Command `import`: the user's own data, of any format, as the project's tables.

The workflow reads the same formats behind `path:`. This command shows what was understood, and
keeps the result where the data come from the hub or are read often.
"""

import argparse
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import canonical, refusal
from hybridbatch.common.tables import write_table
from hybridbatch.data.readers import hub
from hybridbatch.data.readers.columnnames import unknown_column
from hybridbatch.data.readers.converting import RetrievalSet
from hybridbatch.data.readers.layouts import find_layout
from hybridbatch.data.readers.ownsets import read_own_set
from hybridbatch.data.readers.pairtables import read_own_pairs
from hybridbatch.data.readers.reading import FORMATS, Reading
from hybridbatch.data.sources.pairchecks import check_pairs
from hybridbatch.data.sources.setchecks import crosses_languages
from hybridbatch.schemas.pairs import PAIRS
from hybridbatch.schemas.passages import PASSAGES
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES
from hybridbatch.schemas.schema import Schema

_LONG = 100  # characters of a text that are shown
logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the data are, where they go, and how they are read."""
    parser.add_argument(
        "source", help="file or folder, or hf://org/name@COMMIT for data files of the hub"
    )
    parser.add_argument(
        "destination", nargs="?", type=Path, help="FILE.parquet for training pairs, or a folder "
        "for a benchmark; not needed with --dry-run",
    )  # fmt: skip
    parser.add_argument(
        "--kind", choices=FORMATS, default="", help="the format of the source; by default the "
        "names of its files tell (config/README.md lists the formats)",
    )  # fmt: skip
    parser.add_argument(
        "--columns", nargs="+", default=[], metavar="NAME=COLUMN", help="columns that the source "
        "calls otherwise, such as question=query; of a retrieval set queries.text=query",
    )  # fmt: skip
    parser.add_argument("--language", default="", help="of all rows, if the source does not tell")
    parser.add_argument(
        "--split", default="", help="the judgements or the saved dataset to read, such as dev"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what was understood, and write nothing"
    )


def run(args: argparse.Namespace) -> None:
    """Read the source, show what was understood, and write it."""
    reading = _reading(args)
    destination: Path | None = args.destination
    if destination is None and not args.dry_run:
        raise HybridBatchError(
            "DESTINATION is missing; give FILE.parquet for pairs or a folder for a benchmark, or "
            "--dry-run"
        )
    if destination is not None and destination.exists() and not args.dry_run:
        raise HybridBatchError(f"{destination}: exists; remove it or choose another destination")
    with _local(args.source) as path:
        as_pairs = _as_pairs(path, destination, reading)
        if as_pairs:
            name = destination.stem if destination is not None else path.name.partition(".")[0]
            table = read_own_pairs(path, source=name, reading=reading)
            check_pairs(table, origin=str(path))
        else:
            found = read_own_set(path, reading=reading)
    lines = _shown_pairs(table) if as_pairs else _shown_set(found)
    print("\n".join(lines))
    if args.dry_run or destination is None:
        print("nothing is written (--dry-run)")
        return
    if as_pairs:
        write_table(table, destination, PAIRS)
    else:
        _write_set(found, destination)
    key = "sources" if as_pairs else "benchmarks"
    print(f"{destination}: written; name it in a config, {key}: [{{name: …, path: {destination}}}]")


def _reading(args: argparse.Namespace) -> Reading:
    columns = []
    for text in args.columns:
        name, sign, column = text.partition("=")
        if not sign or not column:
            raise HybridBatchError(f"--columns: {text!r}; write NAME=COLUMN, as question=query")
        columns.append((name, column))
    if problem := unknown_column([name for name, _ in columns]):
        raise HybridBatchError(f"--columns: {problem}")
    language = args.language
    if language and canonical(language) is None:
        raise HybridBatchError(f"--language: {refusal(language)}")
    code = canonical(language) or ""
    return Reading(format=args.kind, columns=tuple(columns), language=code, split=args.split)


@contextmanager
def _local(source: str) -> Iterator[Path]:
    if source.startswith(hub.PREFIX):
        with hub.downloaded(source) as folder:
            yield folder
        return
    path = Path(source).expanduser()
    if not path.exists() and "@" in path.name:
        raise HybridBatchError(
            f"{source}: no such file or folder; for a data set of the hub write hf://{source}"
        )
    yield path


def _as_pairs(path: Path, destination: Path | None, reading: Reading) -> bool:
    """Whether pairs are meant: by the destination, or by the format where there is none."""
    if destination is not None:
        return destination.suffix == ".parquet"
    return not find_layout(path, format=reading.format, split=reading.split).sets


def _write_set(found: RetrievalSet, folder: Path) -> None:
    with atomic_folder(folder) as temporary:
        for table, schema in _tables(found):
            write_table(table, temporary / f"{schema.name}.parquet", schema)


def _tables(found: RetrievalSet) -> Sequence[tuple[pa.Table, Schema]]:
    return ((found.queries, QUERIES), (found.passages, PASSAGES), (found.qrels, QRELS))


def _shown_pairs(table: pa.Table) -> Iterator[str]:
    frame = pl.DataFrame(table)
    yield f"pairs: {frame.height:,} rows, {frame['item_id'].n_unique():,} items"
    for language, rows in _counts(frame):
        yield f"  {language}: {rows:,} pairs"
    yield from _example("first pair", frame, "item_id", "language", "question", "passage")


def _shown_set(found: RetrievalSet) -> Iterator[str]:
    queries, passages, qrels = (pl.DataFrame(table) for table, _ in _tables(found))
    yield (
        f"benchmark: {queries.height:,} queries, {passages.height:,} passages, "
        f"{qrels.height:,} judgements"
    )
    asked = dict(_counts(queries))
    for language, rows in _counts(passages):
        yield f"  {language}: {asked.pop(language, 0):,} queries, {rows:,} passages"
    for language, rows in asked.items():
        yield f"  {language}: {rows:,} queries, no passages"
    if queries["language"].n_unique() > 1 and not crosses_languages(qrels):
        yield "  no query has a relevant passage in another language: pairs of languages and the"
        yield "  language bias cannot be measured; config/README.md says how translations are used"
    yield from _example("first query", queries, "query_id", "item_id", "text")
    relevant = qrels.filter(
        (pl.col("query_id") == queries["query_id"][0]) & (pl.col("relevance") > 0)
    )
    first = passages.filter(pl.col("passage_id") == relevant["passage_id"][0])
    yield from _example("a relevant passage", first, "passage_id", "title", "text")


def _counts(frame: pl.DataFrame) -> list[tuple[str, int]]:
    return frame.group_by("language").len().sort("language").rows()


def _example(title: str, frame: pl.DataFrame, *columns: str) -> Iterator[str]:
    yield f"{title}:"
    for name in columns:
        text = " ".join(str(frame[name][0]).split())
        yield f"  {name}: {text if len(text) <= _LONG else text[:_LONG] + '…'}"
