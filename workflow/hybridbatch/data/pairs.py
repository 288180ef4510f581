"""Stage `pairs`: a training source as parallel question-passage pairs in Parquet.

Every source, built in or the user's own, passes the same checks. Groups that share a text are
joined, and the rows are sorted by item and language.
"""

import argparse
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.registry import Extension, loaded
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.data.readers.pairtables import read_own_pairs
from hybridbatch.data.readers.reading import AS_IT_IS, Reading
from hybridbatch.data.sources import lareqa, ntrex, squad
from hybridbatch.data.sources.groups import with_joined_groups
from hybridbatch.data.sources.pairchecks import check_pairs
from hybridbatch.schemas.pairs import PAIRS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the pairs of a source are made from.

    Attributes:
        name: the source's name.
        kind: a data set, or parquet for own data.
        reader: MODULE:NAME that reads the data set (see `registry.reference`); empty for own data.
        code: the hash of that module, because it is loaded by name.
        extensions: the files that add data sets.
        reading: how the user's own data are read.
    """

    name: str
    kind: str
    reader: str = ""
    code: str = ""
    extensions: tuple[Extension, ...] = ()
    reading: Reading = AS_IT_IS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hybridbatch pairs`."""
    parser.add_argument(
        "--input",
        type=Path,
        nargs="*",
        default=[],
        help="the raw files of the source, or the user's own files of pairs",
    )
    parser.add_argument("--output", type=Path, required=True, help="the Parquet file of pairs")


def run(args: argparse.Namespace) -> None:
    """Build the pairs of the source that the options name."""
    options = options_from_json(Options, args.options)
    write_table(build_pairs(options, args.input), args.output, PAIRS)


def build_pairs(options: Options, inputs: Sequence[Path]) -> pa.Table:
    """The checked pairs of a source (the schema PAIRS), sorted by item_id and language.

    Raises:
        HybridBatchError: the kind is unknown, or an input is missing or breaks its format.
    """
    name, origin = options.name, f"{options.name} (pairs)"
    if options.kind == "parquet":
        table = _own_pairs(inputs, source=name, reading=options.reading)
        origin = ", ".join(map(str, inputs))
    else:
        if not options.reader:
            raise HybridBatchError(
                f"--options: kind is {options.kind!r}; use parquet or a data set of the catalog"
            )
        rows = loaded(options.reader, options.extensions)(inputs, source=name)
        table = table_from_rows(rows, PAIRS)
    check_pairs(table, origin=origin)
    table = with_joined_groups(table, label=name)
    _log_counts(name, table)
    return table.sort_by([("item_id", "ascending"), ("language", "ascending")])


def mlqa_rows(files: Iterable[lareqa.LareqaFile], *, source: str) -> list[dict[str, Any]]:
    """A row per question and language: the passage is the sentence that holds the answer.

    The id of the question is the id of the item and, until groups are joined, of its groups.
    """
    return [
        _row(question.question_id, file.language, question.text, question.answer.text, source)
        for file in files
        for question in file.questions
    ]


def ntrex_rows(files: ntrex.Ntrex, *, source: str) -> list[dict[str, Any]]:
    """A row per window and language (see `ntrex.windows`)."""
    return [
        _row(pair.item_id, pair.language, pair.question, pair.passage, source)
        for pair in ntrex.pairs(files)
    ]


def validation_rows(pairs: Iterable[squad.ParagraphPair], *, source: str) -> list[dict[str, Any]]:
    """An English row per question (see `squad`), marked as held out from training."""
    return [
        _row(pair.item_id, "en", pair.question, pair.passage, source) | {"split": "validation"}
        for pair in pairs
    ]


def _row(item_id: str, language: str, question: str, passage: str, source: str) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "question_group": item_id,
        "passage_group": item_id,
        "language": language,
        "question": question,
        "passage": passage,
        "source": source,
        "split": "train",
        "hard_negatives": [],
    }


def _own_pairs(inputs: Sequence[Path], *, source: str, reading: Reading) -> pa.Table:
    """The user's files, checked one by one, under the name that the config gives the source."""
    if not inputs:
        raise HybridBatchError(f"--input: source {source} needs a file of pairs")
    table = pa.concat_tables(
        [read_own_pairs(path, source=source, reading=reading) for path in inputs]
    )
    if pc.any(pc.not_equal(table["source"], source)).as_py():
        logger.info("%s: column `source` now holds the name that the config gives", source)
    index = table.schema.get_field_index("source")
    names = pa.repeat(pa.scalar(source), table.num_rows)
    return table.set_column(index, PAIRS.arrow.field("source"), names)


def read_mlqa(inputs: Sequence[Path], *, source: str) -> list[dict[str, Any]]:
    """The rows of MLQA-R's files."""
    return mlqa_rows(lareqa.read_files(inputs), source=source)


def read_ntrex(inputs: Sequence[Path], *, source: str) -> list[dict[str, Any]]:
    """The rows of NTREX-128's files."""
    return ntrex_rows(ntrex.read_files(inputs), source=source)


def read_squadshifts(inputs: Sequence[Path], *, source: str) -> list[dict[str, Any]]:
    """The rows of SQuADShifts' files."""
    return validation_rows(squad.read_files(inputs), source=source)


def cldr_rows(_: Sequence[Path], *, source: str) -> Sequence[Mapping[str, Any]]:
    """The generated rows, which already name their source."""
    from hybridbatch.data.sources.cldr.generate import pair_rows

    rows: Sequence[Mapping[str, Any]] = pair_rows()
    return rows


def _log_counts(name: str, table: pa.Table) -> None:
    logger.info(
        "%s: %d items, %d pairs, %d question groups, %d passage groups",
        name,
        len(table["item_id"].unique()),
        table.num_rows,
        len(table["question_group"].unique()),
        len(table["passage_group"].unique()),
    )
    for counts in pc.value_counts(table["language"].combine_chunks()).to_pylist():
        logger.info("%s %s: %d pairs", name, counts["values"], counts["counts"])
