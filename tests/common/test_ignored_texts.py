"""Of a module's words only those are left out of the code hash that change no result."""

import ast
from pathlib import Path

import pytest

from hybridbatch.common.codehash import Source, parse
from hybridbatch.common.ignored_texts import bindings

PACKAGE = Path(__file__).parents[2] / "workflow" / "hybridbatch"

LOGGER = "import logging\nlogger = logging.getLogger(__name__)\n"
ERROR = "from hybridbatch.common.errors import HybridBatchError\n"
SCHEMA = "from hybridbatch.schemas.schema import Schema\n"
PARSER = "import argparse\ndef add(parser: argparse.ArgumentParser):\n"

# Each holds WORD where a person reads it and no result depends on it.
WORDS = {
    "error": ERROR + 'raise HybridBatchError("WORD")',
    "error with an expression": ERROR + 'raise HybridBatchError(f"WORD {path} WORD") from None',
    "built-in error": 'def f(x):\n    raise ValueError(f"{x} is WORD")',
    "log line": LOGGER + 'logger.info("WORD %d", 1)',
    "log line with an expression": LOGGER + 'def f(x):\n    logger.warning(f"WORD {x}")',
    "trace": LOGGER + 'logger.exception("WORD")',
    "schema": SCHEMA + 'PAIRS = Schema(name="pairs", doc="WORD, " "one a row.")',
    "help": PARSER + '    parser.add_argument("--k", type=int, help="WORD", metavar="WORD")',
    "help of a group": PARSER + "    given = parser.add_mutually_exclusive_group(required=True)\n"
    '    given.add_argument("--k", help="WORD")',
    "help of a command": "import argparse\ndef make():\n"
    '    parser = argparse.ArgumentParser(description="WORD", epilog="WORD")\n'
    "    commands = parser.add_subparsers()\n"
    '    commands.add_parser("train", help="WORD")',
    "docstring": 'def f():\n    """WORD"""',
}

# Each holds WORD where it changes, or may change, what the code does.
MEANINGS = {
    "string": 'x = "WORD"',
    "expression in an error": ERROR + "raise HybridBatchError(f\"{path or 'WORD'}\")",
    "error that is built before": ERROR + 'error = HybridBatchError("WORD")\nraise error',
    "error whose text is looked into": 'raise RuntimeError("WORD")',
    "value of a generator": 'def f():\n    yield 1\n    raise StopIteration("WORD")',
    "error of a library": 'from library import Odd\nraise Odd("WORD")',
    "error that is rebound": ERROR + 'HybridBatchError = print\nraise HybridBatchError("WORD")',
    "built-in error that is rebound": 'def f(ValueError):\n    raise ValueError("WORD")',
    "error behind a star": 'from library import *\nraise ValueError("WORD")',
    "argument of a log line": LOGGER + 'logger.info("%s", "WORD")',
    "local that is called logger": LOGGER + 'def f(logger):\n    return logger.info("WORD")',
    "logger that is no logger": 'import logging\nlogger = Ledger()\nlogger.info("WORD")',
    "logging that is no module": LOGGER.replace("import logging", "logging = X()")
    + 'logger.info("WORD")',
    "another method of a logger": LOGGER + 'logger.addFilter("WORD")',
    "name of a schema": SCHEMA + 'PAIRS = Schema(name="WORD")',
    "doc of something else": 'TEXT = dict(doc="WORD")',
    "schema of a library": 'from library import Schema\nPAIRS = Schema(doc="WORD")',
    "default of an option": PARSER + '    parser.add_argument("--k", default="WORD")',
    "name of an option": PARSER + '    parser.add_argument("WORD")',
    "option of something else": 'import argparse\ndef f(x):\n    x.add_argument(help="WORD")',
    "parser that is rebound": PARSER + '    parser = X()\n    parser.add_argument(help="WORD")',
    "help of something else": PARSER + '    parser.register(help="WORD")',
}


def digest(text: str) -> str:
    return parse(Source("hybridbatch.module", "hybridbatch", text.encode())).digest


@pytest.mark.parametrize("text", WORDS.values(), ids=WORDS)
def test_a_word_for_people_is_left_out(text: str) -> None:
    assert digest(text) == digest(text.replace("WORD", "other words"))


