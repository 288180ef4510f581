"""Converts the written texts to the values that the schema wants, at any depth.

Snakemake passes the items of `--config key=[...]` as text, and YAML reads `1e-5` as text, `no` as
false and `1:30` as ninety. Here the key decides: a number, true or false, null or text.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from hybridbatch.planning.config_files import Items, Keys, Scalar, Written

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*(_[0-9]+)*)")
_NUMBER = re.compile(r"[-+]?([0-9]+(_[0-9]+)*(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_TRUE = frozenset(("true", "yes", "on"))
_FALSE = frozenset(("false", "no", "off"))
_NULL = frozenset(("", "~", "null"))
_NOTHING = object()
Schema = Mapping[str, Any]


def values_of(written: Written, schema: Schema, *, root: Schema | None = None) -> Any:
    """The values of a configuration.

    Args:
        written: what the files and the command line hold.
        schema: the schema of this part; a `$ref` refers to `root`.
        root: the whole schema.

    Returns:
        Dictionaries, lists and scalars. A value that cannot be converted stays as YAML reads it;
        the check against the schema then refuses it.
    """
    root = schema if root is None else root
    schema = resolved(schema, root)
    if isinstance(written, Keys):
        known, further = schema.get("properties", {}), schema.get("additionalProperties")
        other = further if isinstance(further, dict) else {}
        return {
            key: values_of(value, known.get(key, other), root=root)
            for key, value in written.entries.items()
        }
    if isinstance(written, Items):
        return [values_of(item, schema.get("items", {}), root=root) for item in written.items]
    return _scalar(written, schema)


def resolved(schema: Schema, root: Schema) -> Schema:
    """A part of the schema with its `$ref` followed."""
    reference = str(schema.get("$ref", ""))
    if not reference:
        return schema
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}


def types_of(schema: Schema) -> tuple[str, ...]:
    """The types that a part of the schema allows; the words of an `enum` are strings."""
    wanted = schema.get("type", "string" if "enum" in schema else ())
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)


def is_number(text: str) -> bool:
    """Whether a text is a finite decimal number."""
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def _scalar(written: Scalar, schema: Schema) -> Any:
    wanted = types_of(schema)
    if written.given and not _needs_another(written.given[0], wanted):
        return written.given[0]
    text = written.text
    # An empty prefix is a text, and no prefix in the file leaves it to the model.
    empty_is_text = "string" in wanted and "undeclared" in schema
    if (written.plain or ("null" in wanted and not empty_is_text)) and text.lower() in _NULL:
        return None
    if "string" in wanted:
        return written.given[0] if written.given else text
    for kind in wanted:
        value = _READERS.get(kind, _nothing)(text.strip())
        if value is not _NOTHING:
            return value
    return _refused(written, wanted)


def _needs_another(value: Any, wanted: tuple[str, ...]) -> bool:
    """Whether a number may have to be converted, such as 1 to 1.0 or 5.0 to 5."""
    return type(value) in (int, float) and bool({"integer", "number"} & set(wanted))


def _integer(text: str) -> Any:
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 400 else _NOTHING
    if _NUMBER.fullmatch(text) and re.search(r"[.eE]", text) and float(text).is_integer():
        return int(float(text))
    return _NOTHING


def _number(text: str) -> Any:
    return float(text) if is_number(text) else _NOTHING


def _boolean(text: str) -> Any:
    return True if text.lower() in _TRUE else False if text.lower() in _FALSE else _NOTHING


def _nothing(_: str) -> Any:
    return _NOTHING


def _refused(written: Scalar, wanted: tuple[str, ...]) -> Any:
    """A value that cannot be converted, for the error message: in its own type, or as text."""
    if written.given:
        return written.given[0]
    text = written.text
    if not written.plain:
        return text
    if {"integer", "number"} & set(wanted) and not re.search(r"[.eE]", text):
        return text  # YAML reads 017 as 15 and 1:30 as 90
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text
    return value if isinstance(value, bool | int | float) else text


_READERS = {"integer": _integer, "number": _number, "boolean": _boolean}
