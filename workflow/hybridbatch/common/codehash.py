"""A hash of the code that a stage runs: its module and every project module that it imports.

Files of the package that are not Python count if a module of the stage names them in its constant
`PACKAGE_DATA`: a tuple of patterns for paths in the package, written out as literals.

Snakemake does not notice an edit of a module behind a shell command. Each rule therefore tracks
this hash as a param. It covers syntax trees without the texts that change no result
(`ignored_texts`), so that comments, layout, a touch or a fresh checkout do not change it.
"""

import ast
import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hybridbatch.common.ignored_texts import bindings, without_words

PACKAGE = "hybridbatch"
_ROOT = Path(__file__).resolve().parents[2]
_DATA = "PACKAGE_DATA"


@dataclass(frozen=True)
class Module:
    """What the hash needs of a module.

    Attributes:
        digest: the hash of its syntax tree without texts that change no result.
        imports: dotted names that it may import; some name an object of a module.
        data: patterns of the package's files that it reads.
    """

    digest: str
    imports: tuple[str, ...]
    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """The text of a module; `parent` is the package that `from .` refers to in it."""

    name: str
    parent: str
    text: bytes


Parse = Callable[[Source], Module]


@functools.lru_cache(maxsize=1024)
def parse(source: Source) -> Module:
    """Read a module; the same text is read once in a process.

    Raises:
        SyntaxError: it is not Python.
    """
    tree = ast.parse(source.text, source.name)
    imports = tuple(sorted(set(_imports(tree, source.parent))))
    data = _package_data(tree)
    tree = without_words(tree)
    return Module(hashlib.sha256(_dump(tree).encode()).hexdigest(), imports, data)


def code_hash(module: str, *, root: Path | None = None, parse: Parse = parse) -> str:
    """Hash of `module` (such as `hybridbatch.training.train`) and its closure, 16 hex digits.

    Args:
        module: dotted name of a module of the package.
        root: folder that holds the package; by default the one this module was loaded from.
        parse: reads a module; `codecache.remembered` gives one that caches on disk.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    root = root or _ROOT
    digest = hashlib.sha256()
    for name, found in sorted(closure(module, root=root, parse=parse).items()):
        digest.update(f"{name} {found.digest}\n".encode())
        for path in data_files(found, root=root):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:16]


def data_files(module: Module, *, root: Path | None = None) -> list[Path]:
    """The package's files that a module reads, in the order of their paths."""
    package = (root or _ROOT) / PACKAGE
    return sorted({path for pattern in module.data for path in package.glob(pattern)})


def closure(module: str, *, root: Path | None = None, parse: Parse = parse) -> dict[str, Module]:
    """The project modules that `module` imports, followed transitively, itself included."""
    root = root or _ROOT
    found: dict[str, Module] = {}
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        source = _source(name, str(root))
        if source is None:
            continue
        found[name] = parse(source)
        waiting.extend(found[name].imports)
        if "." in name:
            waiting.append(name.rpartition(".")[0])  # importing a.b runs a/__init__.py too
    if module not in found:
        raise ModuleNotFoundError(f"no module {module} under {root}")
    return found


def _source(name: str, root: str) -> Source | None:
    base = "/".join((root, *name.split(".")))
    for path, parent in ((f"{base}.py", name.rpartition(".")[0]), (f"{base}/__init__.py", name)):
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - a Path for each file doubles the time
                return Source(name, parent, file.read())
        except (FileNotFoundError, NotADirectoryError):
            continue
    return None


def _imports(tree: ast.Module, parent: str) -> Iterator[str]:
    for node in _run_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = parent.split(".")
                above = parents[: len(parents) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            if _is_ours(base):
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)


def _package_data(tree: ast.Module) -> tuple[str, ...]:
    """The value of the module's `PACKAGE_DATA`; empty if it has none.

    Raises:
        ValueError: it is not written out as literals.
    """
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == _DATA:
                return tuple(ast.literal_eval(value))
    return ()


def _is_ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")


def _run_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes but the statements of a module-level `if TYPE_CHECKING:`, which never run."""
    for statement in tree.body:
        never = isinstance(statement, ast.If) and _is_type_checking(statement.test, tree)
        if isinstance(statement, ast.If) and never:
            for other in statement.orelse:
                yield from ast.walk(other)
        else:
            yield from ast.walk(statement)


def _is_type_checking(test: ast.expr, tree: ast.Module) -> bool:
    name = "TYPE_CHECKING"
    if not isinstance(test, ast.Name) or test.id != name or bindings(ast.walk(tree))[name] != 1:
        return False
    return any(
        isinstance(statement, ast.ImportFrom)
        and statement.module == "typing"
        and any(alias.name == name for alias in statement.names)
        for statement in tree.body
    )


def _dump(value: object) -> str:
    """Like `ast.dump`, but the same in every version of Python that has these nodes.

    New versions add fields that are empty for older code, and `ast.dump` writes them.
    """
    if isinstance(value, ast.Constant):
        return f"Constant({value.value!r})"
    if isinstance(value, ast.AST):
        fields = [
            f"{name}={_dump(field)}"
            for name in value._fields
            if (field := getattr(value, name, None)) is not None and field != []
        ]
        return f"{type(value).__name__}({','.join(fields)})"
    if isinstance(value, list):
        return f"[{','.join(map(_dump, value))}]"
    return repr(value)
