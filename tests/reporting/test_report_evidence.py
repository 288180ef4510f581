"""The report's sections made from the tables of the stages statistics and bias."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from test_report import Page, render
from test_report_parts import context

import evidence_fixture
import report_fixture as fixture
import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.document import Block, Bullets, Details, Figure, Paragraph, Table
from hybridbatch.reporting.downloads import csv_of
from hybridbatch.reporting.evidence import NOTHING, Difference, read_evidence
from hybridbatch.reporting.sections import alpha, answer, bias, claims, headline, pairs
from hybridbatch.reporting.sections.bias_measures import distribution
from hybridbatch.reporting.systems import Context

HYBRID, MONO, XY, BASE = (
    evidence_fixture.HYBRID,
    evidence_fixture.MONO,
    evidence_fixture.XY,
    evidence_fixture.BASE,
)
OPTIONS = tiny.statistics_options("base.tiny", high_resource=["en"])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("results")
    options = fixture.write_results(folder, languages=("ar", "en"), steps=4)
    evidence_fixture.write_statistics(folder)
    for run in options["runs"]:
        evidence_fixture.write_bias(folder, run, preference=0.9 if "hybrid" in run else 0.75)
    return folder, options


def with_evidence(results: Path, options: dict[str, Any], **changes: Any) -> Context:
    measured = read_evidence(
        results, replace(OPTIONS, **changes), evaluations=options["evaluations"]
    )
    return replace(context(results, options), measured=measured)


@pytest.fixture(scope="module")
def built(results: tuple[Path, dict[str, Any]]) -> Context:
    return with_evidence(*results)


def test_without_the_stages_the_sections_say_so(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    assert read_evidence(tmp_path, None, evaluations=options["evaluations"]) == NOTHING
    built = with_evidence(tmp_path, options)
    assert (built.measured.statistics, built.measured.bias) == ({}, {})
    said = [block.text for block in claims.section(built).blocks if isinstance(block, Paragraph)]
    assert said[0].startswith("No claim was judged")
    assert "No intervals" in headline.headline_table(built, "xquad-r").note
    assert "tables of the stage bias" in str(bias.section(built).blocks[1])
    assert "No difference was tested" in str(answer.section(built).blocks[0])
    assert alpha.section(built) is None


def test_a_folder_with_a_table_missing_is_an_error(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    evidence_fixture.write_statistics(tmp_path)
    (tmp_path / "statistics" / "base.tiny" / "xquad-r" / "comparisons.parquet").unlink()
    with pytest.raises(HybridBatchError, match=r"comparisons\.parquet: no such file"):
        with_evidence(tmp_path, options)


def opened(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with those that a reader has to open, in order."""
    return [
        inner
        for block in blocks
        for inner in (opened(block.blocks) if isinstance(block, Details) else [block])
    ]


def test_the_answer_says_where_by_how_much_and_how_sure(built: Context) -> None:
    blocks = answer.section(built).subsections[0].blocks
    lead = next(block.text for block in blocks if isinstance(block, Paragraph))
    assert lead == (
        "Does hybrid degrade high-resource languages and pairs, compared with x-x-mono? Yes, in "
        "monolingual retrieval, by more than the margin of 1 point of mAP; no, in multilingual "
        "retrieval it is not worse by more than 1 point of mAP."
    )
    lines = next(block.items for block in opened(blocks) if isinstance(block, Bullets))
    assert lines[0] == (
        "Monolingual retrieval: −2.0 points of mAP (95 % interval −2.5 to −1.5, significant, "
        "p 0.0020), worse by more than the margin."
    )
    assert "not significant, p 0.3000), not worse by more than the margin" in lines[1]
    assert lines[2].startswith("High-resource alone (high-high): monolingual −3.0 points of mAP")
    assert (
        "By query language, monolingual: of 2 languages worse by more than the margin in 1 "
        "(English −3.0), undecided in 1 (Arabic −0.1)."
    ) in lines
    assert lines[-1] == "By nDCG@10 the verdicts differ in monolingual all settings (undecided)."
    table = next(block for block in blocks if isinstance(block, Details)).blocks[0]
    assert isinstance(table, Table)
    assert [cell.text for cell in table.rows[0].cells[:5]] == [
        "0.780", "0.800", "−0.020", "0.0020", "inferior",
    ]  # fmt: skip
    assert table.rows[0].cells[2].note == "−0.025 to −0.015"


