"""Reads and checks a configuration: each error is one clear line."""

import functools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import canonical
from hybridbatch.planning.config_checks import value_problems
from hybridbatch.planning.config_files import (
    Keys,
    Place,
    Written,
    from_values,
    is_written,
    merged,
    place_of,
    read_arguments,
    read_file,
)
from hybridbatch.planning.config_languages import KEYWORD, with_one_code
from hybridbatch.planning.config_mending import mended, without_positions
from hybridbatch.planning.config_messages import explain
from hybridbatch.planning.config_values import resolved, types_of, values_of
from hybridbatch.planning.problems import lines_of, raise_all

# The largest integer allowed for a key without its own maximum: steps are stored in 32 bits.
_GREATEST = 2**31 - 1
# How the project's errors name a key: `config: training.steps: ...`.
_NAMED = re.compile(r"config: (?P<key>[A-Za-z_]+(?:\[[0-9]+\]|\.[A-Za-z_]+)*): ")
# How they name another key within a section.
_KEY = re.compile(r"\b[a-z_]+(?:\.[a-z_]+)+\b")


@dataclass(frozen=True)
class Configuration:
    """A configuration and where it was written, so that errors name file and line.

    Attributes:
        values: with defaults filled in; without those that are wrong.
        written: what the files and the command line hold.
        problems: a line for each wrong value; none if the configuration was checked.
        broken: the keys of the wrong values, without positions in lists.
        notes: a line for each value that was replaced by another of the same meaning.
    """

    values: dict[str, Any]
    written: Written
    problems: tuple[str, ...] = ()
    broken: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @contextmanager
    def placed(self) -> Iterator[None]:
        """Add file and line to errors of the block that begin with `config: KEY:`."""
        try:
            yield
        except HybridBatchError as error:
            raise_all(map(self.place, lines_of(error)))

    def with_problems(self, messages: Iterable[str]) -> "Configuration":
        """The configuration with more problems, which begin with `config: KEY:`."""
        found = tuple(messages)
        keys = {without_positions(_path_of(m["key"])) for m in map(_NAMED.match, found) if m}
        return replace(
            self,
            problems=(*self.problems, *map(self.place, found)),
            broken=self.broken | keys,
        )

    def place(self, message: str) -> str:
        """The message with file and line in place of `config`, if it begins with `config: KEY:`.

        A key that has its default is placed where another key that the message names is written.
        """
        if not (named := _NAMED.match(message)):
            return message
        keys = [named["key"], *_KEY.findall(message[named.end() :])]
        paths = [_path_of(key) for key in keys]
        path = next((path for path in paths if is_written(self.written, path)), paths[0])
        return f"{place_of(self.written, path)}: {message.removeprefix('config: ')}"


