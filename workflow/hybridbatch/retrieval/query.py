"""Command `query`: ask a question and see the first passages of one or more runs.

The question is encoded with the model of each run as its queries were, and the vectors or indexes
of a benchmark in the results are searched. Without a question, each line of the standard input is
one; indexes are loaded once, and so are models, while the first question is typed.
"""

from __future__ import annotations

import argparse
import io
import logging
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import one_code
from hybridbatch.common.options import options_from_json
from hybridbatch.common.threads import set_threads
from hybridbatch.retrieval.query_answers import Answerer, Questions, json_line, shown
from hybridbatch.retrieval.query_choice import add_choice, read_chosen
from hybridbatch.retrieval.query_loading import Encoders, load_all, open_searchers

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
_NOT_UNICODE = "not Unicode; write it in UTF-8"
_BYTE_ORDER_MARK = "\ufeff"  # some programs begin a file in UTF-8 with it
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The command has only the option `threads`, which every command accepts."""

    threads: int | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the question, the runs and benchmark to search, and the form of the answer."""
    parser.add_argument(
        "question", nargs="*", help="in any language, with or without quotation marks; by default, "
        "each line of the standard input",
    )  # fmt: skip
    add_choice(parser)
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
    terminal = args.question is None and _is_terminal()
    evaluated = read_chosen(args, passages=args.passages)
    benchmark = evaluated[0].benchmark
    questions = Questions(evaluated[0], args.language)
    with Encoders(evaluated, threads=options.threads) as encoders:
        if args.question is not None and not questions.ids(args.question):
            searchers = load_all(evaluated, encoders)
        else:
            searchers = open_searchers(evaluated)
            if terminal:
                encoders.begin()  # not before, since the two would delay each other
        set_threads(options.threads)
        runs = ", ".join(each.run for each in evaluated)
        logger.info("%s: %s, ready after %.1f s", benchmark, runs, time.perf_counter() - begin)
        lines = _lines(terminal=terminal) if args.question is None else iter([args.question])
        answerer = Answerer(questions, searchers, encoders)
        _answer_all(lines, answerer, args, benchmark=benchmark, terminal=terminal)


def _answer_all(
    lines: Iterator[str],
    answerer: Answerer,
    args: argparse.Namespace,
    *,
    benchmark: str,
    terminal: bool,
) -> None:
    """Print the answer to each question; a person who typed a wrong one can type another."""
    for question in lines:
        try:
            _check_question(question)
            began = time.perf_counter()
            answer = answerer.answer(question.strip(), k=args.k)
        except HybridBatchError as error:
            if not terminal:
                raise
            logger.error("error: %s", error)
            continue
        seconds = time.perf_counter() - began
        columns = shutil.get_terminal_size().columns
        text = (
            json_line(answer, benchmark=benchmark) if args.json else shown(answer, columns=columns)
        )
        print(text, flush=True)
        logger.info("answered in %.0f ms", 1000 * seconds)


def _find_question(args: argparse.Namespace) -> None:
    """Join the words of a question, or take one back that stands right after codes of languages."""
    args.question = " ".join(args.question) if args.question else None
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


def _is_terminal() -> bool:
    """Whether a person types the questions and reads the answers."""
    if sys.stdin is None:
        raise HybridBatchError("the standard input is closed; write the question in the command")
    return sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()


def _lines(*, terminal: bool) -> Iterator[str]:
    """The questions of the standard input; empty lines are none."""
    if terminal:
        with suppress(ImportError):
            import readline  # noqa: F401 - keys that edit the line, and earlier questions
    while line := _typed() if terminal else _read():
        if question := line.strip().removeprefix(_BYTE_ORDER_MARK):
            yield question


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
