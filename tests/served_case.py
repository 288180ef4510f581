"""The page of the command `serve` over finished results of tiny models."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waitress import create_server

import finished_case as case
from hybridbatch.common.tables import read_table
from hybridbatch.retrieval.query_loading import Encoders
from hybridbatch.retrieval.query_results import read_evaluated
from hybridbatch.schemas.every import QUERIES
from hybridbatch.serving.app import App
from hybridbatch.serving.serve import HOST, open_app, open_port

RUNS = (case.TRAINED, case.UNTRAINED)
HARMFUL = {
    "title": "<script>document.title = 'taken'</script>",
    "text": '"><img src=x onerror="document.title=\'taken\'">&amp; \u202eabc\n' + "long " * 400,
}


def open_page(results: Path, *, runs: tuple[str, ...] = RUNS, benchmark: str = "") -> App:
    """The application over some runs."""
    evaluated = [
        read_evaluated(results, run, benchmark or case.BENCHMARK, passages=()) for run in runs
    ]
    return open_app(evaluated, Encoders(evaluated, threads=1))


def texts(results: Path) -> dict[str, str]:
    """The questions of the benchmark, by their ids."""
    table = read_table(results / "benchmarks" / case.BENCHMARK / "queries.parquet", QUERIES)
    return {row["query_id"]: row["text"] for row in table.to_pylist()}


@contextmanager
def served(app: App) -> Iterator[str]:
    """The address of the application while it is served."""
    with open_port(0) as listening:
        server = create_server(app, sockets=[listening], threads=2, ident=None)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield f"http://{HOST}:{listening.getsockname()[1]}"
        finally:
            server.close()
            thread.join(timeout=10)
