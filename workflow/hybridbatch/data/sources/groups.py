"""Groups of items that must not be in the same batch: groups that share a text are joined."""

from collections.abc import Iterable, Mapping

import polars as pl

from hybridbatch.data.sources.texts import normalised_column


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
