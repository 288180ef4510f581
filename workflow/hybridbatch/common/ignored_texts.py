"""Empties the texts of a module's syntax tree that only people read and that change no result.

These are docstrings, a schema's `doc`, error messages, log lines and the texts of `--help`.
Expressions inside such texts stay. A text also stays if the module alone does not show what it is
for: a name counts as the logger, a parser or an error only if the module binds it exactly once, and
as such.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

# Built-in errors whose arguments only the user reads. The text of others may steer the program:
# the stage `encode`, for example, reads the text of a RuntimeError.
_ERRORS = ("ValueError", "TypeError")
_OUR_ERRORS = "hybridbatch.common.errors"
_SCHEMA = ("hybridbatch.schemas.schema", "Schema")
_LOG_METHODS = ("debug", "info", "warning", "error", "exception")
_PARSER = "argparse.ArgumentParser"
_GROUPS = ("add_subparsers", "add_argument_group", "add_mutually_exclusive_group")
_PARSER_METHODS = (*_GROUPS, "add_parser", "add_argument")
_HELP = ("help", "description", "epilog", "metavar")
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def without_words(tree: ast.Module) -> ast.Module:
    """`tree` itself, with the texts emptied that change no result."""
    nodes = list(ast.walk(tree))
    bound = bindings(nodes)
    if "*" not in bound:  # a star import may rebind any name
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        _empty_errors(tree, nodes, bound)
        _empty_log_lines(tree, calls, bound)
        _empty_schemas(tree, calls, bound)
        _empty_help(tree, nodes, bound)
    for node in nodes:
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def bindings(nodes: Iterable[ast.AST]) -> Counter[str]:
    """How often each name is bound by `nodes`, in any scope; `*` counts star imports."""
    return Counter(name for node in nodes for name in _bound(node))


def _empty_errors(tree: ast.Module, nodes: Sequence[ast.AST], bound: Counter[str]) -> None:
    known = {name for name in _ERRORS if not bound[name]}
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == _OUR_ERRORS:
            known |= {alias.name for alias in statement.names if bound[alias.name] == 1}
    for node in nodes:
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            error = node.exc
            if isinstance(error.func, ast.Name) and error.func.id in known:
                error.args = [_emptied(argument) for argument in error.args]


def _empty_log_lines(tree: ast.Module, calls: Sequence[ast.Call], bound: Counter[str]) -> None:
    if not _is_module(tree, "logging", bound):
        return
    loggers = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign) and _calls(statement.value, "logging.getLogger")
        for target in statement.targets
        if isinstance(target, ast.Name) and bound[target.id] == 1
    }
    for call in calls:
        if _method(call, loggers, _LOG_METHODS):
            call.args[:1] = [_emptied(argument) for argument in call.args[:1]]


def _empty_schemas(tree: ast.Module, calls: Sequence[ast.Call], bound: Counter[str]) -> None:
    module, name = _SCHEMA
    imported = any(
        isinstance(statement, ast.ImportFrom)
        and statement.module == module
        and any(alias.name == name and alias.asname is None for alias in statement.names)
        for statement in tree.body
    )
    if imported and bound[name] == 1:
        for call in calls:
            if _calls(call, name):
                _empty_keywords(call, ("doc",))


def _empty_help(tree: ast.Module, nodes: Sequence[ast.AST], bound: Counter[str]) -> None:
    if not _is_module(tree, "argparse", bound):
        return
    for function in nodes:
        if isinstance(function, _Function):
            inner = list(ast.walk(function))
            parsers = _parsers(function, inner)
            for node in inner:
                if isinstance(node, ast.Call) and (
                    _calls(node, _PARSER) or _method(node, parsers, _PARSER_METHODS)
                ):
                    _empty_keywords(node, _HELP)


def _parsers(function: _Function, inner: Sequence[ast.AST]) -> set[str]:
    """The names that mean a parser, or a group of one, throughout a function."""
    bound = bindings(inner)
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    found = {
        argument.arg
        for argument in arguments
        if argument.annotation is not None
        and ast.unparse(argument.annotation) == _PARSER
        and bound[argument.arg] == 1
    }
    for node in inner:
        if isinstance(node, ast.Assign) and (
            _calls(node.value, _PARSER) or _method(node.value, found, _PARSER_METHODS)
        ):
            found |= {t.id for t in node.targets if isinstance(t, ast.Name) and bound[t.id] == 1}
    return found


def _is_module(tree: ast.Module, name: str, bound: Counter[str]) -> bool:
    return bound[name] == 1 and any(
        isinstance(statement, ast.Import)
        and any(alias.name == name and alias.asname is None for alias in statement.names)
        for statement in tree.body
    )


def _calls(node: ast.expr, function: str) -> bool:
    """Whether a node is a call of `name` or `module.name`."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return f"{called.value.id}.{called.attr}" == function
    return isinstance(called, ast.Name) and called.id == function


def _method(node: ast.AST, owners: Iterable[str], names: Iterable[str]) -> bool:
    """Whether a node is a call `owner.name(...)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in owners
        and node.func.attr in names
    )


def _empty_keywords(call: ast.Call, names: Iterable[str]) -> None:
    for keyword in call.keywords:
        if keyword.arg is not None and keyword.arg in names:
            keyword.value = _emptied(keyword.value)


def _emptied(text: ast.expr) -> ast.expr:
    """A text emptied, an f-string with only its expressions, any other node unchanged."""
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return ast.Constant("")
    if isinstance(text, ast.JoinedStr):
        return ast.JoinedStr([v for v in text.values if not isinstance(v, ast.Constant)])
    return text


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.MatchMapping):
        if node.rest:
            yield node.rest
    elif "name" in node._fields and isinstance(name := getattr(node, "name", None), str):
        yield name  # of a function, a class, a handled error, a pattern, a type
