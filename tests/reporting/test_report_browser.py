"""The page in a real browser: quiet, complete without scripts, accessible, fit for any width."""

import csv
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from test_report import render

import evidence_fixture
import report_fixture as fixture
from browser import HOW_TO_GET_IT, Scheme, chromium, find_chromium, findings, open_details, visit

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


def evidence(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    return evidence_fixture.write_evidence(folder, options["runs"])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    options = fixture.write_full_results(folder)
    render(folder, options | {"statistics": evidence(folder, options)})
    return folder / "report.html"


@pytest.fixture(scope="module")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every part of the page with fewer languages: axe-core looks at every number of a heatmap."""
    folder = tmp_path_factory.mktemp("small")
    options = fixture.write_full_results(folder, languages=("ar", "el", "en", "zh"))
    render(folder, options | {"statistics": evidence(folder, options)})
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
def test_axe_finds_nothing_wrong(
    browser: Browser, small_report: Path, width: int, scheme: Scheme
) -> None:
    with visit(browser, small_report, width=width, scheme=scheme) as seen:
        open_details(seen.page)
        assert findings(seen.page) == []


def test_without_scripts_nothing_is_missing_and_no_control_is_dead(
    browser: Browser, report: Path
) -> None:
    with visit(browser, report, scripts=False) as plain, visit(browser, report) as full:
        assert plain.page.locator("button, select").count() == 0
        assert full.page.locator("button").count() > 50
        # What the script adds is controls: every table and figure is there without it.
        for selector in ("table", "svg", "a.download", "main section", "tr"):
            assert plain.page.locator(selector).count() == full.page.locator(selector).count() > 0
        plain.page.locator("summary").first.click()
        assert plain.page.locator("details[open] table").first.is_visible()
        assert plain.messages == []


def test_tables_and_figures_are_saved_without_scripts(browser: Browser, report: Path) -> None:
    with visit(browser, report, scripts=False) as seen:
        count = {each: seen.page.locator(each).count() for each in ("table", "ol", "figure")}
        assert seen.page.locator('a[download$=".csv"]').count() == count["table"] + count["ol"]
        assert seen.page.locator('a[download$=".svg"]').count() == count["figure"]
        with seen.page.expect_download() as caught:
            seen.page.locator('a[download="table-headline-xquad-r.csv"]').click()
        with caught.value.path().open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert caught.value.suggested_filename == "table-headline-xquad-r.csv"
        assert [row["model and sampling"] for row in rows[:2]] == ["untrained", "x-x-mono"]
        assert 0.7 < float(rows[0]["monolingual mAP"]) < 0.9
        with seen.page.expect_download() as caught:
            seen.page.locator('a[download="figure-loss.svg"]').click()
        assert ET.parse(caught.value.path()).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def column(page: Page, table: str, number: int) -> list[str]:
    """The texts of a table's column without its summary rows; column 0 holds the row headers."""
    cells = page.locator(f"#{table} tbody tr:not(.summary) > :nth-child({number + 1})")
    return [text.strip() for text in cells.all_inner_texts()]


def test_a_table_is_sorted_by_the_column_that_is_asked_for(browser: Browser, report: Path) -> None:
    table = "table-source-facts"
    with visit(browser, report) as seen:
        open_details(seen.page)
        names = column(seen.page, table, 0)
        train = seen.page.locator(f"#{table} thead button", has_text="train")
        header = seen.page.locator(f"#{table} thead th", has_text="train")
        language = seen.page.locator(f"#{table} thead button", has_text="language")
        language.click()
        assert column(seen.page, table, 0) == sorted(names)
        language.press("Enter")
        assert column(seen.page, table, 0) == sorted(names, reverse=True)
        train.click()
        assert header.get_attribute("aria-sort") == "descending"
        assert seen.page.locator(f"#{table} [aria-sort]").count() == 1
        last = seen.page.locator(f"#{table} tbody tr").last
        assert last.inner_text().startswith("total")


def test_numbers_sort_as_numbers_and_what_is_missing_comes_last(
    browser: Browser, report: Path
) -> None:
    with visit(browser, report) as seen:
        open_details(seen.page)
        seen.page.locator("#table-jobs thead button", has_text="wall time").click()
        assert column(seen.page, "table-jobs", 2) == (["2 min 11 s"] * 3 + ["42 s"] * 4 + ["1.2 s"])
        seen.page.locator("#table-benchmarks thead button").nth(3).click()  # MLQA-R, queries
        counts = column(seen.page, "table-benchmarks", 3)
        assert counts == ["3"] * 7 + ["–"] * 4


def test_the_theme_can_be_chosen(browser: Browser, report: Path) -> None:
    def background(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    with visit(browser, report, scheme="dark") as seen:
        dark = background(seen.page)
        seen.page.get_by_label("Theme").select_option("light")
        assert background(seen.page) == "rgb(255, 255, 255)" != dark
        seen.page.reload()
        assert background(seen.page) == "rgb(255, 255, 255)"  # remembered
        seen.page.get_by_label("Theme").select_option("")
        assert background(seen.page) == dark


def test_one_language_can_be_followed_through_the_page(browser: Browser, report: Path) -> None:
    with visit(browser, report) as seen:
        seen.page.get_by_label("Language", exact=True).select_option("th")
        followed = seen.page.locator("tr.followed")
        assert followed.count() > 5
        assert all("Thai" in text for text in followed.locator("th").all_text_contents())
        first = seen.page.locator("tr.current")
        expect(first).to_be_in_viewport()
        name = first.evaluate("row => row.closest('table').id")
        seen.page.get_by_role("button", name="Next row of the language").press("Enter")
        expect(seen.page.locator("tr.current")).to_be_in_viewport()
        assert seen.page.locator("tr.current").evaluate("row => row.closest('table').id") != name
        expect(seen.page.get_by_role("status")).to_have_text(f"2 of {followed.count()}")


def test_the_keyboard_reaches_the_content_first(browser: Browser, report: Path) -> None:
    with visit(browser, report) as seen:
        seen.page.keyboard.press("Tab")
        skip = seen.page.get_by_role("link", name="Skip to the content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        skip.press("Enter")
        expect(seen.page.locator("main")).to_be_focused()
        # A table that scrolls sideways can be scrolled with the keys.
        assert seen.page.locator(".scroll:not([tabindex='0'])").count() == 0


def test_print_shows_the_content_alone(browser: Browser, report: Path) -> None:
    with visit(browser, report, scheme="dark") as seen:
        seen.page.emulate_media(media="print", color_scheme="dark")
        for selector in ("nav", "a.download", "details:not([open]) summary"):
            assert not seen.page.locator(selector).first.is_visible()
        ink = seen.page.evaluate("getComputedStyle(document.body).color")
        assert ink == "rgb(0, 0, 0)"
        assert seen.page.pdf(format="A4").startswith(b"%PDF")


def test_axe_would_find_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<!doctype html><html lang=en><title>t</title><main><h1>t</h1>"
        "<img src='data:,'><p style='color: #ccc; background: #fff'>faint</p></main>"
    )
    with visit(browser, page) as seen:
        found = sorted(line.partition(" ")[0] for line in findings(seen.page))
        assert {"color-contrast", "image-alt"} <= set(found)


def test_the_page_is_small(report: Path) -> None:
    assert report.stat().st_size < 6e6


def test_the_first_screen_holds_the_answer_the_figure_and_the_whole_table(
    browser: Browser, report: Path
) -> None:
    with visit(browser, report) as seen:
        box = seen.page.locator("#table-overview-xquad-r").bounding_box()
        assert box is not None and box["y"] + box["height"] <= 800
        figures = seen.page.locator("#overview figure svg")
        assert figures.count() == 2 and figures.first.is_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_table_is_wider_than_its_column(browser: Browser, report: Path, width: int) -> None:
    with visit(browser, report, width=width) as seen:
        open_details(seen.page)
        wider = seen.page.evaluate(
            """[...document.querySelectorAll(".scroll:has(> table)")]
            .filter(each => each.scrollWidth > each.clientWidth + 1)
            .map(each => `${each.firstElementChild.id}: ${each.scrollWidth}`)"""
        )
        assert wider == []


def test_a_figure_has_as_many_colours_as_its_legend_has_entries(
    browser: Browser, report: Path
) -> None:
    """Of the marks in the legend, and of the marks outside it."""
    with visit(browser, report) as seen:
        open_details(seen.page)
        found = seen.page.evaluate(
            """[...document.querySelectorAll("figure:has(svg [id*=legend])")].map(figure => {
              const colours = (root, leave) => new Set([...root.querySelectorAll("path, use")]
                .filter(each => !leave || !leave.contains(each))
                .flatMap(each => [getComputedStyle(each).fill, getComputedStyle(each).stroke])
                .filter(each => each !== "none"));
              const legend = figure.querySelector("svg [id*=legend]");
              return [figure.id, legend.querySelectorAll("[id*=text]").length,
                colours(legend).size, colours(figure.querySelector("svg"), legend).size];
            })"""
        )
        assert "figure-batches" in {id for id, *_ in found}
        for id, entries, in_legend, in_marks in found:
            assert min(in_legend, in_marks) >= entries, id