def load_config(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON file and return the checked configuration with its defaults filled in.

    Raises:
        HybridBatchError: the file is missing, is not YAML, has a key twice, or breaks the schema;
            the message has file, line and key.
    """
    return read_config([path]).values


def read_config(paths: Sequence[Path], arguments: Sequence[str] = ()) -> Configuration:
    """Read files, then `key=value` arguments of a command line; later values win.

    Raises:
        HybridBatchError: as `load_config`; `problems.lines_of` gives a line for each problem.
    """
    return _sound(examine_config(paths, arguments))


def examine_config(paths: Sequence[Path], arguments: Sequence[str] = ()) -> Configuration:
    """Like `read_config`, but what is wrong is among the `problems` of the configuration.

    Raises:
        HybridBatchError: a file is missing or cannot be understood at all.
    """
    repeated: list[str] = []
    read = [read_file(path, repeated) for path in paths]
    if arguments:
        read.append(read_arguments(arguments, texts=_texts(), repeated=repeated))
    written: Any = functools.reduce(merged, read, None) or Keys()
    # A missing key is missing in all files, so its error names all of them.
    origins = [str(one.place) for one in read[: len(paths)]] or ["--config"]
    return _examined(Keys(written.entries, Place(", ".join(origins))), repeated)


def check_config(values: Mapping[str, Any], *, origin: str = "config") -> dict[str, Any]:
    """Check a configuration against the schema and return a copy with defaults filled in.

    Text is converted where the schema wants a number, true, false or null.

    Raises:
        HybridBatchError: an unknown key, a wrong type, a value out of range, an unknown language,
            a name used twice; the message names the key and the remedy.
    """
    return given_config(values, origin=origin).values


def given_config(values: Mapping[str, Any], *, origin: str = "config") -> Configuration:
    """Like `check_config`, but return a `Configuration`."""
    return _sound(examine_values(values, origin=origin))


def examine_values(values: Mapping[str, Any], *, origin: str = "config") -> Configuration:
    """Like `examine_config`, for the typed values that a program passes."""
    return _examined(from_values(values, origin=origin))


def _sound(found: Configuration) -> Configuration:
    raise_all(found.problems)
    return found


def _examined(written: Written, repeated: Sequence[str] = ()) -> Configuration:
    schema = config_schema()
    values = values_of(written, schema)
    errors = sorted(_Validator(schema).iter_errors(values), key=_by_path)
    problems = list(repeated)
    for path, message in (each for error in errors for each in explain(error, schema)):
        problems.append(f"{place_of(written, path)}: {message}")
    broken: frozenset[str] = frozenset()
    while errors:  # what is left out may be required, and the defaults are filled in last
        values, more = mended(values, errors)
        broken |= more
        errors = list(_Validator(schema).iter_errors(values))
    values, notes, twice = with_one_code(values, schema)
    found = Configuration(values, written, tuple(problems), broken)
    found = found.with_problems(f"config: {key}: {message}" for key, message in twice)
    found = found.with_problems(value_problems(values, broken=found.broken))
    return replace(found, notes=tuple(map(found.place, notes)))


def _path_of(key: str) -> list[str | int]:
    parts = re.findall(r"[A-Za-z_]+|[0-9]+", key)
    return [int(part) if part.isdigit() else part for part in parts]


def _by_path(error: ValidationError) -> tuple[list[str], bool]:
    # Unknown keys come before missing ones: they may be the same key, misspelt.
    return [str(part) for part in error.path], error.validator == "required"


@functools.cache
def config_schema() -> dict[str, Any]:
    """The schema of the configuration, with the default and the meaning of its keys."""
    text = (
        files("hybridbatch").joinpath("planning", "config_schema.yaml").read_text(encoding="utf-8")
    )
    # Each job reads the rules again. libyaml loads the schema in 3 ms, PyYAML alone in 60 ms.
    schema: dict[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return schema


def defaults() -> dict[str, Any]:
    """The default of every key that has one, at any depth."""
    return _defaults(config_schema())


def undeclared() -> dict[str, Any]:
    """The values, at any depth, for models that do not declare what the config leaves open."""
    return _defaults(config_schema(), "undeclared")


def _defaults(schema: Mapping[str, Any], keyword: str = "default") -> dict[str, Any]:
    found = {}
    for name, inside in schema.get("properties", {}).items():
        if "properties" in inside:
            # Sections without defaults of their own are filled in whole; others need not be there.
            if (within := _defaults(inside, keyword)) or keyword == "default":
                found[name] = within
        elif keyword in inside:
            found[name] = _copy(inside[keyword])
    return found


def _texts() -> frozenset[str]:
    """The keys that accept only text, or text that a model's folder may declare."""
    schema = config_schema()
    return frozenset(
        key
        for key, inside in schema["properties"].items()
        if types_of(resolved(inside, schema)) == ("string",)
        or ("undeclared" in inside and "string" in types_of(inside))
    )


def _copy(value: Any) -> Any:
    # A copy, because nested defaults are filled into it and must not change the schema.
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _fill_defaults(
    validator: Any, properties: Mapping[str, Any], instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name, subschema in properties.items():
            if "default" in subschema:
                instance.setdefault(name, _copy(subschema["default"]))
    yield from Draft202012Validator.VALIDATORS["properties"](
        validator, properties, instance, schema
    )


def _type(
    validator: Any, wanted: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Check the type. A number must be finite, and an integer always has a maximum."""
    if isinstance(instance, float) and not math.isfinite(instance):
        yield ValidationError(f"{instance} is not a finite number")
        return
    yield from Draft202012Validator.VALIDATORS["type"](validator, wanted, instance, schema)
    if isinstance(instance, int) and "maximum" not in schema and instance > _GREATEST:
        yield ValidationError(f"{instance} is greater than the maximum of {_GREATEST}")


def _language(
    _: Any, wanted: bool, instance: Any, __: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Check that a text is a code of a language."""
    if wanted and isinstance(instance, str) and canonical(instance) is None:
        yield ValidationError(f"{instance!r} is not the code of a language")


_Validator = validators.extend(
    Draft202012Validator, {"properties": _fill_defaults, "type": _type, KEYWORD: _language}
)
