"""Groups of items that must not be in the same batch: groups that share a text are joined."""

import logging
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import polars as pl
import pyarrow as pa

from hybridbatch.data.sources.texts import normalised_column
from hybridbatch.schemas.pairs import PAIRS

# Group column -> the text column: rows with the same text get the same group.
_GROUPED = MappingProxyType({"question_group": "question", "passage_group": "passage"})
logger = logging.getLogger(__name__)


class UnionFind:
    """Disjoint sets of strings; the name of a set is its smallest member."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, member: str) -> str:
        """The name of the set of `member`; a new member is a set of its own."""
        root = member
        while (parent := self._parent.get(root, root)) != root:
            root = parent
        while (parent := self._parent.get(member, member)) != root:
            self._parent[member] = root
            member = parent
        return root

    def union(self, members: Iterable[str]) -> None:
        """Join the sets of `members` into one."""
        roots = {self.find(member) for member in members}
        smallest = min(roots, default="")
        for root in roots:
            self._parent[root] = smallest

    def names(self) -> Mapping[str, str]:
        """Each joined member -> the name of its set."""
        return {member: self.find(member) for member in list(self._parent)}


def joined_groups(
    groups: pl.Series, languages: pl.Series, texts: pl.Series
) -> tuple[pl.Series, int]:
    """Join all groups that share a text in a language.

    Args:
        groups: the group of each of n rows.
        languages: the language of each row.
        texts: the text of each row; texts with the same `texts.normalised` are equal.

    Returns:
        The group of each row after joining, with the name of the smallest of the joined groups;
        and by how much the number of groups fell.
    """
    table = pl.DataFrame(
        {"group": groups, "language": languages, "text": normalised_column(texts)},
    )
    # Only the few texts that occur in several groups need a loop in Python.
    shared = (
        table.group_by("language", "text")
        .agg(pl.col("group").unique())
        .filter(pl.col("group").list.len() > 1)
    )
    sets = UnionFind()
    for members in shared["group"].to_list():
        sets.union(members)
    names = sets.names()
    joined = groups.replace(list(names.keys()), list(names.values()))
    return joined, groups.n_unique() - joined.n_unique()


def with_joined_groups(table: pa.Table, *, label: str) -> pa.Table:
    """Join groups of pairs that share a question, or a passage, in a language.

    Without this, a batch with one pair per group may contain translated duplicates. Texts with the
    same `texts.normalised` are equal. `label` names the data in the log.
    """
    frame = pl.from_arrow(table.select([*_GROUPED, *_GROUPED.values(), "language"]))
    assert isinstance(frame, pl.DataFrame)
    for column, text in _GROUPED.items():
        joined, gone = joined_groups(frame[column], frame["language"], frame[text])
        if not gone:
            continue
        total = frame[column].n_unique()
        logger.info("%s: %d of %d %ss joined: same %s as another", label, gone, total, column, text)
        index = table.schema.get_field_index(column)
        values = joined.to_arrow().cast(pa.string())
        table = table.set_column(index, PAIRS.arrow.field(column), values)
    return table