def test_one_seed_is_said_to_hold_for_these_models_only(built: Context) -> None:
    assert "hold for these trained models only" in str(answer.section(built).blocks[0])


def test_a_report_without_training_does_not_speak_of_training_runs(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    built = context(tmp_path, options)
    untrained = tuple(system for system in built.systems if not system.trained)
    text = str(answer.section(replace(built, systems=untrained)).blocks[0])
    assert "No model was trained" in text and "one training run" not in text


def test_every_claim_has_a_verdict_and_a_place(built: Context) -> None:
    table = claims.section(built).blocks[1]
    assert isinstance(table, Table)
    found = {row.header: [cell.text for cell in row.cells] for row in table.rows}
    assert list(found) == [f"C{i}" for i in range(1, 12)]
    assert found["C4"][0] == "undecided" and "near matches: not tested" in found["C4"][2]
    assert found["C9"][0] == "not tested"
    assert found["C9"][3] == "the three samplings from XLM-R and from LaBSE"
    sections = {"training", "headline", "data", "pairs", "bias", "languages"}
    assert {row.cells[-1].link.removeprefix("#") for row in table.rows} == sections


def test_claims_are_judged_by_the_batches_drawn(built: Context) -> None:
    logs = dict(built.inputs.logs)
    run = "base.tiny.hybrid.s1"
    drawn = ("monolingual",) * 3 + ("cross-lingual",) * 2
    logs[run] = replace(logs[run], batch_types=drawn)
    changed = replace(built, inputs=replace(built.inputs, logs=logs))
    evidence = claims.evidence(changed)
    assert evidence.batches == {HYBRID: (3, 2)}
    assert [system.id for system in evidence.systems] == [BASE, MONO, XY, HYBRID]
    assert evidence.exact_matches == {"xquad-r": 0} and evidence.near_matches is None
    parallel = evidence.benchmarks["xquad-r"]
    assert (parallel.languages, parallel.items, parallel.complete) == (2, 3, 3)


def test_the_best_is_marked_only_where_it_beats_every_other_significantly(built: Context) -> None:
    table = headline.headline_table(built, "xquad-r")
    notes = {row.header: row.cells[0].note for row in table.rows}
    assert notes["x-x-mono"] == "0.810 to 0.832, sd 0.004, best"
    assert notes["hybrid"] == "0.790 to 0.812"
    systems = {system.sampling: system for system in built.systems}
    mono = systems["x-x-mono"]
    found = built.difference(mono, systems["x-y"], "xquad-r", "monolingual", "mAP")
    assert found is not None
    assert (found.difference, found.low, found.high) == pytest.approx((0.04, 0.03, 0.05))
    assert headline.significantly_best(built, mono, "xquad-r", "monolingual", "mAP")
    stricter = replace(built.measured, options=replace(OPTIONS, confidence=0.96))
    strict = replace(built, measured=stricter)
    assert not headline.significantly_best(strict, mono, "xquad-r", "monolingual", "mAP")


def test_a_difference_reversed_keeps_its_interval() -> None:
    there = Difference(-0.02, None, -0.03, 0.01, 0.1, 0.2, 1)
    assert there.reversed() == Difference(0.02, None, -0.01, 0.03, 0.1, 0.2, 1)


def test_significant_pairs_are_framed_and_listed(built: Context) -> None:
    systems = {system.sampling: system for system in built.systems}
    cells = pairs.significant_cells(built, systems["hybrid"], systems["x-x-mono"], "xquad-r")
    assert cells == ((0, 1), (1, 1))  # ar on en at .05 exactly, en on en
    shown = [
        figure
        for block in opened(pairs.section(built).subsections[0].blocks)
        for figure in getattr(block, "figures", ())
        if "minus x-x-mono" in figure.title
    ]
    assert "A frame marks the 2 differences that are significant" in shown[0].reading
    assert "Significant after correction in 2 of them" in shown[0].alternative
    english = shown[0].table.groups[1]
    assert english.label == "queries in English (en)"
    row = next(row for row in english.rows if row.language == "en")
    assert [cell.text for cell in row.cells[1:4]] == ["−0.040", "−0.020", "0.0100"]


def test_frames_are_drawn_on_light_and_dark_cells() -> None:
    drawn = [
        charts.heatmap(
            "x", [[0.1, -3.0]], rows=["a"], columns=["a", "b"], limits=(-3, 3), diverging=True,
            alternative="x", marks=marks,
        )
        for marks in ((), ((0, 0),), ((0, 1),))
    ]  # fmt: skip
    strokes = [(svg.count("stroke: #000000"), svg.count("stroke: #ffffff")) for svg in drawn]
    assert strokes == [(0, 0), (1, 0), (0, 1)]


def test_every_measure_of_bias_has_a_figure_and_its_table(built: Context) -> None:
    blocks = opened(bias.section(built).subsections[0].blocks)
    figures = {block.id: block for block in blocks if isinstance(block, Figure)}
    assert list(figures) == [
        f"figure-{name}-xquad-r"
        for name in ("bias", "distribution", "exposure", "preference", "fairness", "agreement")
    ]
    spread = next(each for each in blocks if isinstance(each, Table))
    assert [group.label for group in spread.groups] == ["untrained", "x-x-mono", "x-y", "hybrid"]
    assert "median" in csv_of(spread).splitlines()[0]
    preference = figures["figure-preference-xquad-r"].table
    assert [cell.text for cell in preference.rows[0].cells] == ["0.750", "0.750", "0.750", "0.900"]
    assert preference.rows[-1].header == "macro average"
    exposure = figures["figure-exposure-xquad-r"].table
    assert [cell.text for cell in exposure.rows[0].cells[3:7]] == [
        "0.600", "0.500", "0.300", "0.300",
    ]  # fmt: skip
    fairness = figures["figure-fairness-xquad-r"].table
    assert [cell.text for cell in fairness.rows[0].cells] == [
        "0.250", "0.100", "7.5", "1", "3", "0.0200",
    ]  # fmt: skip
    assert figures["figure-agreement-xquad-r"].table.rows[0].cells[0].text == "0.450"


def test_seeds_of_a_system_are_numbered_in_the_table_of_tests(built: Context) -> None:
    key = ("base.tiny.hybrid.s1", "xquad-r")
    again = replace(built.systems[-1].runs[0], id="base.tiny.hybrid.s2", seed=2)
    system = replace(built.systems[-1], runs=(*built.systems[-1].runs, again))
    found = {**built.measured.bias, (again.id, "xquad-r"): built.measured.bias[key]}
    several = replace(
        built,
        systems=(*built.systems[:-1], system),
        measured=replace(built.measured, bias=found),
    )
    blocks = opened(bias.section(several).subsections[0].blocks)
    figures = {block.id: block for block in blocks if isinstance(block, Figure)}
    labels = [group.label for group in figures["figure-fairness-xquad-r"].table.groups]
    assert labels[-2:] == ["hybrid, run 1", "hybrid, run 2"]


def test_shares_of_the_distribution_add_up(built: Context) -> None:
    found = built.measured.bias["base.tiny.hybrid.s1", "xquad-r"]
    assert distribution([found, found]) == {"0": 0.25, "1": 0.0, "2–3": 0.75}


def test_alpha_shows_a_sweep_between_the_other_samplings(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    built = context(tmp_path, options)
    hybrid = built.systems[-1]
    runs = tuple(replace(run, alpha=0.3) for run in hybrid.runs)
    other = replace(hybrid, label="hybrid α=0.3", runs=runs)
    section = alpha.section(replace(built, systems=(*built.systems, other)))
    assert section is not None
    found = alpha.sweep(replace(built, systems=(*built.systems, other)), "xquad-r", "base")
    assert [value for value, _ in found] == [0.0, 0.3, 0.5, 1.0]
    figures = section.subsections[0].blocks[0].figures  # type: ignore[union-attr]
    assert len(figures) == 4
    assert [row.mark for row in figures[0].table.rows] == ["x-y", "", "", "x-x-mono"]


@pytest.mark.parametrize(
    ("p", "text"), [(0.5, "0.5000"), (0.0312, "0.0312"), (0.00001, "< 0.0001")]
)
def test_p_values_are_never_zero(p: float, text: str) -> None:
    assert wording.p_value(p) == text


def test_the_page_with_evidence_is_whole_and_the_same_twice(
    results: tuple[Path, dict[str, Any]],
) -> None:
    folder, options = results
    statistics = asdict(tiny.statistics_options("base.tiny", high_resource=["en"]))
    html = render(folder, options | {"statistics": statistics})
    page = Page(html)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["href"] for a in page.all("a") if (a.get("href") or "").startswith("#")}
    assert {str(target)[1:] for target in targets} <= set(ids)
    marker = '<section id="provenance"'
    again = render(folder, options | {"statistics": statistics})
    assert again.partition(marker)[0] == html.partition(marker)[0]
