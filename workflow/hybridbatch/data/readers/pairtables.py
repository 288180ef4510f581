"""Training pairs from the user's own data, of any format, as one table of the schema PAIRS."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.readers.converting import pairs_of_set
from hybridbatch.data.readers.ids import known_language
from hybridbatch.data.readers.layouts import find_layout, unread_in
from hybridbatch.data.readers.problems import Origin, Problems, listed
from hybridbatch.data.readers.reading import AS_IT_IS, Reading
from hybridbatch.data.readers.retrievalsets import read_sets
from hybridbatch.data.readers.rows import Rows
from hybridbatch.data.readers.squadfiles import questions
from hybridbatch.data.readers.tabular import Field, constant, read_rows, same_as, to_schema
from hybridbatch.data.sources.pairchecks import note_pairs
from hybridbatch.schemas.pairs import PAIRS

logger = logging.getLogger(__name__)


def read_own_pairs(path: Path, *, source: str, reading: Reading = AS_IT_IS) -> pa.Table:
    """The pairs of a file or folder as a table of the schema PAIRS, in the order of the files.

    Args:
        path: a file or folder in one of `reading.FORMATS`. Of a retrieval set, each query with each
            of its relevant passages is a pair.
        source: the value of column `source` if the data have no such column.
        reading: how the data are read; of several splits of judgements, `train` comes first.

    Raises:
        HybridBatchError: the data are missing, damaged, or break a rule; all of it at once.
    """
    layout = find_layout(path, format=reading.format, split=reading.split, training=True)
    if layout.sets:
        found_sets = read_sets(layout, reading, origin=str(path))
        return pairs_of_set(found_sets, source=source)
    if unread := unread_in(path, layout):
        logger.info("%s: left unread: %s", path, listed(unread))
    found, tables = Problems(), []
    for file, language in layout.files:
        own = reading if reading.language else replace(reading, language=known_language(language))
        try:
            if layout.format == "squad":
                rows = _squad_rows(file, own, found)
                own = replace(own, columns=())
            else:
                rows = read_rows(file, found)
            table = to_schema(rows, PAIRS, _fields(rows, own, source), reading=own, found=found)
            if rows.count or (len(layout.files) == 1 and not found):
                note_pairs(table, origin=rows.origin, found=found)
        except HybridBatchError as error:
            found.add_error(error)
            continue
        tables.append(table)
    found.raise_any()
    whole = pa.concat_tables([table.cast(PAIRS.arrow) for table in tables])
    if len(tables) > 1:
        note_pairs(whole, origin=Origin(str(path)), found=found)
        found.raise_any()
    return whole


def _fields(rows: Rows, reading: Reading, source: str) -> tuple[Field, ...]:
    """How the columns of pairs are found.

    A file of one language needs no ids, which would tell which rows are translations of each other.
    """
    named = reading.names.get("language", "language")
    stated = named in rows.columns
    if stated and reading.language and not _only(rows, named, reading.language):
        raise HybridBatchError(
            f"{rows.path}: column `{named}` and `language: {reading.language}` differ; "
            f"leave out one of them"
        )
    single = bool(reading.language) and not stated
    stem = "_".join(rows.path.name.partition(".")[0].split())
    numbered: Callable[[Mapping[str, pa.ChunkedArray], int], pa.Array] | None = None
    if single:
        numbered = lambda _, count: pa.array([f"{stem}-{n}" for n in range(count)])  # noqa: E731
    return (
        Field("item_id", number=True, default=numbered),
        Field("language", default=constant(reading.language) if single else None),
        Field("question"),
        Field("passage"),
        Field("question_group", number=True, default=same_as("item_id")),
        Field("passage_group", number=True, default=same_as("item_id")),
        Field("source", default=constant(source)),
        Field("split", default=constant("train")),
        Field("hard_negatives", default=_no_lists),
    )


def _no_lists(_: Mapping[str, pa.ChunkedArray], count: int) -> pa.Array:
    return pa.array([[]] * count, type=PAIRS.arrow.field("hard_negatives").type)


def _only(rows: Rows, name: str, language: str) -> bool:
    values = rows.columns[name]
    found = values.unique().to_pylist() if isinstance(values, pa.ChunkedArray) else set(values)
    return set(found) <= {language, None}


def _squad_rows(path: Path, reading: Reading, found: Problems) -> Rows:
    """A row for each answered question; the others are counted in the log."""
    if not reading.language:
        raise HybridBatchError(
            f"{path}: SQuAD's format does not state the language; set `language`, or name the file "
            f"by it in a folder, such as de.json"
        )
    every = list(questions(path, found))
    kept = [each for each in every if each.answered]
    if len(kept) < len(every):
        left = len(every) - len(kept)
        logger.info("%s: %d questions without text or answer left out", path.name, left)
    if not kept and not found:
        raise HybridBatchError(f"{path}: no question with an answer; it should hold at least one")
    places = [each.place for each in kept]
    columns = {
        "item_id": [each.id for each in kept],
        "question": [each.question for each in kept],
        "passage": [each.paragraph for each in kept],
    }
    return Rows(path, columns, len(kept), places=places)
