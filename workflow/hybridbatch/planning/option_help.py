"""What `hybridbatch STAGE --help` says of the keys of `--options`.

The keys and their types are those of the stage's dataclass. Default and meaning of a key of the
configuration are in its schema, of any other key in the dataclass and its docstring.
"""

import dataclasses
import inspect
import json
import re
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from hybridbatch.planning import stage_options
from hybridbatch.planning.config import config_schema

_KINDS = {
    "integer": "integer",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "array": "list",
    "null": "null",
}
_OF_TYPES = {int: "integer", float: "number", str: "text", bool: "true or false", dict: "object"}
_BOUNDS = {
    "minimum": "at least {:g}",
    "exclusiveMinimum": "above {:g}",
    "maximum": "at most {:g}",
    "exclusiveMaximum": "below {:g}",
}
# `stage_options.completed` fills these in from the name that another option gives.
_FILLED = {"drawing": "that of the sampling", "reader": "that of the kind", "code": "its hash"}
_MISSING = dataclasses.MISSING


@dataclasses.dataclass(frozen=True)
class Key:
    """A key of `--options`.

    Attributes:
        name: with dots where it is in another key, such as `validation.every`.
        kind: the values that it takes, in words.
        default: in words; None if the key is required.
        meaning: one sentence; empty if nothing describes it.
    """

    name: str
    kind: str
    default: str | None
    meaning: str


def keys(stage: str, options: type) -> list[Key]:
    """The keys of a stage's options, in the order of its dataclass `options`."""
    return list(_keys(options, stage_options.described(stage, config_schema()), above=""))


def epilog(stage: str, options: type, *, width: int) -> str:
    """The keys of a stage's options as text for the end of its help, `width` columns wide."""
    lines = ["keys of --options, a JSON object:"]
    for key in keys(stage, options):
        default = "required" if key.default is None else f"default {key.default}"
        lines.append(f"  {key.name}")
        for text in (f"{key.kind}; {default}", key.meaning):
            lines += (f"      {line}" for line in textwrap.wrap(text, width - 6))
    return "\n".join(lines)


def _keys(options: type, described: Mapping[str, Any], *, above: str) -> Iterator[Key]:
    hints = typing.get_type_hints(options)
    meanings = _meanings(options)
    for field in dataclasses.fields(options):
        name, node, hint = f"{above}{field.name}", described.get(field.name), hints[field.name]
        inner, many = _inner(hint)
        if isinstance(inner, type) and _is_described(inner, node):
            begin = f"{name}[]." if many else f"{name}."
            yield from _keys(inner, node if isinstance(node, dict) else {}, above=begin)
        elif isinstance(node, stage_options.Described):
            default = _default_of(node.schema, field)
            yield Key(name, _kind_of(node.schema), default, str(node.schema["description"]))
        else:
            meaning = meanings.get(field.name, "")
            yield Key(name, _kind(hint), _default(field), meaning[:1].upper() + meaning[1:])


def _inner(hint: Any) -> tuple[Any, bool]:
    """A type without `| None` and `tuple[..., ...]`, and whether it was a tuple."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(kind for kind in typing.get_args(hint) if kind is not type(None))
    if typing.get_origin(hint) is tuple:
        return typing.get_args(hint)[0], True
    return hint, False


def _is_described(kind: type, node: Any) -> bool:
    """Whether the keys inside a key are listed: those of the config, and those with a docstring."""
    if not dataclasses.is_dataclass(kind):
        return False
    fields = {field.name for field in dataclasses.fields(kind)}
    return isinstance(node, dict) or (kind.__name__ != "Drawing" and fields <= set(_meanings(kind)))


def _meanings(options: type) -> dict[str, str]:
    """What the sections `Attributes:` of a dataclass and of its bases say of each attribute."""
    found: dict[str, str] = {}
    for kind in reversed(options.__mro__):
        _, _, section = inspect.cleandoc(kind.__dict__.get("__doc__") or "").partition(
            "Attributes:\n"
        )
        for name, text in re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE):
            found[name] = " ".join(text.split())
    return found


def _kind(hint: Any) -> str:
    if hint in _OF_TYPES:
        return _OF_TYPES[hint]
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(
            "null" if kind is type(None) else _kind(kind) for kind in typing.get_args(hint)
        )
    if origin is tuple:
        return f"list of {_kind(typing.get_args(hint)[0])}"
    if origin is typing.Literal:
        return f"one of {', '.join(map(str, typing.get_args(hint)))}"
    return "object"


def _kind_of(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return f"one of {', '.join(json.dumps(value).strip(chr(34)) for value in node['enum'])}"
    named = node["type"] if isinstance(node["type"], list) else [node["type"]]
    words = " or ".join(_KINDS[name] for name in named)
    if "items" in node and "type" in node["items"]:
        words += f" of {_KINDS[node['items']['type']]}"
    bounds = [text.format(node[key]) for key, text in _BOUNDS.items() if key in node]
    return ", ".join([words, " and ".join(bounds)] if bounds else [words])


def _default_of(node: Mapping[str, Any], field: Any) -> str | None:
    if "undeclared" in node:
        return f"the model's, else {json.dumps(node['undeclared'])}"
    return json.dumps(node["default"]) if "default" in node else _default(field)


def _default(field: Any) -> str | None:
    if field.name in _FILLED:
        return _FILLED[field.name]
    if field.default is _MISSING and field.default_factory is _MISSING:
        return None
    if dataclasses.is_dataclass(field.default):
        return "{}"
    return json.dumps(field.default)
