"""Command `serve`: the same as `query`, as a web page for the browsers of this machine."""

from __future__ import annotations

import argparse
import errno
import logging
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waitress import create_server

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.tables import read_table
from hybridbatch.common.threads import set_threads
from hybridbatch.planning import paths
from hybridbatch.retrieval.query_answers import Answerer, Questions
from hybridbatch.retrieval.query_choice import add_choice, read_chosen
from hybridbatch.retrieval.query_loading import Encoders, open_searchers
from hybridbatch.retrieval.query_results import Evaluated
from hybridbatch.schemas.queries import QUERIES

if TYPE_CHECKING:  # it imports FAISS: what is wrong with a command is said before
    from hybridbatch.serving.app import App

HOST = "127.0.0.1"  # never another: the page has no password
_PORT, _LAST_PORT = 8000, 65_535
_THREADS = 4
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The command has only the option `threads`, which every command accepts."""

    threads: int | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the runs and benchmark to search, and the port."""
    add_choice(parser)
    parser.add_argument(
        "--port", type=int, default=_PORT, help="of the page's address, 0 for one that is free "
        "(default: %(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Serve the page until the command is stopped.

    Raises:
        HybridBatchError: the port is in use; a name is unknown; a file is missing, damaged, or does
            not belong to the others.
    """
    begin = time.perf_counter()
    options = options_from_json(Options, args.options)
    evaluated = read_chosen(args)
    with (
        open_port(args.port) as listening,
        Encoders(evaluated, threads=options.threads) as encoders,
    ):
        app = open_app(evaluated, encoders)
        set_threads(options.threads)
        server = create_server(app, sockets=[listening], threads=_THREADS, ident=None)
        print(f"http://{HOST}:{listening.getsockname()[1]}/", flush=True)
        logger.info(
            "%s: %s, ready after %.1f s; Ctrl-C ends it", evaluated[0].benchmark,
            ", ".join(each.run for each in evaluated), time.perf_counter() - begin,
        )  # fmt: skip
        server.run()


def open_port(port: int) -> socket.socket:
    """A socket that listens on a port of this machine alone.

    Raises:
        HybridBatchError: there is no such port, or it is in use or reserved.
    """
    if not 0 <= port <= _LAST_PORT:
        raise HybridBatchError(f"--port: {port}; give a number from 0 to {_LAST_PORT}")
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        why = {errno.EADDRINUSE: "is in use", errno.EACCES: "is reserved for the system"}
        if error.errno not in why:
            raise
        raise HybridBatchError(
            f"--port: {port} {why[error.errno]}; choose another, or 0 for one that is free"
        ) from error


def open_app(evaluated: Sequence[Evaluated], encoders: Encoders) -> App:
    """The application, with its passages loaded and its models being loaded.

    Raises:
        HybridBatchError: a file is missing, damaged, or does not match the others.
    """
    searchers = open_searchers(evaluated)
    encoders.begin()
    from hybridbatch.serving.app import App
    from hybridbatch.serving.items import Items

    first = evaluated[0]
    languages = set(first.languages).intersection(*(each.languages for each in evaluated))
    return App(
        Answerer(Questions(first, ()), searchers, encoders),
        Items(first),
        searchers[first.run],
        benchmark=first.benchmark,
        runs=[each.run for each in evaluated],
        languages=sorted(languages),
        examples=_examples(first),
    )


def _examples(evaluated: Evaluated) -> list[tuple[str, str]]:
    """The first question of each language, with its language."""
    queries = read_table(evaluated.place(paths.QUERIES), QUERIES)
    columns = (queries["language"].to_pylist(), queries["text"].to_pylist())
    found: dict[str, str] = {}
    for language, text in zip(*columns, strict=True):
        found.setdefault(language, text.strip())
    return sorted(found.items())