@pytest.mark.parametrize("text", MEANINGS.values(), ids=MEANINGS)
def test_a_word_that_may_change_a_result_counts(text: str) -> None:
    assert digest(text) != digest(text.replace("WORD", "other"))


def test_expressions_in_left_out_texts_count() -> None:
    error = ERROR + 'raise HybridBatchError(f"row {row}: {reason}")'
    assert digest(error) != digest(error.replace("{row}", "{column}"))
    line = LOGGER + 'logger.info(f"{row} rows")'
    assert digest(line) != digest(line.replace("{row}", "{row:,}"))


def test_whether_there_is_a_text_counts() -> None:
    assert digest(ERROR + "raise HybridBatchError()") != digest(
        ERROR + 'raise HybridBatchError("")'
    )


# The places of the package where the text of a caught error goes elsewhere than into another
# error or a log line. Each was read: none of them writes it into an artifact or steers by words
# that are left out of the hash. A new place must be judged likewise before it is named here.
JUDGED = {
    # Compares the text of torch's RuntimeError; ours count in the hash.
    ("encoding/inference.py", "_CPU_OUT_OF_MEMORY in str(error)"),
    # Part of another error.
    (
        "data/readers/arrowrows.py",
        "reason = short(str(error).partition('\\n')[0], 200) or type(error).__name__",
    ),
    (
        "data/readers/arrowrows.py",
        "reason = str(error).strip().partition('\\n')[0].rstrip('.') or type(error).__name__",
    ),
    # A problem of the user's data, which becomes part of another error.
    (
        "data/readers/csvrows.py",
        "found.add(f'{path}: line {first} is not readable as {kind[1:]} ({error}); put quotation "
        "marks around the whole text and double those inside, or use .jsonl')",
    ),
    ("data/readers/csvrows.py", "'new-line' in str(error)"),  # chooses between two such problems
    ("data/readers/jsonrows.py", "found.add(f'{origin}: {error}')"),
    ("data/readers/jsonrows.py", "found.add_error(error)"),
    ("data/readers/pairtables.py", "found.add_error(error)"),
    ("data/readers/retrievalsets.py", "self._found.add_error(error)"),
    (
        "data/readers/squadfiles.py",
        'found.add(f"{path}: article {number}: not in SQuAD\'s format ({error}); {remedy}")',
    ),
    ("data/readers/squadfiles.py", "found.add(f'{path}: {place}: {error}; {remedy}')"),
    ("data/readers/squadfiles.py", "found.add(f'{path}: {where}: {error}; {remedy}')"),
    # Where in a file the error is.
    ("data/readers/textlines.py", "line = content.count(b'\\n', 0, error.start) + 1"),
    (
        "data/sources/miracl.py",
        "what = f'key {error} is missing' if isinstance(error, KeyError) else str(error)",
    ),
    # Told to the other processes, which raise it.
    ("training/train.py", "problem = str(error)"),
    ("training/checkpoints.py", "reason = str(error)"),
    ("training/processes.py", "return str(error)"),
    # Says what is damaged, for `hybridbatch verify` and the report's refusal.
    (
        "planning/findings.py",
        "return Finding(path, 'damaged', str(error).partition(': ')[2])",
    ),
    # Ends a command with a line and a code.
    ("cli.py", "(line := explain(error))"),
    ("cli.py", "(number := getattr(error, 'sigval', None)) is not None"),
    ("cli.py", "_log_bad_input(error)"),
    ("cli.py", "not isinstance(error, BrokenPipeError)"),
    # Which kind of error it is, and which file was written, for the line that ends a command.
    ("common/artifacts.py", "error.add_note(f'{_WRITING}{path}')"),
    ("common/parquet.py", "isinstance(error, OSError) and error.errno is not None"),
    ("console/announce.py", "logging.getLogger(_LOGGER).debug('no forecast: %s', error)"),
    ("encoding/hub.py", "not _of_network(error)"),
    ("data/readers/arrowrows.py", "isinstance(error, OSError) and error.errno is not None"),
    # Part of another error.
    ("encoding/checkpoint_files.py", "return (path, f'not JSON ({error})')"),
    ("encoding/checkpoint_files.py", "return (path, str(error))"),
    (
        "common/registry.py",
        "text = str(error) if isinstance(error, HybridBatchError) else repr(error)",
    ),
    # Where in a configuration it is wrong.
    ("planning/config.py", "raise_all(map(self.place, lines_of(error)))"),
    # A line among the problems of a configuration, which end Snakemake and commands.
    ("planning/config_checks.py", "yield f'config: {key}: {error}'"),
    ("planning/config_checks.py", "yield str(error)"),
    ("planning/preflight.py", "yield str(error)"),
    # What `hybridbatch check` prints.
    ("planning/check.py", "return _ended([f'error: {line}' for line in lines_of(error)])"),
    ("planning/check_data.py", "self.problems += lines_of(error)"),
    ("planning/config_early.py", "sys.exit(f'hybridbatch: error: {error}')"),
    ("planning/config_files.py", "line = error.object[:error.start].count(b'\\n') + 1"),
    ("planning/config_files.py", "mark = error.problem_mark or error.context_mark"),
    # Answers of the page that `serve` shows, which no artifact holds; why a port cannot be taken.
    ("serving/app.py", "response = Response(f'{error.code} {error.name}\\n', status=error.code)"),
    ("serving/app.py", "isinstance(error, MethodNotAllowed)"),
    ("serving/app.py", "return self._shown(Asked(), error=str(error), status=400)"),
    ("serving/app.py", "return self._shown(asked, error=str(error), status=500)"),
    ("serving/serve.py", "error.errno not in why"),
    # Ends Snakemake.
    ("planning/workflow_support.py", "sys.exit(shown(error))"),
    ("planning/workflow_support.py", "sys.exit(f'hybridbatch: error: {error}')"),
    ("planning/deployment.py", "sys.exit(f'hybridbatch: error: {error}')"),
}


