"""Command `query`: ask a question and see the first passages of one or more runs.

The question is encoded with the model of each run as its queries were, and the vectors or indexes
of a benchmark in the results are searched. Without a question, each line of the standard input is
one; models and indexes are loaded once.
"""

from __future__ import annotations

import argparse
import gc
import io
import logging
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import one_code
from hybridbatch.common.options import options_from_json
from hybridbatch.common.threads import set_threads
from hybridbatch.retrieval.query_answers import Answerer, Questions, json_line, shown
from hybridbatch.retrieval.query_results import Evaluated, choose, read_evaluated

if TYPE_CHECKING:  # these import torch and FAISS: what is wrong with a command is said before
    from hybridbatch.retrieval.query_model import QuestionEncoder
    from hybridbatch.retrieval.query_search import Searcher

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
_NOT_UNICODE = "not Unicode; write it in UTF-8"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The command has only the option `threads`, which every command accepts."""

    threads: int | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the question, the runs and benchmark to search, and the form of the answer."""
    parser.add_argument(
        "question", nargs="?", help="in any language; by default, each line of the standard input"
    )
    parser.add_argument(
        "--run", action="append", default=[], help="such as embedded.cldr.hybrid.s1; may be given "
        "several times, and left out if the results hold one",
    )  # fmt: skip
    parser.add_argument(
        "--benchmark", help="whose passages to search; may be left out if the runs have one"
    )
    parser.add_argument(
        "--language", nargs="+", default=[], metavar="CODE",
        help="the question may be one of the benchmark's questions in these languages; default: "
        "in any language",
    )  # fmt: skip
    parser.add_argument(
        "--passages", nargs="+", default=[], metavar="CODE",
        help="search the passages in these languages; default: the pool of all languages",
    )  # fmt: skip
    parser.add_argument(
        "-k", type=int, default=10, help="passages of each run (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print each answer as a line of JSON")
    parser.add_argument(
        "--config", type=Path, help="also refuse results that are not of this configuration"
    )
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="(default: %(default)s)"
    )


def run(args: argparse.Namespace) -> None:
    """Answer one question, or each line of the standard input.

    Raises:
        HybridBatchError: a name is unknown; a file is missing, damaged, or does not belong to the
            others; a question is empty or not Unicode.
    """
    begin = time.perf_counter()
    _find_question(args)
    _set_encoding(json=args.json)
    options = options_from_json(Options, args.options)
    if args.k < 1:
        raise HybridBatchError(f"-k: {args.k}; give a number of passages, 1 or more")
    if args.question is not None:
        _check_question(args.question)
    runs, benchmark = choose(args.results, args.run, args.benchmark)
    evaluated = [
        read_evaluated(args.results, name, benchmark, passages=args.passages) for name in runs
    ]
    if args.config is not None:
        _check_config(args.config, evaluated, results=args.results)
    questions = Questions(evaluated[0], args.language)
    with _no_collection():
        searchers, encoders = _load(evaluated)
    set_threads(options.threads)
    answerer = Answerer(questions, searchers, encoders, k=args.k)
    logger.info(
        "%s: %s, ready after %.1f s", benchmark, ", ".join(runs), time.perf_counter() - begin
    )
    for question in _lines() if args.question is None else [args.question]:
        began = time.perf_counter()
        answer = answerer.answer(question.strip())
        seconds = time.perf_counter() - began
        columns = shutil.get_terminal_size().columns
        text = (
            json_line(answer, benchmark=benchmark) if args.json else shown(answer, columns=columns)
        )
        print(text, flush=True)
        logger.info("answered in %.0f ms", 1000 * seconds)


def _find_question(args: argparse.Namespace) -> None:
    """Take a question back that stands right after the codes of languages."""
    for words in (args.language, args.passages):
        if args.question is None and words and not _LANGUAGE.fullmatch(words[-1]):
            args.question = words.pop()
        words[:] = map(one_code, words)


def _set_encoding(*, json: bool) -> None:
    """JSON is UTF-8; a terminal that lacks a letter shows its number."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        if json:
            sys.stdout.reconfigure(encoding="utf-8")
        else:
            sys.stdout.reconfigure(errors="backslashreplace")


def _check_config(config: Path, evaluated: Sequence[Evaluated], *, results: Path) -> None:
    from hybridbatch.planning.findings import check_of_config

    check_of_config(config, [path for each in evaluated for path in each.rankings], results=results)


def _load(
    evaluated: Sequence[Evaluated],
) -> tuple[dict[str, Searcher], dict[str, QuestionEncoder]]:
    """The passages and the model of each run; the passages are loaded while torch is imported."""
    with ThreadPoolExecutor(1) as worker:
        searchers = worker.submit(_searchers, evaluated)
        from hybridbatch.retrieval.query_model import QuestionEncoder

        encoders = {each.run: QuestionEncoder(each) for each in evaluated}
        return searchers.result(), encoders


def _searchers(evaluated: Sequence[Evaluated]) -> dict[str, Searcher]:
    from hybridbatch.retrieval.query_search import open_searcher

    return {each.run: open_searcher(each) for each in evaluated}


@contextmanager
def _no_collection() -> Iterator[None]:
    """Collect no garbage: while thousands of modules are imported, this takes a quarter of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _lines() -> Iterator[str]:
    """The questions of the standard input; empty lines are none."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if terminal:
        with suppress(ImportError):
            import readline  # noqa: F401 - keys that edit the line, and earlier questions
    while line := _typed() if terminal else _read():
        if line.strip():
            _check_question(line)
            yield line


def _typed() -> str:
    """A line that a person types, with its end; an empty text at the end of the input."""
    try:
        return input("? ") + "\n"
    except EOFError:
        print()
        return ""


def _read() -> str:
    try:
        return sys.stdin.readline()
    except UnicodeDecodeError as error:
        raise HybridBatchError(f"the standard input: {_NOT_UNICODE}") from error


def _check_question(question: str) -> None:
    if not question.strip():
        raise HybridBatchError("the question is empty; write one, or leave it out to type several")
    try:
        question.encode()
    except UnicodeEncodeError as error:  # bytes that are not Unicode arrive as lone surrogates
        raise HybridBatchError(f"the question: {_NOT_UNICODE}") from error
