"""Leaves the wrong values of a configuration out, so that the rest can be checked as well.

All problems of a configuration are said at once. A check of two values that depend on each other
needs both; it is skipped if one of them is wrong, because it would only repeat that.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jsonschema import ValidationError

# What stands for a wrong value of a key that has no default.
_PLACEHOLDERS: Mapping[str, Any] = MappingProxyType(
    {
        "recipe": "recipe",
        "sources": [{"name": "cldr"}],
        "train_languages": ["de", "en"],
        "benchmarks": [{"name": "cldr"}],
    }
)


def mended(values: Any, errors: Iterable[ValidationError]) -> tuple[dict[str, Any], frozenset[str]]:
    """A copy without the wrong values, and the keys that they had.

    Args:
        values: the values of a configuration.
        errors: what the schema says of them.

    Returns:
        The values that are left, and what stands for those without a default; the keys, without
        positions in lists: `training.steps`, `sources.weight`.
    """
    left: dict[str, Any] = copy.deepcopy(values) if isinstance(values, dict) else {}
    broken: set[str] = set()
    paths = [path for error in errors for path in _at_fault(error)]
    for path in sorted(paths, key=len, reverse=True):
        broken.add(without_positions(path))
        _remove(left, path)
    for key, value in _PLACEHOLDERS.items():
        if key not in left:
            left[key] = copy.deepcopy(value)
            broken.add(key)
    return left, frozenset(broken - {""})


def without_positions(path: Sequence[str | int]) -> str:
    """`sources.weight` for the path of `sources[0].weight`."""
    return ".".join(part for part in path if isinstance(part, str))


def overlap(key: str, others: Iterable[str]) -> bool:
    """Whether a key is one of the others, or lies within one, or holds one."""
    return any(
        key == other or key.startswith(f"{other}.") or other.startswith(f"{key}.")
        for other in others
    )


def _at_fault(error: ValidationError) -> list[list[str | int]]:
    """The paths of what must be left out; the entry of a list takes the whole list with it."""
    path = list(error.path)
    if error.validator == "additionalProperties":
        return [[*path, key] for key in error.instance if key not in error.schema["properties"]]
    while path and isinstance(path[-1], int):
        path.pop()
    return [path]


def _remove(values: Any, path: Sequence[str | int]) -> None:
    """Remove the value at a path, if it is there."""
    for part in path[:-1]:
        inside = isinstance(values, dict) and part in values
        if not inside and not (isinstance(values, list) and int(part) < len(values)):
            return
        values = values[part]
    if path and isinstance(values, dict):
        values.pop(path[-1], None)
