"""The page as a whole: complete, self-contained, escaped, accessible, the same every time."""

import argparse
import base64
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import report_fixture as fixture
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.reporting import report

# Elements of HTML that have no end tag.
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects what the tests look at; fails on tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def render(results: Path, options: Mapping[str, Any]) -> str:
    report.run(
        argparse.Namespace(
            options=fixture.options_json(options),
            results=results,
            literature=report.LITERATURE,
            output=None,
        )
    )
    return (results / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("results")
    return folder, fixture.write_results(folder)


@pytest.fixture(scope="module")
def html(results: tuple[Path, dict[str, Any]]) -> str:
    return render(*results)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_every_section_is_there_and_in_the_navigation(page: Page) -> None:
    linked = [a["href"] for a in page.all("a") if (a.get("href") or "").startswith("#")]
    sections = [href for href in linked if href and "-" not in href and href != "#content"]
    assert sections == [
        "#overview",
        "#answer",
        "#claims",
        "#headline",
        "#pairs",
        "#bias",
        "#languages",
        "#see",
        "#training",
        "#data",
        "#measures",
        "#configuration",
        "#provenance",
    ]


def test_links_inside_the_page_lead_somewhere_and_ids_are_unique(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert [id for id, times in Counter(ids).items() if times > 1] == []
    targets = [a["href"] for a in page.all("a") if (a.get("href") or "").startswith("#")]
    assert {target[1:] for target in targets if target} <= set(ids)
    labels = [a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a]
    assert set(labels) <= set(ids)


def test_the_page_needs_nothing_from_elsewhere(html: str, page: Page) -> None:
    assert page.all("img") == []
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    downloads_cut = re.sub(r'href="data:[^"]*"', "", html)
    assert not re.search(r"@import|url\((?!#)|\bsrc=", downloads_cut)
    # Links that a reader may follow, and SVG's namespaces, are the only addresses.
    elsewhere = {
        attribute for _, a in page.tags for attribute in a if "http" in (a[attribute] or "")
    }
    assert elsewhere <= {"href", "xmlns", "xmlns:xlink"}


def test_the_only_script_is_the_one_that_the_policy_names(html: str, page: Page) -> None:
    assert page.all("script") == [{}]
    script = html.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )


def test_figures_have_a_caption_a_text_alternative_and_their_numbers(html: str) -> None:
    figures = re.findall(r"<figure.*?</figure>", html, flags=re.DOTALL)
    # 4 heatmaps, 3 differences, bias, languages, loss, validation, batches.
    assert len(figures) == 14
    for figure in figures:
        assert "How to read it" in figure
        assert re.search(r'<svg role="img" aria-label="[^"]{40,}"', figure)
        assert "<details>" in figure and "<table" in figure


def test_tables_have_captions_and_scopes(html: str, page: Page) -> None:
    assert len(page.all("table")) == len(page.all("caption")) > 15
    assert {th.get("scope") for th in page.all("th")} <= {"col", "row", "colgroup", "rowgroup"}


def test_the_same_results_give_the_same_bytes_but_for_the_provenance(
    tmp_path: Path, html: str
) -> None:
    options = fixture.write_results(tmp_path)
    fixture.write_timings(tmp_path, [("train", "base.tiny.hybrid.s1", 83.0)])
    again = render(tmp_path, options)
    marker = '<section id="provenance"'
    assert again.partition(marker)[0] == html.partition(marker)[0]
    assert again.partition(marker)[2] != html.partition(marker)[2]
    assert "1 min 23 s" in again


def test_the_inputs_are_named_with_their_checksums_and_the_work_can_be_cited(
    tmp_path: Path,
) -> None:
    options = fixture.write_results(tmp_path)
    options["raw_files"] = [["raw.example/xquad.ar.json", "ab" * 32]]
    options["code_version"] = "0123abcd"
    html = render(tmp_path, options)
    queries = tmp_path / "benchmarks" / "xquad-r" / "queries.parquet"
    digest = hashlib.sha256(queries.read_bytes()).hexdigest()
    text = re.sub(r"\s+", " ", "".join(Page(html).text))
    assert re.search(rf"benchmarks/xquad-r/queries\.parquet ?benchmark ?{digest}", text)
    assert re.search(rf"raw\.example/xquad\.ar\.json ?raw file ?{'ab' * 32}", text)
    assert "pairs/facts.parquet" in text
    assert re.search("git commit ?0123abcd", text)
    assert "note = {git commit 0123abcd}" in text
    for cited in ("2408.10536", "2004.05484", "1910.11856", "the user's own data"):
        assert cited in text


def test_text_from_data_is_shown_as_text(tmp_path: Path) -> None:
    attack = "<script>alert(1)</script>"
    language = "<script>"
    shared = [
        {"kind": "item", "source": "facts", "item_id": "facts:1", "language": "ar", "text": attack}
    ]
    options = fixture.write_results(
        tmp_path,
        languages=("ar", language),
        trained_on=("ar", language),
        overlaps={"xquad-r": shared},
        steps=4,
    )
    strange = fixture.write_run(
        tmp_path, "hybrid", training_languages=["ar"], model="$a$ <b>&\"'", run="<script>run"
    )
    fixture.write_summary(
        tmp_path, strange, "xquad-r", fixture.summary_rows(("ar", language), (0.5,) * 4, seed=1)
    )
    fixture.write_train_log(tmp_path, strange, "hybrid", ["ar", language], steps=4)
    options["runs"].append(strange)
    options["evaluations"].append([strange, "xquad-r"])
    options["title"] = f"Title {attack}"
    options["allow_contaminated"] = True
    options["config"] |= {"title": attack, attack: "key"}
    html = render(tmp_path, options)
    page = Page(html)
    assert page.all("script") == [{}]  # the page's own
    assert page.all("b") == []
    text = "".join(page.text)
    assert text.count(attack) >= 5  # title twice, heading, config twice, example
    assert "<script>run" in text
    assert "$a$ <b>&\"' · hybrid" in text


def test_a_run_that_was_not_evaluated_is_named_with_the_reason(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    options["evaluations"] = [["base.untrained", "xquad-r"]]
    (tmp_path / "overlap" / "tiny" / "xquad-r.parquet").unlink()  # counted where it matters only
    text = " ".join("".join(Page(render(tmp_path, options)).text).split())
    assert (
        "Not evaluated: x-x-mono, x-y and hybrid, since they trained on items of this benchmark."
    ) in text
    assert "hybrid not evaluated – – –" in text
    assert "XQuAD-R no fine-tuned model evaluated" not in text
    assert "No fine-tuned model was evaluated, so there is nothing to check." in text


def test_a_contaminated_run_is_marked_wherever_it_is_shown(tmp_path: Path) -> None:
    shared = [
        {"kind": "item", "source": "facts", "item_id": "facts:1", "language": "ar", "text": "?"}
    ]
    options = fixture.write_results(
        tmp_path, languages=("ar", "en"), overlaps={"xquad-r": shared}, steps=4
    )
    options["allow_contaminated"] = True
    text = " ".join("".join(Page(render(tmp_path, options)).text).split())
    assert "Contaminated: x-x-mono, x-y and hybrid trained on 1 item of" in text
    assert "hybrid contaminated 0." in text  # the headline table
    assert "hybrid (contaminated) minus x-y (contaminated): mAP in points" in text
    assert "untrained contaminated" not in text and "untrained (contaminated)" not in text


def test_results_without_a_trained_run_make_a_report_too(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    options["runs"] = ["base.untrained"]
    options["evaluations"] = [["base.untrained", "xquad-r"]]
    options["sources"] = []
    (tmp_path / "overlap" / "tiny" / "xquad-r.parquet").unlink()
    text = "".join(Page(render(tmp_path, options)).text)
    assert "No run of this configuration was trained." in text
    assert "Monolingual mAP: untrained 0." in text


def test_a_missing_file_is_one_clear_line_and_leaves_no_page(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    (tmp_path / "metrics" / "base.untrained" / "xquad-r" / "summary.parquet").unlink()
    with pytest.raises(HybridBatchError, match=r"summary\.parquet: no such file.*summary"):
        render(tmp_path, options)
    assert not (tmp_path / "report.html").exists()


def test_the_options_are_those_of_the_workflow() -> None:
    parser = argparse.ArgumentParser()
    report.add_arguments(parser)
    args = parser.parse_args(["--from", "results", "--output", "report.html"])
    assert (args.results, args.output) == (Path("results"), Path("report.html"))
    assert args.literature.name == "paper_results.csv" and args.literature.is_file()
