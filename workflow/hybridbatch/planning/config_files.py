"""Reads configurations as they are written: each value as text, with its file and line.

A scalar stays text. `config_values` converts it to what the schema wants, so that `1e-5` is a
number and `no` a language code wherever they are written. Only PyYAML is imported: the workflow's
profile reads files with this module before Snakemake does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from hybridbatch.common.errors import HybridBatchError

# More values than any configuration has: aliases of aliases expand a few lines to billions.
_MOST_VALUES = 100_000
_CORE = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "value")
)
_EXAMPLE = "such as `recipe:` and `sources:`"


@dataclass(frozen=True)
class Place:
    """Where something was written: a file, `--config` or the name of a whole configuration."""

    origin: str
    line: int | None = None

    def __str__(self) -> str:
        return self.origin if self.line is None else f"{self.origin}:{self.line}"


@dataclass(frozen=True)
class Scalar:
    """A single value as text. `plain` is text without quotation marks, which may mean a number.

    `given` holds the typed value that a program passed; it is empty for a value from text.
    """

    text: str
    place: Place
    plain: bool = True
    given: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple["Written", ...]
    place: Place


@dataclass(frozen=True)
class Keys:
    """A mapping; the place of an entry is that of its key."""

    entries: Mapping[str, "Written"] = field(default_factory=dict)
    place: Place = Place("config")


Written = Scalar | Items | Keys


def read_file(path: Path, repeated: list[str] | None = None) -> Keys:
    """Read a configuration from a YAML or JSON file.

    Args:
        path: the file.
        repeated: takes a line for each key that is there twice; by default, the first is an error.

    Raises:
        HybridBatchError: the file cannot be read, is not UTF-8, YAML or a mapping, or has a key
            twice; the message has the file and, if there is one, the line.
    """
    shown = _shown(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise HybridBatchError(
            f"{shown}: cannot be read ({error.strerror}); correct the path"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise HybridBatchError(f"{shown}:{line}: not UTF-8; save the file as UTF-8") from error
    found = _parsed(text, shown, repeated)
    if found is None or (isinstance(found, Scalar) and found.plain and not found.text):
        raise HybridBatchError(f"{shown}: the file is empty; it needs keys {_EXAMPLE}")
    if not isinstance(found, Keys):
        kind = "a list" if isinstance(found, Items) else "a single value"
        raise HybridBatchError(f"{found.place}: {kind}; the file needs keys {_EXAMPLE}")
    if "__use_yte__" in found.entries:
        return _rendered(text, shown)
    return replace(found, place=Place(shown))


def read_arguments(
    entries: Sequence[str],
    *,
    texts: frozenset[str] = frozenset(),
    repeated: list[str] | None = None,
) -> Keys:
    """Read the `key=value` entries of Snakemake's `--config`.

    Args:
        entries: as they were typed.
        texts: the keys that accept only text: `title=A: b` is taken as it was typed.
        repeated: as in `read_file`.

    Raises:
        HybridBatchError: an entry has no `=`, or a key is written twice in a value.
    """
    place = Place("--config")
    found: dict[str, Written] = {}
    for entry in entries:
        key, separator, value = entry.partition("=")
        if not (separator and key):
            raise HybridBatchError(
                f"--config: {entry!r} is not a key=value pair; write recipe=mine"
            )
        read = _argument(value, key in texts, repeated)
        old: Keys = Keys({key: found[key]} if key in found else {}, place)
        found[key] = merged(old, Keys({key: read}, place)).entries[key]
    return Keys(found, place)


def from_values(values: Any, *, origin: str = "config") -> Written:
    """Like `read_file`, for the typed values that a program passes."""
    place = Place(origin)
    if isinstance(values, Mapping):
        entries = {str(key): from_values(value, origin=origin) for key, value in values.items()}
        return Keys(entries, place)
    if isinstance(values, list | tuple):
        return Items(tuple(from_values(value, origin=origin) for value in values), place)
    if isinstance(values, str):
        return Scalar(values, place, plain=False)
    return Scalar("" if values is None else str(values), place, given=(values,))


def merged(old: Written | None, new: Written) -> Any:
    """`new` over `old`, as Snakemake merges: mappings key by key, everything else as a whole.

    An empty mapping changes nothing, whatever `old` is.
    """
    if not isinstance(new, Keys):
        return new
    if old is not None and not new.entries:
        return old
    before = old.entries if isinstance(old, Keys) else {}
    changed = {key: merged(before.get(key), value) for key, value in new.entries.items()}
    return Keys({**before, **changed}, new.place)


def place_of(written: Written, path: Sequence[str | int]) -> Place:
    """Where the value at a path was written; if it is missing, where its nearest parent was."""
    for part in path:
        inside: Written | None = None
        if isinstance(written, Keys) and isinstance(part, str):
            inside = written.entries.get(part)
        elif isinstance(written, Items) and isinstance(part, int) and part < len(written.items):
            inside = written.items[part]
        if inside is None:
            break
        written = inside
    return written.place


def is_written(written: Written, path: Sequence[str | int]) -> bool:
    """Whether there is a value at a path."""
    for part in path:
        if isinstance(written, Keys) and part in written.entries:
            written = written.entries[str(part)]
        elif isinstance(written, Items) and isinstance(part, int) and part < len(written.items):
            written = written.items[part]
        else:
            return False
    return True


def _shown(path: Path) -> str:
    """The path as a person would type it: relative if it lies in the working folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _argument(value: str, is_text: bool, repeated: list[str] | None) -> Written:
    place = Place("--config")
    try:
        node = yaml.compose(value, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return Scalar(value, place, plain=False)
    if is_text and not _is_null(node) and not (isinstance(node, ScalarNode) and node.style):
        return Scalar(value, place, plain=False)
    if node is None:
        return Scalar("", place, plain=not is_text)
    return _Reader(place.origin, repeated, lines=False).read(node)


def _is_null(node: Node | None) -> bool:
    return node is not None and node.tag.endswith(":null") and node.value != ""


def _parsed(text: str, shown: str, repeated: list[str] | None) -> Written | None:
    try:
        # JSON may be indented with tabs. YAML refuses such tabs, and takes others as text.
        if text.lstrip().startswith("{"):
            text = _without_tabs(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise HybridBatchError(f"{shown}{line}: not YAML: {_problem(error, text)}") from error
    except yaml.YAMLError as error:
        raise HybridBatchError(f"{shown}: not YAML: {_control_character(error)}") from error
    return None if node is None else _Reader(shown, repeated).read(node)


def _without_tabs(text: str) -> str:
    # A tab inside a JSON string is written \t, so each one here is white space.
    import json

    try:
        json.loads(text)
    except ValueError:
        return text
    return text.replace("\t", " ")


def _problem(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "the line is indented with a tab; use spaces"
    problem = str(error.problem or error.context)
    if "mapping values are not allowed" in problem:
        return f"{problem}; put text with a colon in quotation marks, and check the indentation"
    if "single document" in str(error.context):
        return "a second document begins with ---; keep one"
    if "<block end>" in problem:
        return "the line does not fit the ones before it; check its indentation"
    started = error.context_mark
    if started and mark and started.line != mark.line and error.context:
        return f"{problem}, {error.context} that begins in line {started.line + 1}"
    return problem


def _control_character(error: yaml.YAMLError) -> str:
    character = getattr(error, "character", None)
    if isinstance(character, int):
        return f"the character U+{character:04X} is not allowed; remove it"
    return str(error)


def _rendered(text: str, shown: str) -> Keys:
    """Render a yte template, as Snakemake does; its values have no line numbers."""
    import yte

    try:
        values = yte.process_yaml(text, require_use_yte=True)
    except Exception as error:
        raise HybridBatchError(f"{shown}: the template fails: {error}") from error
    found = from_values(values, origin=shown)
    if not isinstance(found, Keys):
        raise HybridBatchError(f"{shown}: the template gives no keys {_EXAMPLE}")
    return found


class _Reader:
    """Turns YAML's nodes into values with places; counts them and refuses repeated keys."""

    def __init__(
        self, origin: str, repeated: list[str] | None = None, *, lines: bool = True
    ) -> None:
        self._repeated = repeated
        self._origin, self._lines, self._count = origin, lines, 0
        self._open: set[int] = set()

    def read(self, node: Node, at: Node | None = None) -> Written:
        """The value of a node, placed at its key `at` if it has one."""
        place = self._place(node if at is None else at)
        self._count += 1
        if self._count > _MOST_VALUES or id(node) in self._open:
            raise HybridBatchError(
                f"{place}: the aliases of YAML never end here; write the values out"
            )
        if node.tag not in _CORE:
            raise HybridBatchError(
                f"{place}: YAML tags such as {node.tag} are not supported; remove it"
            )
        if isinstance(node, ScalarNode):
            return Scalar(_joined(node.value), place, plain=not node.tag.endswith(":str"))
        self._open.add(id(node))
        if isinstance(node, SequenceNode):
            found: Written = Items(tuple(self.read(item) for item in node.value), place)
        else:
            found = Keys(dict(self._entries(node)), place)
        self._open.discard(id(node))
        return found

    def _entries(self, node: Any) -> Iterator[tuple[str, Written]]:
        seen: dict[str, Place] = {}
        own: list[tuple[str, Written]] = []
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise HybridBatchError(
                    f"{self._place(key)}: a key must be text, not a list or a mapping"
                )
            if key.tag.endswith(":merge"):
                yield from self._inherited(value, key)
                continue
            name, place = _joined(key.value), self._place(key)
            if name in seen:
                first = f" (first in line {seen[name].line})" if self._lines else ""
                problem = f"{place}: the key `{name}` appears twice{first}; keep one"
                if self._repeated is None:
                    raise HybridBatchError(problem)
                self._repeated.append(problem)
            seen[name] = place
            own.append((name, self.read(value, key)))
        yield from own

    def _inherited(self, value: Node, key: Node) -> Iterator[tuple[str, Written]]:
        """The entries that `<<` merges in; the first mapping of a list wins."""
        nodes = list(reversed(value.value)) if isinstance(value, SequenceNode) else [value]
        for node in nodes:
            if not isinstance(node, MappingNode):
                raise HybridBatchError(f"{self._place(key)}: `<<` can only merge a mapping")
            found = self.read(node)
            assert isinstance(found, Keys)
            yield from found.entries.items()

    def _place(self, node: Node) -> Place:
        return Place(self._origin, node.start_mark.line + 1 if self._lines else None)


def _joined(text: str) -> str:
    """Join the two halves in which JSON writes characters beyond U+FFFF; YAML does not."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
