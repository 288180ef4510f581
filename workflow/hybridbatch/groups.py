"""Groups of items that must not meet in a batch: joined wherever they share a text."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from hybridbatch.texts import normalised_all


class UnionFind:
    """Disjoint sets of strings; a set goes by the name of its smallest member."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, member: str) -> str:
        """The name of the set that holds `member`; a new member is a set of its own."""
        root = member
        while (parent := self._parent.get(root, root)) != root:
            root = parent
        while (parent := self._parent.get(member, member)) != root:
            self._parent[member] = root
            member = parent
        return root

    def union(self, members: Iterable[str]) -> None:
        """Make one set of the sets that hold `members`."""
        roots = {self.find(member) for member in members}
        smallest = min(roots, default="")
        for root in roots:
            self._parent[root] = smallest

    def names(self) -> Mapping[str, str]:
        """Each member that was ever joined -> the name of its set."""
        return {member: self.find(member) for member in list(self._parent)}


def joined_groups(
    groups: Sequence[str], languages: Sequence[str], texts: Sequence[str]
) -> tuple[list[str], int]:
    """Join all groups that have a text in common in some language.

    Args:
        groups: the group of each of n rows.
        languages: the language of each row.
        texts: the text of each row; two are the same if `texts.normalised` says so.

    Returns:
        The group of each row after joining, named like the smallest group that went into it, and
        how many groups disappeared.
    """
    table = pl.DataFrame(
        {"group": groups, "language": languages, "text": normalised_all(texts)},
        schema={"group": pl.String, "language": pl.String, "text": pl.String},
    )
    # Only the few texts that occur in several groups have to be walked through in Python.
    shared = (
        table.unique()
        .group_by("language", "text")
        .agg(pl.col("group"))
        .filter(pl.col("group").list.len() > 1)
    )
    sets = UnionFind()
    for members in shared["group"].to_list():
        sets.union(members)
    names = sets.names()
    joined = [names.get(group, group) for group in groups]
    return joined, len(set(groups)) - len(set(joined))
