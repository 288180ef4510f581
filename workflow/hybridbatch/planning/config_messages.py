"""One line for each wrong value: the key, the value and the remedy."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import ValidationError

from hybridbatch.common.languages import refusal
from hybridbatch.common.suggest import did_you_mean
from hybridbatch.planning.config_values import resolved

_DIGITS = re.compile(r"[-+]?[0-9][0-9a-fA-FxX_:]*")
_OF_YAML = "; YAML reads yes, no, on and off as true and false: put the value in quotation marks"


Path = list[str | int]


def explain(error: ValidationError, schema: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """Each problem of an error: where it is, as a path into the values, and the message.

    Args:
        error: what the validator found.
        schema: the whole schema, to say where an unknown key belongs.
    """
    path, kind = list(error.path), error.validator
    if kind == "additionalProperties":
        known = error.schema["properties"]
        return [
            ([*path, name], f"{_inside(path)}{_unknown_key(name, known, schema)}")
            for name in error.instance
            if name not in known
        ]
    if kind == "required":
        return [(path, f"{_inside(path)}{error.message}; add it")]
    return [(path, f"{key_of(path)}: {_of_value(error, path, schema)}")]


def key_of(path: Iterable[str | int]) -> str:
    """`training.steps`, `alphas[0]`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).lstrip(".")


def _inside(path: Path) -> str:
    return f"{key_of(path)}: " if path else ""


def _unknown_key(name: str, known: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    hint = did_you_mean(name, known)
    if not hint:
        elsewhere = [where for where, last in _all_keys(schema) if last == name]
        hint = f"; did you mean `{elsewhere[0]}`?" if len(elsewhere) == 1 else ""
    return f"unknown key `{name}`{hint or '; the keys are ' + ', '.join(sorted(known))}"


def _all_keys(schema: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Every key of the schema: with the keys above it, and without them."""
    for name, inside in schema.get("properties", {}).items():
        yield f"{above}{name}", name
        yield from _all_keys(inside, f"{above}{name}.")


def _of_value(error: ValidationError, path: Path, schema: Mapping[str, Any]) -> str:
    value, kind = error.instance, error.validator
    if kind == "language" or (isinstance(value, bool) and _wants_language(error.schema, schema)):
        return refusal(value)
    if kind == "enum":
        words = [str(word) for word in error.validator_value if word is not None]
        if value is None:
            return f"it has no value; give it one of {', '.join(words)}, or remove the key"
        return f"{value!r} is not one of {', '.join(words)}{did_you_mean(value, words)}"
    if kind == "type":
        return _of_type(error)
    if kind == "pattern" and error.schema.get("pattern", "").startswith("^[A-Za-z0-9]"):
        return f"{value!r} is not a name; use letters, digits and _ . @ + -"
    if kind == "pattern" and key_of(path).startswith("extensions"):
        return f"{value!r} is not a Python file; its name must end in .py"
    if kind == "pattern" and "text" in error.schema["pattern"]:
        return f"{value!r} has no {{text}}, so that all passages would be equal; add it"
    if kind == "minLength" and not value:
        return "the text is empty; give one, or remove the key"
    if kind == "minItems" and not value:
        return "the list is empty; name at least one"
    if kind == "uniqueItems":
        twice = next(item for number, item in enumerate(value) if item in value[:number])
        return f"{twice!r} appears twice; keep one"
    return str(error.message)


def _wants_language(inside: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether a part of the schema is the code of a language, or a list of codes."""
    return bool({**inside, **resolved(inside.get("items", {}), schema)}.get("language"))


def _of_type(error: ValidationError) -> str:
    value, wanted = error.instance, error.validator_value
    wanted = [wanted] if isinstance(wanted, str) else wanted
    names = " or ".join(wanted)
    if value is None:
        nothing = "it has no keys" if "object" in wanted else "it has no value"
        return f"{nothing}; give it {_A[wanted[0]]}, or remove the key"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a finite number"
    if isinstance(value, int) and names == "integer" and not isinstance(value, bool):
        return str(error.message)  # it is too large
    if wanted == ["array"]:
        return f"{value!r} is not of type array{_as_list(value)}"
    if isinstance(value, str) and names == "integer" and _DIGITS.fullmatch(value):
        return f"{value!r} is not of type integer; write decimal digits, without a leading zero"
    hint = _OF_YAML if isinstance(value, bool) and "string" in wanted else ""
    return f"{value!r} is not of type {names}{hint}"


def _as_list(value: Any) -> str:
    if isinstance(value, dict):
        return "; begin each entry with -"
    return "; the list is incomplete" if str(value).startswith("[") else f"; write [{value}]"


_A = {
    "object": "keys of its own",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
