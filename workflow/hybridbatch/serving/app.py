"""The web application: one page, its style, and what no other site may do with them.

It answers this machine alone. A page elsewhere could make a browser send requests here, and with a
name that it points at this machine (DNS rebinding) it could read the answers. So the name in the
request must be that of this machine. The page holds no script and takes nothing from elsewhere,
which browsers are told to enforce.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.package_files import package_file
from hybridbatch.retrieval.query_answers import Answerer
from hybridbatch.serving.items import Items
from hybridbatch.serving.pages import lists_of, name_of, passage_at, text_of
from hybridbatch.serving.request import LONGEST, NUMBERS, Asked, read_asked

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from hybridbatch.retrieval.query_search import Searcher

PACKAGE_DATA = ("serving/templates/*",)
# The names of this machine; any port, since a tunnel may give the page another one.
TRUSTED_HOSTS = ["127.0.0.1", "localhost"]
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
logger = logging.getLogger(__name__)


class App:
    """A WSGI application.

    Args:
        answerer: answers the questions.
        items: the parallel passages.
        searcher: holds the texts of the passages.
        benchmark: its name.
        runs: their names.
        languages: the languages of the passages, ascending.
        examples: questions of the benchmark with their languages, to begin with.
    """

    def __init__(
        self,
        answerer: Answerer,
        items: Items,
        searcher: Searcher,
        *,
        benchmark: str,
        runs: Sequence[str],
        languages: Sequence[str],
        examples: Sequence[tuple[str, str]],
    ) -> None:
        self._answerer, self._items, self._searcher = answerer, items, searcher
        self._languages = tuple(languages)
        self._lock = threading.Lock()  # one answer at a time: each uses all threads
        folder = package_file("serving/templates")
        environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["language_name"] = name_of
        environment.filters["text_of"] = lambda row: text_of(row["language"], row["text"])
        environment.globals.update(
            benchmark=benchmark, runs=runs, languages=self._languages, numbers=NUMBERS,
            longest=LONGEST, examples=[(Asked(text).address(), text_of(language, text))
                                       for language, text in examples],
        )  # fmt: skip
        self._page = environment.get_template("page.html.j2")
        self._style = (folder / "page.css").read_text(encoding="utf-8")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        request = Request(environ)
        request.trusted_hosts = TRUSTED_HOSTS
        try:
            response = self._respond(request)
        except HTTPException as error:
            response = Response(f"{error.code} {error.name}\n", status=error.code)
            if isinstance(error, MethodNotAllowed):
                response.headers["Allow"] = "GET, HEAD"
        response.headers.update(HEADERS)
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        _ = request.host  # refused here if it is not a name of this machine
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed
        if request.path == "/page.css":
            return Response(self._style, content_type="text/css; charset=utf-8")
        if request.path == "/favicon.ico":  # browsers ask for it unasked
            return Response(status=204)
        if request.path != "/":
            raise NotFound
        try:
            asked = read_asked(request.args, known=self._languages)
        except HybridBatchError as error:
            return self._shown(Asked(), error=str(error), status=400)
        if not asked.question:
            return self._shown(asked)
        try:
            return self._answered(asked)
        except HybridBatchError as error:
            logger.error("error: %s", error)
            return self._shown(asked, error=str(error), status=500)

    def _answered(self, asked: Asked) -> Response:
        with self._lock:
            begin = time.perf_counter()
            answer = self._answerer.answer(
                asked.question, k=asked.k, languages=asked.languages or None
            )
            seconds = time.perf_counter() - begin
        passage = passage_at(answer, asked.open)
        opened = self._items.parallel(passage.passage_id, self._searcher) if passage else ()
        lists = lists_of(answer, asked, self._items, opened)
        return self._shown(asked, answer=answer, lists=lists, milliseconds=round(1000 * seconds))

    def _shown(self, asked: Asked, *, status: int = 200, **values: Any) -> Response:
        shown = {"answer": None, "lists": (), "milliseconds": 0, "error": None, **values}
        text = self._page.render(asked=asked, **shown)
        # A lone surrogate cannot be in UTF-8; browsers send none.
        return Response(
            text.encode("utf-8", "replace"), status=status, content_type="text/html; charset=utf-8"
        )
