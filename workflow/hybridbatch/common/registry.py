"""Tables of named entries, to which the project and files of a user can add.

A configuration names such files under `extensions`. The options of a stage hold the files that it
needs, with the digest of their content, so that an edit of a file runs again what used it.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar, cast

from hybridbatch.common.codehash import code_hash
from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.suggest import did_you_mean


class Named(Protocol):
    """An entry of a registry."""

    @property
    def name(self) -> str:
        """Its name in the configuration."""


T = TypeVar("T", bound=Named)


@dataclass(frozen=True)
class Extension:
    """A Python file that adds entries; `digest` is `sha256:` and the SHA-256 of its content."""

    path: str
    digest: str


class Registry(Generic[T]):
    """Entries by name, in the order in which they were added."""

    def __init__(self, what: str, entries: Iterable[T]) -> None:
        """Start with the project's own entries; `what` names their kind in messages."""
        self._what = what
        self._entries: dict[str, T] = {}
        self._origins: dict[str, Extension] = {}
        for entry in entries:
            self.add(entry)
        _REGISTRIES.append(self)

    def add(self, entry: T) -> None:
        """Add an entry, for example from an extension.

        Raises:
            HybridBatchError: the name is taken.
        """
        if entry.name in self._entries:
            raise HybridBatchError(
                f"{self._what} {entry.name!r} exists already; give yours another name"
            )
        self._entries[entry.name] = entry
        if _loading:
            self._origins[entry.name] = _loading[-1]

    def drop(self, path: str) -> None:
        """Remove what an extension added."""
        for name in [name for name, origin in self._origins.items() if origin.path == path]:
            del self._entries[name], self._origins[name]

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            known = ", ".join(self._entries)
            hint = did_you_mean(name, self._entries)
            raise HybridBatchError(f"{self._what} {name!r} is not one of {known}{hint}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._entries.values()))

    @property
    def names(self) -> tuple[str, ...]:
        """All names."""
        return tuple(self._entries)

    def origin(self, name: str) -> Extension | None:
        """The file that added an entry; None for one of the project's own."""
        return self._origins.get(name)

    def origins(self, names: Iterable[str]) -> tuple[Extension, ...]:
        """The files that added any of these entries, each once."""
        found = (self.origin(name) for name in names)
        return tuple(dict.fromkeys(origin for origin in found if origin is not None))


def load(path: str) -> ModuleType:
    """Run an extension; in the same process again only if its content has changed.

    Raises:
        HybridBatchError: the file is missing, fails, or adds a name that is taken.
    """
    try:
        digest = f"sha256:{sha256_file(Path(path))}"
    except OSError as error:
        raise HybridBatchError(f"{path}: cannot be read ({error.strerror or error})") from error
    known = _LOADED.get(path)
    if known is not None and known[0] == digest:
        return known[1]
    for registry in _REGISTRIES:
        registry.drop(path)
    module = _run(path, digest)
    _LOADED[path] = (digest, module)
    return module


def load_all(extensions: Sequence[Extension]) -> tuple[ModuleType, ...]:
    """Run the extensions that a stage's options name.

    Raises:
        HybridBatchError: as `load`, or a file has changed since the options were made.
    """
    modules = []
    for extension in extensions:
        modules.append(load(extension.path))
        if _LOADED[extension.path][0] != extension.digest:
            raise HybridBatchError(
                f"{extension.path}: changed since the workflow was planned; start it again"
            )
    return tuple(modules)


def loaded(name: str, extensions: Sequence[Extension]) -> Callable[..., Any]:
    """The function or class MODULE:NAME; without a module, NAME of the one extension.

    Raises:
        HybridBatchError: nothing has that name, or as `load_all`.
    """
    module, _, attribute = name.partition(":")
    found = importlib.import_module(module) if module else load_all(extensions)[0]
    if not callable(made := getattr(found, attribute, None)):
        raise HybridBatchError(f"{found.__file__}: holds no function or class {attribute}")
    return cast(Callable[..., Any], made)


def reference(name: str, origin: Extension | None) -> dict[str, Any]:
    """The entry in a stage's options for a MODULE:NAME that it loads, with its code's digest.

    Raises:
        HybridBatchError: the name has another form.
    """
    module, _, attribute = name.partition(":")
    if not attribute or (not module and origin is None):
        raise HybridBatchError(
            f"{name!r} is neither MODULE:NAME nor the :NAME of an object in an extension"
        )
    # The stage does not import the module, so the stage's own hash does not cover it.
    return {
        "code": code_hash(module) if module.startswith("hybridbatch.") else "",
        "extensions": [] if module or origin is None else [vars(origin)],
    }


def _run(path: str, digest: str) -> ModuleType:
    name = f"hybridbatch_extension_{digest[-16:]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise HybridBatchError(f"{path}: is not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look up the module here
    _loading.append(Extension(path, digest))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        for registry in _REGISTRIES:
            registry.drop(path)
        text = str(error) if isinstance(error, HybridBatchError) else repr(error)
        raise HybridBatchError(f"{path}: cannot be loaded: {text}") from error
    finally:
        _loading.pop()
    return module


_REGISTRIES: list[Registry] = []  # type: ignore[type-arg]  # of any entries
_LOADED: dict[str, tuple[str, ModuleType]] = {}
_loading: list[Extension] = []
