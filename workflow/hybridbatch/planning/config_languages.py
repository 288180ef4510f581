"""The codes of languages in a configuration: each language gets the one code of `languages`."""

from collections.abc import Iterator, Mapping
from typing import Any

from hybridbatch.common.languages import canonical, english_name
from hybridbatch.planning.config_messages import key_of
from hybridbatch.planning.config_values import Schema, resolved

# The word of the schema for a value that is the code of a language.
KEYWORD = "language"


def with_one_code(values: Any, schema: Schema) -> tuple[Any, list[str], list[tuple[str, str]]]:
    """A configuration in which each language has its one code.

    Args:
        values: the values, of which those of the schema's languages are codes.
        schema: the schema of the whole configuration.

    Returns:
        A copy of the values; a note for each code that was replaced; and the problems, as a key
        and a text: two codes of a list that are one language.
    """
    reader = _Codes(schema)
    return reader.read(values, schema, ()), reader.notes, reader.problems


class _Codes:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self.notes: list[str] = []
        self.problems: list[tuple[str, str]] = []

    def read(self, value: Any, schema: Schema, path: tuple[str | int, ...]) -> Any:
        schema = resolved(schema, self._root)
        if isinstance(value, Mapping):
            known = schema.get("properties", {})
            return {
                key: self.read(inside, known.get(key, {}), (*path, key))
                for key, inside in value.items()
            }
        if isinstance(value, list):
            wanted = schema.get("items", {})
            found = [self.read(item, wanted, (*path, n)) for n, item in enumerate(value)]
            if resolved(wanted, self._root).get(KEYWORD):
                self.problems += _twice(value, found, key_of(path))
            return found
        if not (schema.get(KEYWORD) and isinstance(value, str)):
            return value
        code = canonical(value) or value
        if code != value:
            self.notes.append(
                f"config: {key_of(path)}: {value} is read as {code} ({english_name(code)})"
            )
        return code


def _twice(given: list[Any], codes: list[Any], key: str) -> Iterator[tuple[str, str]]:
    for number, code in enumerate(codes):
        first = codes.index(code)
        if first < number:
            yield (
                f"{key}[{number}]",
                f"{given[number]!r} is the same language as {given[first]!r}; keep one",
            )
