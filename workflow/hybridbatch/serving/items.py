"""The parallel passages of a passage: what answers the same items in the other languages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hybridbatch.common.tables import read_table
from hybridbatch.planning import paths
from hybridbatch.retrieval.columns import one_array
from hybridbatch.retrieval.query_results import Evaluated
from hybridbatch.retrieval.query_search import Searcher
from hybridbatch.schemas.qrels import QRELS
from hybridbatch.schemas.queries import QUERIES


@dataclass(frozen=True)
class InLanguage:
    """What some items have in one language.

    Attributes:
        language: its code.
        passages: the relevant passages, as rows of the schema PASSAGES.
        questions: the texts of the questions.
    """

    language: str
    passages: tuple[dict[str, str], ...]
    questions: tuple[str, ...]


class Items:
    """The items of a benchmark, by the passages that are relevant for their questions.

    Raises:
        HybridBatchError: a file is missing or damaged.
    """

    def __init__(self, evaluated: Evaluated) -> None:
        self._queries = read_table(evaluated.place(paths.QUERIES), QUERIES)
        qrels = read_table(evaluated.place(paths.QRELS), QRELS)
        self._qrels = qrels.filter(pc.greater_equal(qrels["relevance"], 1))

    def relevant(self, passage_ids: Sequence[str]) -> Collection[str]:
        """Those of the passages that are relevant for a question, and so belong to an item."""
        return frozenset(_where(self._qrels, "passage_id", passage_ids)["passage_id"].to_pylist())

    def parallel(self, passage_id: str, searcher: Searcher) -> list[InLanguage]:
        """The other passages of the items of a passage, and their questions; languages ascending.

        Args:
            passage_id: the passage; without an item, the list is empty.
            searcher: holds the texts.
        """
        asked = _where(self._qrels, "passage_id", [passage_id])["query_id"].to_pylist()
        items = _where(self._queries, "query_id", asked)["item_id"].unique().to_pylist()
        questions = _where(self._queries, "item_id", items)
        ids = _where(self._qrels, "query_id", questions["query_id"].to_pylist())["passage_id"]
        passages = searcher.rows(sorted(set(ids.to_pylist()) - {passage_id}))
        rows = questions.to_pylist()
        languages = {row["language"] for row in (*passages, *rows)}
        return [
            InLanguage(
                language,
                tuple(row for row in passages if row["language"] == language),
                tuple(dict.fromkeys(row["text"] for row in rows if row["language"] == language)),
            )
            for language in sorted(languages)
        ]


def _where(table: pa.Table, column: str, values: Sequence[str]) -> pa.Table:
    """The rows whose value in a column is one of `values`."""
    return table.filter(pc.is_in(one_array(table[column]), value_set=pa.array(values, pa.string())))