def uses_of_caught_errors(path: Path) -> set[tuple[str, str]]:
    """Each statement that uses a caught error beside `raise` and log lines, and its module."""
    tree = ast.parse(path.read_text())
    found = set()
    for handler in ast.walk(tree):
        if isinstance(handler, ast.ExceptHandler) and handler.name:
            for statement in simple_statements(handler.body):
                names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
                text = ast.unparse(statement)
                if handler.name in names and not text.startswith(("raise ", "logger.")):
                    found.add((str(path.relative_to(PACKAGE)), text.splitlines()[0]))
    return found


def simple_statements(body: list[ast.stmt]) -> list[ast.AST]:
    found: list[ast.AST] = []
    for statement in body:
        inner = [b for b in (getattr(statement, "body", []), getattr(statement, "orelse", [])) if b]
        if not inner:
            found.append(statement)
        elif isinstance(statement, ast.If | ast.While):
            found.append(statement.test)
        for block in inner:
            found.extend(simple_statements(block))
    return found


def test_no_text_of_a_caught_error_reaches_an_artifact() -> None:
    found = set().union(*map(uses_of_caught_errors, sorted(PACKAGE.rglob("*.py"))))
    assert found == JUDGED, "judge each new use, as the comment at JUDGED says"


def test_nothing_reads_a_trace_or_a_schemas_words() -> None:
    readers = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("doc", "format_exc", "exc_info")
    }
    # For `hybridbatch schemas`, and for the line that tells of a lost log file: no stage's result.
    assert readers == {"schemas/document.py", "common/logfile.py"}


def test_bindings_of_every_kind_are_counted() -> None:
    text = (
        "import a\nimport b.c\nfrom d import e as f\ndef g(h, *i, j=1, **k): pass\nclass m: pass\n"
        "for n in (): pass\nwith o as p: pass\ntry: pass\nexcept q as r: pass\ns = t = 1\ndel u\n"
        "match v:\n    case {'w': 1, **x}: pass\n    case [y, *z]: pass\n    case 1 as aa: pass\n"
        "(bb := 1)\n[cc for cc in ()]\nglobal dd\n"
    )
    names = set(bindings(ast.walk(ast.parse(text))))
    assert names == {*"abfghijkmnprstuxyz", "aa", "bb", "cc"}
