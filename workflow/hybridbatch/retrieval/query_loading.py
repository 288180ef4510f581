"""What answers need, loaded as late as possible: passages at once, models for the first new text.

A question of the benchmark has a vector in the results and needs no model. To import torch and
transformers takes longer than everything else together, so a thread does it, while a person types
or while the passages are read.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hybridbatch.common.threads import set_threads
from hybridbatch.retrieval.query_results import Evaluated

if TYPE_CHECKING:  # these import torch and FAISS
    from hybridbatch.retrieval.columns import Floats
    from hybridbatch.retrieval.query_model import QuestionEncoder
    from hybridbatch.retrieval.query_search import Searcher

logger = logging.getLogger(__name__)


class Encoders:
    """The models of the runs, each loaded once, when a text needs them or `begin` is called.

    Args:
        evaluated: the runs.
        threads: as in `common.threads.set_threads`.
    """

    def __init__(self, evaluated: Sequence[Evaluated], *, threads: int | None) -> None:
        self._evaluated, self._threads = evaluated, threads
        self._worker = ThreadPoolExecutor(1)
        self._loaded: Future[dict[str, QuestionEncoder]] | None = None

    def begin(self) -> None:
        """Load them in the background; what is wrong with them is said when they are needed."""
        if self._loaded is None:
            self._loaded = self._worker.submit(self._load)

    def wait(self) -> dict[str, QuestionEncoder]:
        """Load them if that has not begun, and wait until they are loaded.

        Raises:
            HybridBatchError: a model is missing, damaged or of another version.
        """
        self.begin()
        assert self._loaded is not None
        return self._loaded.result()

    def vector(self, run: str, text: str) -> Floats:
        """The unit vector (1, d) of a text under the model of a run.

        Raises:
            HybridBatchError: as `wait`, or the text has no tokens.
        """
        if self._loaded is None or not self._loaded.done():
            logger.info("the first question that is not of the benchmark waits for the model")
        encoder = self.wait()[run]
        set_threads(self._threads)  # torch keeps the number for each thread
        return encoder.vector(text)

    def _load(self) -> dict[str, QuestionEncoder]:
        with _no_collection():
            from hybridbatch.retrieval.query_model import QuestionEncoder

            return {each.run: QuestionEncoder(each) for each in self._evaluated}


def open_searchers(evaluated: Sequence[Evaluated], *, threads: int | None) -> dict[str, Searcher]:
    """The passages of each run.

    Raises:
        HybridBatchError: as `query_search.open_searcher`.
    """
    from hybridbatch.retrieval.query_search import open_searcher

    searchers = {each.run: open_searcher(each) for each in evaluated}
    set_threads(threads)
    return searchers


@contextmanager
def _no_collection() -> Iterator[None]:
    """Collect no garbage: while thousands of modules are imported, this takes a quarter of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
