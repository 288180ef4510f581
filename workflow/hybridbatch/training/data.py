"""Training pairs as arrays, for the sampler, the loss and the validation."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table
from hybridbatch.data.sources.merging import merge_pairs
from hybridbatch.data.sources.texts import normalised
from hybridbatch.schemas.pairs import PAIRS
from hybridbatch.training.drawn_negatives import NO_GROUP, Negatives
from hybridbatch.training.sampling import Items

logger = logging.getLogger(__name__)
_TOGETHER = 8192  # texts that are converted to Python strings at a time
MISSING = -1  # the text number of a language that an item does not have


@dataclass(frozen=True)
class PairData:
    """n items in L languages and the numbers of their texts in `TrainingData`.

    question_text and passage_text: int32 (n, L), MISSING if the item lacks the language.
    """

    items: Items
    question_text: NDArray[np.int32]
    passage_text: NDArray[np.int32]
    negatives: Negatives

    @property
    def pairs(self) -> int:
        """The number of pairs of a question and a passage in the same language."""
        return int(self.items.has_language.sum())


@dataclass(frozen=True)
class TrainingData:
    """Training and validation pairs in the training languages, and every distinct text once.

    `passages` includes the hard negatives. `validation` is None if nothing is held out.
    """

    training: PairData
    validation: PairData | None
    questions: pa.StringArray
    passages: pa.StringArray


def read_training_data(
    paths: Sequence[Path],
    *,
    sources: tuple[str, ...],
    languages: tuple[str, ...],
    validation_fraction: float,
    with_negatives: bool,
    validation: Path | None = None,
) -> TrainingData:
    """Read the pairs of all sources; see `training_data`.

    Args:
        paths: files of pairs (the schema PAIRS), in the order of the sources.
        sources: the name of the source in each file's rows.
        languages: the training languages.
        validation_fraction: share of the question groups to hold out, 0 for none.
        with_negatives: whether to keep the hard negatives.
        validation: pairs of a data set to validate on; the fraction is then ignored.

    Raises:
        HybridBatchError: a file is missing, malformed or of another source, or a training language
            has no pair to train on.
    """
    if len(paths) != len(sources):
        raise HybridBatchError(
            f"--pairs: {len(paths)} files for {len(sources)} sources ({', '.join(sources)}); "
            "give one per source, in the same order"
        )
    tables = []
    for path, source in zip(paths, sources, strict=True):
        table = read_table(path, PAIRS)
        others = set(table["source"].unique().to_pylist()) - {source}
        if others:
            raise HybridBatchError(
                f"{path}: holds source {min(others)!r}, expected {source!r}; give the files in "
                "the order of the sources"
            )
        tables.append(table)
    data = training_data(
        merge_pairs(tables),
        sources=sources,
        languages=languages,
        validation_fraction=0.0 if validation else validation_fraction,
        with_negatives=with_negatives,
    )
    return with_validation(data, read_table(validation, PAIRS)) if validation else data


def with_validation(data: TrainingData, table: pa.Table) -> TrainingData:
    """The same training pairs, with all rows of `table` as validation pairs, in any language.

    The texts of the table follow those of `data`; a text that occurs in both is kept twice.
    """
    sources, languages = (
        tuple(sorted(table[name].unique().to_pylist())) for name in ("source", "language")
    )
    coded = _Coded(table, sources=sources, languages=languages, with_negatives=False)
    pairs = coded.select(np.ones(table.num_rows, dtype=bool))
    logger.info(
        "validation: %d items, %d pairs of %s", len(pairs.items), pairs.pairs, ", ".join(sources)
    )
    return TrainingData(
        training=data.training,
        validation=replace(
            pairs,
            question_text=_shifted(pairs.question_text, len(data.questions)),
            passage_text=_shifted(pairs.passage_text, len(data.passages)),
        ),
        questions=pa.concat_arrays([data.questions, coded.questions]),
        passages=pa.concat_arrays([data.passages, coded.passages]),
    )


def training_data(
    table: pa.Table,
    *,
    sources: tuple[str, ...],
    languages: tuple[str, ...],
    validation_fraction: float,
    with_negatives: bool,
) -> TrainingData:
    """Arrays from merged pairs.

    The question groups of rows of split `validation` and those that `held_out_by_hash` selects are
    held out as a whole. Rows of split `test` and rows of other languages are left out.

    Raises:
        HybridBatchError: a training language has no pair to train on, or a fraction above 0 holds
            nothing out.
    """
    held_out = _held_out(table, fraction=validation_fraction)
    wanted = pc.and_(
        pc.is_in(table["language"], pa.array(languages)), pc.not_equal(table["split"], "test")
    )
    held_out = held_out[wanted.to_numpy()]
    coded = _Coded(
        table.filter(wanted), sources=sources, languages=languages, with_negatives=with_negatives
    )
    training = coded.select(~held_out)
    _check_languages(training.items)
    validation = coded.select(held_out) if held_out.any() else None
    if validation is None and validation_fraction > 0:
        groups = len(np.unique(training.items.question_group))
        raise HybridBatchError(
            f"validation: fraction {validation_fraction} holds out none of {groups} question "
            "groups; raise it, or set it to 0 to train without validation"
        )
    logger.info(
        "training: %d items, %d pairs; validation: %d items, %d pairs",
        len(training.items),
        training.pairs,
        len(validation.items) if validation else 0,
        validation.pairs if validation else 0,
    )
    return TrainingData(training, validation, coded.questions, coded.passages)


def held_out_by_hash(question_group: str, *, fraction: float) -> bool:
    """Whether the BLAKE2b hash of a question group, as a number in 0..1, is below `fraction`."""
    digest = hashlib.blake2b(question_group.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < fraction


def _held_out(table: pa.Table, *, fraction: float) -> NDArray[np.bool_]:
    """For each row, whether its question group is held out."""
    marked = table.filter(pc.equal(table["split"], "validation"))["question_group"].unique()
    groups = table["question_group"].combine_chunks().dictionary_encode()
    by_hash = pa.array(
        [held_out_by_hash(group, fraction=fraction) for group in groups.dictionary.to_pylist()],
        pa.bool_(),
    )
    out = pc.or_(by_hash, pc.is_in(groups.dictionary, marked))
    held_out: NDArray[np.bool_] = out.to_numpy(zero_copy_only=False)[groups.indices.to_numpy()]
    return held_out


class _Coded:
    """The rows of a table as integers: each string is replaced by its number.

    Strings are numbered in the order of their first row. Training and validation share the numbers
    of groups and texts.
    """

    def __init__(
        self,
        table: pa.Table,
        *,
        sources: tuple[str, ...],
        languages: tuple[str, ...],
        with_negatives: bool,
    ) -> None:
        self.sources, self.languages = sources, languages
        self.item, _ = _numbered(table["item_id"])
        self.question_group, _ = _numbered(table["question_group"])
        self.passage_group, _ = _numbered(table["passage_group"])
        self.language = _positions(table["language"], languages)
        self.source = _positions(table["source"], sources)
        self.question, self.questions = _numbered(table["question"])
        lists = table["hard_negatives"].combine_chunks()
        lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False).astype(np.int64)
        if not with_negatives:
            lists, lengths = lists.slice(0, 0), np.zeros_like(lengths)
        passages = [*table["passage"].chunks, pc.list_flatten(lists)]
        numbers, self.passages = _numbered(pa.chunked_array(passages, pa.string()))
        self.passage, self.negative = np.split(numbers, [table.num_rows])
        self.negative_offsets = np.concatenate([[0], np.cumsum(lengths)])
        self.forms = _forms(self.passages if len(self.negative) else _NO_STRINGS)
        self.negative_groups = self._groups_of_negatives(lengths)
        self.answer_offsets, self.answer_groups = self._answers()

    def select(self, rows: NDArray[np.bool_]) -> PairData:
        """The items of the rows; `rows` selects all rows of an item or none."""
        _, first, item = np.unique(self.item[rows], return_index=True, return_inverse=True)
        language = self.language[rows]
        shape = (len(first), len(self.languages))
        question_text = np.full(shape, MISSING, dtype=np.int32)
        passage_text = question_text.copy()
        question_text[item, language] = self.question[rows]
        passage_text[item, language] = self.passage[rows]
        items = Items(
            has_language=question_text != MISSING,
            source=self.source[rows][first],
            question_group=self.question_group[rows][first],
            passage_group=self.passage_group[rows][first],
            languages=self.languages,
            sources=self.sources,
        )
        cells = item * len(self.languages) + language
        negatives = self._negatives(np.flatnonzero(rows), cells, count=question_text.size)
        return PairData(items, question_text, passage_text, negatives)

    def _negatives(
        self, rows: NDArray[np.int64], cells: NDArray[np.int64], *, count: int
    ) -> Negatives:
        """The negatives of the rows, in the order of their cells; there are `count` cells."""
        rows = rows[np.argsort(cells)]
        starts, stops = self.negative_offsets[rows], self.negative_offsets[rows + 1]
        lengths = np.zeros(count, dtype=np.int64)
        lengths[np.sort(cells)] = stops - starts
        entries = _ranges(starts, stops)
        return Negatives(
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            texts=self.negative[entries],
            groups=self.negative_groups[entries],
            answer_offsets=self.answer_offsets,
            answer_groups=self.answer_groups,
            forms=self.forms,
        )

    def _groups_of_negatives(self, lengths: NDArray[np.int64]) -> NDArray[np.int32]:
        """The passage group with the text of each negative in its row's language, or NO_GROUP."""
        if not len(self.negative):
            return np.zeros(0, dtype=np.int32)
        forms = len(self.forms)
        keys = self.language.astype(np.int64) * forms + self.forms[self.passage]
        known, first = np.unique(keys, return_index=True)
        language = np.repeat(self.language.astype(np.int64), lengths)
        wanted = language * forms + self.forms[self.negative]
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        groups = self.passage_group[first[place]]
        return np.where(known[place] == wanted, groups, NO_GROUP).astype(np.int32)

    def _answers(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The offsets of each question group's passage groups, and these passage groups."""
        both = np.unique(np.stack([self.question_group, self.passage_group], axis=1), axis=0)
        groups = int(self.question_group.max(initial=-1)) + 1
        offsets = np.searchsorted(both[:, 0], np.arange(groups + 1))
        return offsets.astype(np.int64), both[:, 1]


def _shifted(numbers: NDArray[np.int32], by: int) -> NDArray[np.int32]:
    """Text numbers plus `by`; MISSING stays MISSING."""
    shifted: NDArray[np.int32] = np.where(numbers == MISSING, MISSING, numbers + by)
    return shifted.astype(np.int32)


def _numbered(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], pa.LargeStringArray]:
    """The number of each string, in the order of first occurrence, and the distinct strings."""
    # large_string: one array of all texts may exceed the limit of string, 2 GiB.
    encoded = pa.concat_arrays(column.cast(pa.large_string()).chunks or [_NO_STRINGS])
    encoded = encoded.dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int32), encoded.dictionary


