"""Turns the options that a rule tracks (one JSON object) into a stage's frozen dataclass."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

from hybridbatch.common.errors import HybridBatchError

T = TypeVar("T")
_LONGEST = 60  # characters of a wrong value that are shown


def options_from_json(kind: type[T], text: str) -> T:
    """Parse a JSON object into the dataclass `kind`.

    Raises:
        HybridBatchError: the text is not a JSON object, or a key is unknown, missing or of the
            wrong type.
    """
    return options_from_dict(kind, object_from_json(text))


def object_from_json(text: str) -> dict[str, Any]:
    """The object that a JSON text holds.

    Raises:
        HybridBatchError: it holds none.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HybridBatchError(f"--options: not a JSON object ({error})") from error
    if not isinstance(values, dict):
        raise HybridBatchError("--options: expected a JSON object such as '{\"top_k\": 100}'")
    return values


def options_from_dict(kind: type[T], values: Mapping[str, Any], *, where: str = "") -> T:
    """Build the dataclass `kind` from a mapping, nested dataclasses and tuples included."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            known = ", ".join(fields)
            raise HybridBatchError(f"--options: unknown key {where}{name}; the keys are {known}")
    missing = [
        f"{where}{name}"
        for name, field in fields.items()
        if field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
        and name not in values
    ]
    if missing:
        named = f"key {missing[0]} is" if len(missing) == 1 else f"keys {', '.join(missing)} are"
        raise HybridBatchError(f"--options: {named} missing; --help says what is expected")
    converted = {
        name: _convert(hints[name], value, f"{where}{name}") for name, value in values.items()
    }
    return kind(**converted)


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        return None if value is None else _convert(kinds[0], value, where)
    if origin is typing.Literal:
        allowed = typing.get_args(hint)
        if value in allowed:
            return value
        names = ", ".join(map(str, allowed))
        raise HybridBatchError(f"--options: key {where} is {value!r}, expected one of {names}")
    if origin is tuple and isinstance(value, list):
        inner = typing.get_args(hint)[0]
        return tuple(_convert(inner, item, f"{where}[{i}]") for i, item in enumerate(value))
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return options_from_dict(hint, value, where=f"{where}.")  # type: ignore[arg-type]
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        with suppress(OverflowError):
            return float(value)
    if (
        isinstance(hint, type)
        and isinstance(value, hint)
        and not (hint is int and isinstance(value, bool))
    ):
        return value
    name = getattr(hint, "__name__", str(hint))
    shown = repr(value)[:_LONGEST]
    raise HybridBatchError(f"--options: key {where} is {shown}, expected {name}")
