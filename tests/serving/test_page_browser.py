"""The page in a real browser: quiet, accessible, fit for any width, usable by keys alone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browser import HOW_TO_GET_IT, Scheme, chromium, find_chromium, findings, open_details, visit
from hybridbatch.serving.app import App
from hybridbatch.serving.request import Asked
from served_case import served, texts

CHROMIUM = find_chromium()
if CHROMIUM is None and os.environ.get("CI") != "true":
    pytest.skip(HOW_TO_GET_IT, allow_module_level=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail(HOW_TO_GET_IT, pytrace=False)
    with chromium(CHROMIUM) as started:
        yield started


@pytest.fixture(scope="module")
def address(app: App) -> Iterator[str]:
    with served(app) as found:
        yield found


@pytest.fixture(scope="module")
def answered(address: str, results: Path) -> str:
    """The address of an answer with an item open."""
    return address + Asked(texts(results)["ar:item-100"], k=5).address(place="1-1")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "light"), (1280, "dark")])
def test_the_page_is_quiet_accessible_and_fits(
    browser: Browser, address: str, answered: str, width: int, scheme: Scheme
) -> None:
    backgrounds = set()
    for place in (f"{address}/", answered):
        with visit(browser, place, width=width, scheme=scheme) as seen:
            open_details(seen.page)
            seen.page.wait_for_load_state("networkidle")
            assert seen.messages == []
            assert {request.removeprefix(address) for request in seen.requests} <= {
                place.removeprefix(address), "/page.css", "/favicon.ico"
            }  # fmt: skip
            assert findings(seen.page) == []
            assert seen.page.evaluate("document.documentElement.scrollWidth") == width
            backgrounds.add(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert backgrounds == {"rgb(255, 255, 255)" if scheme == "light" else "rgb(18, 22, 27)"}


def test_a_question_is_asked_narrowed_and_opened_with_keys_alone(
    browser: Browser, address: str
) -> None:
    with visit(browser, f"{address}/", scripts=False) as seen:
        page = seen.page
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("something new")
        page.keyboard.press("Enter")
        expect(page.locator("h2")).to_have_count(2)
        # The languages: open, tick German, ask again.
        page.locator("summary", has_text="Languages").press("Enter")
        german = page.get_by_label("German")
        german.press("Space")
        german.press("Enter")
        expect(page.locator("summary").first).to_have_text("Languages of the passages: German")
        assert set(page.locator("ol .language").all_inner_texts()) == {"German"}
        expect(page.get_by_role("searchbox")).to_have_value("something new")
        page.locator("a.parallel").first.press("Enter")
        assert page.locator("dt").all_inner_texts() == ["Arabic", "German", "English"]
        expect(page.locator("li:has(dl)")).to_be_in_viewport()
        page.locator("a.parallel").first.press("Enter")
        expect(page.locator("dl")).to_have_count(0)
        page.go_back()
        expect(page.locator("dl")).to_have_count(1)
        assert seen.messages == []


def test_the_keyboard_reaches_the_answer_first(browser: Browser, answered: str) -> None:
    with visit(browser, answered) as seen:
        seen.page.keyboard.press("Tab")
        skip = seen.page.get_by_role("link", name="Skip to the answer")
        expect(skip).to_be_focused()
        skip.press("Enter")
        expect(seen.page.locator("main")).to_be_focused()


def test_each_text_has_its_language_and_direction(
    browser: Browser, answered: str, results: Path
) -> None:
    with visit(browser, answered) as seen:
        directions = {
            (each["lang"], each["direction"])
            for each in seen.page.eval_on_selector_all(
                "p.text, ul a",
                "found => found.map(each => "
                "({lang: each.lang, direction: getComputedStyle(each).direction}))",
            )
        }
        assert directions == {("ar", "rtl"), ("de", "ltr"), ("en", "ltr")}
        expect(seen.page.get_by_role("searchbox")).to_have_value(texts(results)["ar:item-100"])
        direction = seen.page.evaluate("getComputedStyle(document.querySelector('#q')).direction")
        assert direction == "rtl"


def test_lists_are_side_by_side_where_there_is_room(browser: Browser, answered: str) -> None:
    for width, together in ((1280, True), (360, False)):
        with visit(browser, answered, width=width) as seen:
            first, second = (
                seen.page.locator("section").nth(number).bounding_box() for number in (0, 1)
            )
            assert first is not None and second is not None
            assert (first["y"] == second["y"]) is together


def test_no_text_of_a_benchmark_runs(browser: Browser, harmful: App) -> None:
    with served(harmful) as address, visit(
        browser, address + Asked("new", k=5).address(place="1-1")
    ) as seen:  # fmt: skip
        open_details(seen.page)
        seen.page.wait_for_load_state("networkidle")
        assert seen.page.title() == "new · held-out · hybridbatch"
        assert seen.page.locator("script, img").count() == 0
        assert seen.messages == []
        assert len(seen.requests) <= 3
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 1280