_NO_STRINGS = pa.array([], pa.large_string())


def _positions(column: pa.ChunkedArray, names: tuple[str, ...]) -> NDArray[np.int32]:
    """The position of each string among `names`."""
    found = pc.index_in(column, pa.array(names, pa.string()))
    positions: NDArray[np.int32] = found.to_numpy().astype(np.int32)
    return positions


def _forms(texts: pa.LargeStringArray) -> NDArray[np.int32]:
    """A number for each text; texts with the same `texts.normalised` have the same number."""
    slices = (texts.slice(start, _TOGETHER) for start in range(0, len(texts), _TOGETHER))
    forms = [pa.array(map(normalised, some.to_pylist()), pa.large_string()) for some in slices]
    numbers, _ = _numbered(pa.chunked_array(forms, pa.large_string()))
    return numbers


def _ranges(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.int64]:
    """The integers from each start up to its stop, without it, one range after the other."""
    lengths = stops - starts
    before = np.cumsum(lengths) - lengths
    ranges: NDArray[np.int64] = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
    return ranges


def _check_languages(items: Items) -> None:
    for column, language in enumerate(items.languages):
        if not items.has_language[:, column].any():
            raise HybridBatchError(
                f"train_languages: {language}: no pair to train on in {', '.join(items.sources)}; "
                "remove the language or give pairs in it"
            )
