"""The averages over settings that are estimated and compared.

An average is one setting, or a macro average over all settings of a kind. Its value is the mean
over its settings of their means over queries. This is linear, so one matrix turns the (resampled)
means of the settings into the averages.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hybridbatch.common.vocabulary import MACRO, POOL, SETTINGS, passage_column
from hybridbatch.evaluation.observations import Cell, Floats

LEVELS = ("high", "low")
# The family of the macro averages of all kinds of settings.
MACROS = "macro averages"
_EXPOSURES = ("seen", "unseen")


@dataclass(frozen=True)
class Average:
    """The mean over some settings.

    Attributes:
        setting: the kind of the settings.
        family: averages of the same family are corrected together by Holm's method.
        name: (query_language, passage_language), or (grouping, group).
        members: the settings, as columns.
    """

    setting: str
    family: str
    name: tuple[str, str]
    members: tuple[int, ...]


def settings_and_macros(cells: Sequence[Cell]) -> tuple[Average, ...]:
    """Every setting alone, and after the settings of a kind their macro average.

    The macro averages test whether two systems differ overall, the settings test where. They are
    separate families, so that the number of settings does not weaken the test of a macro average.
    """
    averages: list[Average] = []
    for kind in SETTINGS:
        members = tuple(i for i, cell in enumerate(cells) if cell.setting == kind)
        for i in members:
            name = (cells[i].query_language, cells[i].passage_language)
            averages.append(Average(kind, f"{kind} settings", name, (i,)))
        if members:
            name = (MACRO, passage_column(kind))
            averages.append(Average(kind, MACROS, name, members))
    return tuple(averages)


def groups(
    cells: Sequence[Cell], *, high: frozenset[str], seen: frozenset[str]
) -> tuple[Average, ...]:
    """Averages where a sampling may be worse: overall, by language, resource level and training.

    The group of a cross-lingual setting names the levels of both languages, in either direction
    (`high-low`). A monolingual setting names its language's level twice (`high-high`); a pool is
    `all` (`high-all`). The averages of a grouping are one family over all settings, but the
    languages of each setting are one: a verdict on a language is about one setting.

    Args:
        cells: the settings.
        high: the high-resource languages, which stand for their varieties too (`zh` for `zh-Hans`);
            all others are low-resource.
        seen: the training languages.
    """
    levels = {code: LEVELS[not _is_among(code, high)] for code in _languages(cells)}
    exposures = {code: _EXPOSURES[code not in seen] for code in _languages(cells)}
    groupings: dict[str, Callable[[Cell], str]] = {
        "overall": lambda cell: MACRO,
        "language": lambda cell: cell.query_language,
        "resource": lambda cell: _pair_group(cell, levels, LEVELS),
        "training": lambda cell: _pair_group(cell, exposures, _EXPOSURES),
    }
    averages = []
    for kind in SETTINGS:
        for grouping, group_of in groupings.items():
            members: dict[str, list[int]] = {}
            for i, cell in enumerate(cells):
                if cell.setting == kind:
                    members.setdefault(group_of(cell), []).append(i)
            averages += [
                Average(kind, _family(kind, grouping), (grouping, group), tuple(members[group]))
                for group in sorted(members)
            ]
    return tuple(averages)


def _family(kind: str, grouping: str) -> str:
    return f"{kind} {grouping}" if grouping == "language" else grouping


def matrix(averages: Sequence[Average], cells: int) -> Floats:
    """The matrix (cells, averages) that turns means of settings (..., cells) into averages."""
    weights = np.zeros((cells, len(averages)))
    for column, average in enumerate(averages):
        weights[list(average.members), column] = 1 / len(average.members)
    return weights


def sizes(averages: Sequence[Average], counts: Floats) -> list[tuple[int, int]]:
    """(queries, items) behind each average, from the number of queries (items, cells)."""
    parts = [counts[:, list(average.members)] for average in averages]
    return [(int(part.sum()), int(np.count_nonzero(part.any(axis=1)))) for part in parts]


def _languages(cells: Sequence[Cell]) -> set[str]:
    used = {cell.query_language for cell in cells} | {cell.passage_language for cell in cells}
    return used - {POOL}


def _is_among(code: str, languages: frozenset[str]) -> bool:
    """Whether languages hold a code, or the language of which it is a variety."""
    parts = code.split("-")
    return any("-".join(parts[:length]) in languages for length in range(1, len(parts) + 1))


def _pair_group(cell: Cell, labels: Mapping[str, str], order: Sequence[str]) -> str:
    query = labels[cell.query_language]
    if cell.passage_language == POOL:
        return f"{query}-{POOL}"
    return "-".join(sorted((query, labels[cell.passage_language]), key=order.index))
