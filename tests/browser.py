"""Finds and starts a headless Chromium, without network, to test the pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOW_TO_GET_IT = (
    "no Chromium: install your system's package `chromium` (or Chrome), or set "
    "HYBRIDBATCH_CHROMIUM to its program"
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the page is our own, and containers rarely allow a sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No host name resolves; a page may be served by the test itself.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
Scheme = Literal["light", "dark"]


def find_chromium() -> str | None:
    """The program that HYBRIDBATCH_CHROMIUM names, or the first known one on PATH."""
    named = os.environ.get("HYBRIDBATCH_CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def chromium(program: str) -> Iterator[Browser]:
    """A browser with its own profile, which is removed when it ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """An open page, its messages on the console and its requests to the network."""

    page: Page
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def visit(
    browser: Browser,
    place: Path | str,
    *,
    width: int = 1280,
    scheme: Scheme = "light",
    scripts: bool = True,
) -> Iterator[Visit]:
    """Open a page in a window `width` pixels wide, in a session of its own.

    `place` is a file, which is opened without any network, or an address of this machine.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        java_script_enabled=scripts,
        offline=isinstance(place, Path),
        reduced_motion="reduce",
    )
    try:
        seen = Visit(context.new_page())
        seen.page.on("console", lambda message: seen.messages.append(message.text))
        seen.page.on("pageerror", lambda error: seen.messages.append(str(error)))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.goto(place.as_uri() if isinstance(place, Path) else place)
        yield seen
    finally:
        context.close()


def open_details(page: Page) -> None:
    """Open everything that a reader can open, so that it is checked too."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")


def findings(page: Page) -> list[str]:
    """What axe-core finds wrong, of any severity: one line for each element."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:200]}"
        for violation in violations
        for node in violation["nodes"]
    ]
