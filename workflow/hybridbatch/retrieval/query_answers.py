"""The answer to one question: the first passages of each run, for people or as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.display import cell, cut, display_width, one_line
from hybridbatch.common.tables import read_table
from hybridbatch.planning import paths
from hybridbatch.retrieval.columns import one_array
from hybridbatch.retrieval.query_loading import Encoders
from hybridbatch.retrieval.query_results import Evaluated, check_languages
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES

if TYPE_CHECKING:  # this imports FAISS
    from hybridbatch.retrieval.query_search import Passage, Searcher

# Lists are side by side if each of them has this many columns.
_PANEL, _GAP = 60, "  "
# Longer ids are cut, so that there is room for the text.
_LONGEST_ID = 24
# A text with fewer columns than this stands on a line of its own.
_LEAST_TEXT, _INDENT = 16, "  "
RELEVANT = "*"


@dataclass(frozen=True)
class Answer:
    """What the runs found.

    Attributes:
        question: the text that was asked.
        query_ids: the queries of the benchmark with this text.
        relevant: the ids of their relevant passages.
        found: by run, the first passages.
    """

    question: str
    query_ids: tuple[str, ...]
    relevant: Collection[str]
    found: dict[str, list[Passage]]


class Questions:
    """The queries of a benchmark by their texts, and their relevant passages.

    Args:
        evaluated: the run and benchmark.
        languages: in which languages a question may be asked; none for all.

    Raises:
        HybridBatchError: a file is missing or damaged, or a language is unknown.
    """

    def __init__(self, evaluated: Evaluated, languages: Sequence[str]) -> None:
        queries = read_table(evaluated.place(paths.QUERIES), QUERIES)
        check_languages("--language", languages, sorted(queries["language"].unique().to_pylist()))
        if languages:
            wanted = pa.array(languages, pa.string())
            queries = queries.filter(pc.is_in(queries["language"], value_set=wanted))
        self._ids: dict[str, list[str]] = {}
        columns = (queries["query_id"].to_pylist(), queries["text"].to_pylist())
        for query_id, text in zip(*columns, strict=True):
            self._ids.setdefault(text.strip(), []).append(query_id)
        qrels = read_table(evaluated.place(paths.QRELS), QRELS)
        self._qrels = qrels.filter(pc.greater_equal(qrels["relevance"], 1))

    def ids(self, question: str) -> tuple[str, ...]:
        """The queries with this text, in the order of their file."""
        return tuple(self._ids.get(question.strip(), ()))

    def relevant(self, query_ids: Sequence[str]) -> frozenset[str]:
        """The passages that are relevant for one of the queries."""
        wanted = pa.array(query_ids, pa.string())
        rows = self._qrels.filter(pc.is_in(one_array(self._qrels["query_id"]), value_set=wanted))
        return frozenset(rows["passage_id"].to_pylist())


class Answerer:
    """Everything that answers need, loaded once.

    Args:
        questions: the queries of the benchmark.
        searchers: by run, the passages.
        encoders: the models.
    """

    def __init__(
        self,
        questions: Questions,
        searchers: Mapping[str, Searcher],
        encoders: Encoders,
    ) -> None:
        self._questions, self._searchers, self._encoders = questions, searchers, encoders

    def answer(self, question: str, *, k: int, languages: Collection[str] | None = None) -> Answer:
        """The first k passages of each run for a question in any language.

        `languages` are those of the passages, some of those that are loaded; None for all of them.
        """
        ids = self._questions.ids(question)
        found = {}
        for run, searcher in self._searchers.items():
            query_id = ids[0] if ids else None
            vector = (
                self._encoders.vector(run, question)
                if query_id is None
                else searcher.vector_of(query_id)
            )
            found[run] = searcher.first(vector, k=k, query_id=query_id, languages=languages)
        return Answer(question, ids, self._questions.relevant(ids) if ids else (), found)


def json_line(answer: Answer, *, benchmark: str) -> str:
    """An answer as one JSON object; `relevant` is null if the benchmark has no such question."""

    def relevant(passage: Passage) -> bool | None:
        return passage.passage_id in answer.relevant if answer.query_ids else None

    values = {
        "question": answer.question,
        "benchmark": benchmark,
        "query_ids": list(answer.query_ids),
        "runs": [
            {
                "run": run,
                "passages": [
                    {"rank": rank, **vars(passage), "relevant": relevant(passage)}
                    for rank, passage in enumerate(passages, start=1)
                ],
            }
            for run, passages in answer.found.items()
        ],
    }
    return json.dumps(values, ensure_ascii=False)


def shown(answer: Answer, *, columns: int) -> str:
    """An answer for a terminal of some columns: a list for each run, side by side if they fit."""
    runs = list(answer.found)
    side = (columns - len(_GAP) * (len(runs) - 1)) // len(runs)
    together = len(runs) > 1 and side >= _PANEL
    panels = [_panel(run, answer, columns=side if together else columns) for run in runs]
    if together:
        blank = " " * side
        lines = [_GAP.join(row).rstrip() for row in zip_longest(*panels, fillvalue=blank)]
    else:
        lines = [line.rstrip() for panel in panels for line in (*panel, "")][:-1]
    if answer.query_ids:
        names = ", ".join(answer.query_ids)
        lines.insert(0, cut(one_line(f"{RELEVANT} is relevant for {names}"), columns))
    return "\n".join(lines)


def _panel(run: str, answer: Answer, *, columns: int) -> list[str]:
    """The lines of one run, each of exactly `columns`, or more if these are very few."""
    passages = answer.found[run]
    lines = [cell(run, columns)]
    if not passages:
        return [*lines, cell("nothing found", columns)]
    ranks = len(str(len(passages)))
    languages = max(display_width(passage.language) for passage in passages)
    ids = max(display_width(one_line(passage.passage_id)) for passage in passages)
    ids = min(ids, _LONGEST_ID)
    for rank, passage in enumerate(passages, start=1):
        mark = RELEVANT if passage.passage_id in answer.relevant else " "
        begin = f"{rank:>{ranks}}{mark}{passage.score:7.4f} {cell(passage.language, languages)} "
        text = f"{passage.title}: {passage.text}" if passage.title else passage.text
        left = columns - (ranks + 1 + 7 + 1 + languages + 1)
        if (room := left - ids - 1) >= _LEAST_TEXT:
            lines.append(f"{begin}{cell(passage.passage_id, ids)} {cell(text, room)}")
        else:
            lines.append(begin + cell(passage.passage_id, max(left, 1)))
            lines.append(_INDENT + cell(text, max(columns - len(_INDENT), 1)))
    return lines
