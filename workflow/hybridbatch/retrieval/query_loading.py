"""What answers need, loaded as late as possible: passages at once, models for the first new text.

A question of the benchmark has a vector in the results and needs no model. To import torch and
transformers takes longer than everything else together, so this happens while a person types. If
the command has a new question, another thread reads the passages meanwhile.
"""

from __future__ import annotations

import gc
import importlib
import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from hybridbatch.common.threads import set_threads
from hybridbatch.retrieval.query_results import Evaluated

if TYPE_CHECKING:  # these import torch and FAISS
    from hybridbatch.retrieval.columns import Floats
    from hybridbatch.retrieval.query_model import QuestionEncoder
    from hybridbatch.retrieval.query_search import Searcher

# Imported one after another, because an interpreter that ends waits for the one that has begun.
_IMPORTS = ("torch", "transformers.modeling_utils", "hybridbatch.retrieval.query_model")
logger = logging.getLogger(__name__)


class _NotNeededError(Exception):
    """The command ends before its models are loaded."""


class Encoders:
    """The models of the runs, each loaded once; at the end of the block, loading ends too.

    Args:
        evaluated: the runs.
        threads: as in `common.threads.set_threads`.
    """

    def __init__(self, evaluated: Sequence[Evaluated], *, threads: int | None) -> None:
        self._evaluated, self._threads = evaluated, threads
        self._worker = ThreadPoolExecutor(1)
        self._loaded: Future[dict[str, QuestionEncoder]] | None = None
        self._ended = threading.Event()

    def __enter__(self) -> Encoders:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._worker.shutdown(wait=False)

    def begin(self) -> None:
        """Load them in the background; what is wrong with them is said when they are needed."""
        if self._loaded is None:
            self._loaded = self._worker.submit(self._load)

    def load(self) -> None:
        """Load them in this thread, which a signal can interrupt.

        Raises:
            HybridBatchError: a model is missing, damaged or of another version.
        """
        loaded: Future[dict[str, QuestionEncoder]] = Future()
        loaded.set_result(self._load())
        self._loaded = loaded

    def vector(self, run: str, text: str) -> Floats:
        """The unit vector (1, d) of a text under the model of a run.

        Raises:
            HybridBatchError: as `load`, or the text has no tokens.
        """
        if self._loaded is None or not self._loaded.done():
            logger.info("the first question that is not of the benchmark waits for the model")
        if self._loaded is None:
            self.load()
        assert self._loaded is not None
        encoder = self._loaded.result()[run]
        set_threads(self._threads)  # torch keeps the number for each thread
        return encoder.vector(text)

    def _load(self) -> dict[str, QuestionEncoder]:
        with _no_collection():
            for name in _IMPORTS:
                importlib.import_module(name)
                self._check_needed()
            from hybridbatch.retrieval.query_model import QuestionEncoder

            encoders = {}
            for each in self._evaluated:
                encoders[each.run] = QuestionEncoder(each)
                self._check_needed()
            return encoders

    def _check_needed(self) -> None:
        if self._ended.is_set():
            raise _NotNeededError


def open_searchers(evaluated: Sequence[Evaluated]) -> dict[str, Searcher]:
    """The passages of each run.

    Raises:
        HybridBatchError: as `query_search.open_searcher`.
    """
    from hybridbatch.retrieval.query_search import open_searcher

    return {each.run: open_searcher(each) for each in evaluated}


def load_all(evaluated: Sequence[Evaluated], encoders: Encoders) -> dict[str, Searcher]:
    """The passages of each run, loaded by another thread while this one loads the models.

    Raises:
        HybridBatchError: as `open_searchers` and `Encoders.load`.
    """
    with ThreadPoolExecutor(1) as worker:
        searchers = worker.submit(open_searchers, evaluated)
        encoders.load()
        return searchers.result()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Collect no garbage: while thousands of modules are imported, this takes a quarter of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
