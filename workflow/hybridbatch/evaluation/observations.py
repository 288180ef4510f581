"""The per-query metrics of several runs on one benchmark, arranged for resampling."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table
from hybridbatch.common.vocabulary import CROSS_LINGUAL, MONOLINGUAL, MULTILINGUAL, POOL, SETTINGS
from hybridbatch.evaluation.questions import Questions, one_array
from hybridbatch.schemas.per_query import PER_QUERY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Cell:
    """One retrieval setting: the queries of a language against a language or the pool."""

    query_language: str
    passage_language: str

    @property
    def setting(self) -> str:
        """Which kind of setting it is."""
        if self.passage_language == POOL:
            return MULTILINGUAL
        same = self.query_language == self.passage_language
        return MONOLINGUAL if same else CROSS_LINGUAL


@dataclass(frozen=True)
class Observations:
    """One metric of all runs.

    Attributes:
        metric: its name.
        cells: the settings that have a scored query, in the order of the columns.
        sums: (runs, items, cells), each item's sum of values.
        counts: (items, cells), its number of scored queries, the same in every run.
    """

    metric: str
    cells: tuple[Cell, ...]
    sums: Floats
    counts: Floats


def read_observations(
    files: Sequence[Sequence[Path]], questions: Questions
) -> Iterator[Observations]:
    """Read the `per_query.parquet` files of several runs, and yield one metric after the other.

    Args:
        files: for each run the files that hold its values.
        questions: the benchmark's queries.

    Raises:
        HybridBatchError: a file is missing or breaks its schema, has a query that the benchmark
            lacks or a value that is not finite; two runs differ in the queries that they score.
    """
    runs = [_read_values(paths, questions) for paths in files]
    metrics = sorted({metric for run in runs for metric in run.metrics})
    for metric in metrics:
        cells, parts = _cells(runs, metric, questions)
        dense = [_dense(part, len(cells), questions.item_count) for part in parts]
        counts = dense[0][1]
        for (_, other), paths in zip(dense[1:], files[1:], strict=True):
            _check_paired(counts, other, cells, metric, (files[0][0], paths[0]))
        yield Observations(metric, cells, np.stack([sums for sums, _ in dense]), counts)


@dataclass(frozen=True)
class _Values:
    """The rows of one run's files: codes of metric, setting and item, and the value."""

    metrics: tuple[str, ...]
    passage_languages: tuple[str, ...]
    metric_codes: Ints
    passage_codes: Ints
    queries: Ints
    values: Floats


def _read_values(paths: Sequence[Path], questions: Questions) -> _Values:
    columns = ("query_id", "passage_language", "metric", "value")
    tables = []
    for path in paths:
        table = read_table(path, PER_QUERY, columns=columns)
        _check_values(table, path, questions)
        tables.append(table)
    table = pa.concat_tables(tables)
    metrics = one_array(table["metric"]).dictionary_encode()
    passages = one_array(table["passage_language"]).dictionary_encode()
    queries = pc.index_in(one_array(table["query_id"]), value_set=questions.ids)
    return _Values(
        metrics=tuple(metrics.dictionary.to_pylist()),
        passage_languages=tuple(passages.dictionary.to_pylist()),
        metric_codes=metrics.indices.to_numpy().astype(np.int64),
        passage_codes=passages.indices.to_numpy().astype(np.int64),
        queries=queries.to_numpy().astype(np.int64),
        values=table["value"].to_numpy(),
    )


def _check_values(table: pa.Table, path: Path, questions: Questions) -> None:
    known = pc.is_in(table["query_id"], value_set=questions.ids)
    if (row := pc.index(known, value=False).as_py()) >= 0:
        raise HybridBatchError(
            f"{path}: row {row}: query {table['query_id'][row].as_py()!r} is not in the "
            "benchmark; run the stage metrics again"
        )
    finite = pc.is_finite(table["value"])
    if (row := pc.index(finite, value=False).as_py()) >= 0:
        raise HybridBatchError(
            f"{path}: row {row}: the value of {table['metric'][row].as_py()} is not finite; "
            "leave out queries that have no value"
        )


# The cell, item and value of each row.
_Rows = tuple[Ints, Ints, Floats]


def _cells(
    runs: Sequence[_Values], metric: str, questions: Questions
) -> tuple[tuple[Cell, ...], list[_Rows]]:
    """The settings of a metric over all runs, and each run's rows with settings numbered."""
    names: list[list[Cell]] = []
    found: list[tuple[Ints, Ints, Floats]] = []
    for run in runs:
        code = run.metrics.index(metric) if metric in run.metrics else -1
        rows = np.flatnonzero(run.metric_codes == code)
        queries = run.queries[rows]
        keys = (
            questions.language_codes[queries] * len(run.passage_languages) + run.passage_codes[rows]
        )
        unique, inverse = np.unique(keys, return_inverse=True)
        pairs = (divmod(key, len(run.passage_languages)) for key in unique.tolist())
        names.append([Cell(questions.languages[q], run.passage_languages[p]) for q, p in pairs])
        found.append((inverse, questions.items[queries], run.values[rows]))
    cells = tuple(sorted({cell for part in names for cell in part}, key=_cell_order))
    number = {cell: position for position, cell in enumerate(cells)}
    parts = []
    for part, (inverse, items, values) in zip(names, found, strict=True):
        codes = np.array([number[cell] for cell in part], dtype=np.int64)
        parts.append((codes[inverse], items, values))
    return cells, parts


def _cell_order(cell: Cell) -> tuple[int, str, str]:
    return SETTINGS.index(cell.setting), cell.query_language, cell.passage_language


def _dense(rows: _Rows, cells: int, items: int) -> tuple[Floats, Floats]:
    cell, item, values = rows
    index, size = item * cells + cell, items * cells
    sums = np.bincount(index, weights=values, minlength=size).astype(np.float64, copy=False)
    counts = np.bincount(index, minlength=size).astype(np.float64)
    return sums.reshape(items, cells), counts.reshape(items, cells)


def _check_paired(
    first: Floats, other: Floats, cells: Sequence[Cell], metric: str, files: tuple[Path, Path]
) -> None:
    if np.array_equal(first, other):
        return
    cell = cells[int(np.flatnonzero((first != other).any(axis=0))[0])]
    raise HybridBatchError(
        f"{files[1]}: scores other queries than {files[0]} with {metric} for "
        f"{cell.query_language} to {cell.passage_language}; run the stage metrics again for both"
    )
