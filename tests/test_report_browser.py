"""The page in a real browser: quiet, complete without scripts, accessible, fit for any width."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import report_fixture as fixture
from browser import HOW_TO_GET_IT, Scheme, chromium, find_chromium, findings, open_details, visit
from test_report import render

CHROMIUM = find_chromium()
if CHROMIUM is None and os.environ.get("CI") != "true":
    pytest.skip(HOW_TO_GET_IT, allow_module_level=True)

WIDTHS = (360, 1280)
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail(HOW_TO_GET_IT, pytrace=False)
    with chromium(CHROMIUM) as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    render(folder, fixture.write_full_results(folder))
    return folder / "report.html"


def test_the_page_loads_quietly_and_asks_for_nothing(browser: Browser, report: Path) -> None:
    with visit(browser, report) as seen:
        seen.page.wait_for_load_state("networkidle")
        assert seen.messages == []
        assert seen.requests == [report.as_uri()]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(
    browser: Browser, report: Path, width: int, scheme: Scheme
) -> None:
    with visit(browser, report, width=width, scheme=scheme) as seen:
        open_details(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "light"), (1280, "dark")])
def test_axe_finds_nothing_serious(
    browser: Browser, report: Path, width: int, scheme: Scheme
) -> None:
    with visit(browser, report, width=width, scheme=scheme) as seen:
        open_details(seen.page)
        assert findings(seen.page) == []
