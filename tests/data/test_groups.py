"""Groups join wherever they share a text, and nowhere else."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hybridbatch.data.sources.groups import UnionFind, joined_groups
from hybridbatch.data.sources.texts import normalised, normalised_column


def test_sets_go_by_their_smallest_member() -> None:
    sets = UnionFind()
    sets.union(["d", "c"])
    sets.union(["b", "e"])
    assert [sets.find(member) for member in "abcde"] == ["a", "b", "c", "c", "b"]
    sets.union(["e", "d"])
    assert sets.names() == {"b": "b", "c": "b", "d": "b", "e": "b"}


edges = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=12)


@given(edges)
def test_two_members_are_in_one_set_exactly_if_a_path_joins_them(
    pairs: list[tuple[str, str]],
) -> None:
    sets = UnionFind()
    for pair in pairs:
        sets.union(pair)
    reached = {member: {member} for member in "abcdefgh"}
    for _ in "abcdefgh":  # as many rounds as a longest path has edges
        for first, second in pairs:
            both = reached[first] | reached[second]
            reached |= {member: both | reached[member] for member in (first, second)}
            for member in both:
                reached[member] |= both
    assert {member: sets.find(member) for member in "abcdefgh"} == {
        member: min(reached[member]) for member in "abcdefgh"
    }


@given(edges, st.randoms())
def test_the_order_of_unions_does_not_matter(pairs: list[tuple[str, str]], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(pairs)
    random.shuffle(shuffled)
    one, other = UnionFind(), UnionFind()
    for pair in pairs:
        one.union(pair)
    for pair in shuffled:
        other.union(pair)
    assert one.names() == other.names()


def test_groups_join_over_texts_of_different_languages() -> None:
    # 1 and 2 share a German text, 2 and 3 a Greek one (capitals and a double space apart);
    # 4 has the German text of 1 as an English one, which says nothing.
    groups, gone = joined_groups(
        pl.Series(["1", "2", "2", "3", "4"]),
        pl.Series(["de", "de", "el", "el", "en"]),
        pl.Series(["Bonn", "Bonn", "στη Βόννη", "ΣΤΗ  ΒΌΝΝΗ", "Bonn"]),
    )
    assert groups.to_list() == ["1", "1", "1", "1", "4"]
    assert gone == 2


def test_no_rows_have_no_groups() -> None:
    none = pl.Series([], dtype=pl.String)
    groups, gone = joined_groups(none, none, none)
    assert (groups.to_list(), gone) == ([], 0)


def test_normalised_texts() -> None:
    assert normalised(" Ｑuelle  Straße\u00a0") == "quelle strasse"
    assert normalised("ΣΤΗ") == normalised("στη")
    assert normalised("e\u0301te\u0301") == normalised("été")
    assert normalised("a b") != normalised("ab")
    assert normalised_column(pl.Series(["A", "a ", "A"])).to_list() == ["a", "a", "a"]
