"""A hash of the code that a stage runs: its module and every project module that it imports.

Snakemake does not see an edit of a module behind a shell command. Each rule therefore tracks
this hash as a param. It is taken over syntax trees without docstrings and without what a schema
says of its file, so that comments, layout, a touch or a fresh checkout change nothing.
"""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "hybridbatch"


def code_hash(module: str, *, root: Path | None = None) -> str:
    """Hash of `module` (such as `hybridbatch.train`) and its closure, as 16 hexadecimal digits.

    Args:
        module: dotted name of a module of the package.
        root: folder that holds the package; by default the one this module was loaded from.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    digest = hashlib.sha256()
    for name, path in sorted(closure(module, root=root).items()):
        tree = _without_documentation(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        digest.update(f"{name}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()[:16]


def closure(module: str, *, root: Path | None = None) -> dict[str, Path]:
    """The project modules that `module` imports, followed transitively, itself included."""
    root = root or Path(__file__).resolve().parent.parent
    if _file(module, root) is None:
        raise ModuleNotFoundError(f"no module {module} under {root}")
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file(name, root)
        if path is None or name in found:
            continue
        found[name] = path
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        waiting.extend(_imports(tree, name, is_package=path.name == "__init__.py"))
        if "." in name:
            waiting.append(name.rpartition(".")[0])  # importing a.b runs a/__init__.py too
    return found


def _file(name: str, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(tree: ast.AST, name: str, *, is_package: bool) -> Iterator[str]:
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                above = parents[: len(parents) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            if _is_ours(base):
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)


def _is_ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")


def _without_documentation(tree: ast.Module) -> ast.Module:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if (
            isinstance(node, kinds)
            and node.body
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Schema":
            node.keywords = [word for word in node.keywords if not _is_text_of_schema(word)]
    return tree


def _is_text_of_schema(keyword: ast.keyword) -> bool:
    # Read by `hybridbatch schemas` alone, and nearly every stage imports the schemas.
    return keyword.arg == "doc" and isinstance(keyword.value, ast.Constant)
