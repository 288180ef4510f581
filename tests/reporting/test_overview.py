"""The first screen asks what the runs can answer, and says it in a few words."""

from dataclasses import replace
from pathlib import Path

import pytest
from test_report_parts import context

import evidence_fixture
import report_fixture as fixture
import tiny
from hybridbatch.common.vocabulary import MACRO, passage_column
from hybridbatch.reporting.document import Chip, Chips, Gallery, Paragraph, Table
from hybridbatch.reporting.drawing import batch_looks, look_of, series_style
from hybridbatch.reporting.evidence import Difference, read_evidence
from hybridbatch.reporting.sections import overview
from hybridbatch.reporting.systems import Context
from hybridbatch.training.samplings import SAMPLINGS, looks


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Context:
    folder = tmp_path_factory.mktemp("results")
    options = fixture.write_results(folder, languages=("ar", "en"), steps=4)
    evidence_fixture.write_statistics(folder)
    read: Context = context(folder, options)
    measured = read_evidence(
        folder,
        tiny.statistics_options("base.tiny", high_resource=["en"]),
        evaluations=options["evaluations"],
    )
    return replace(read, measured=measured, inputs=replace(read.inputs, overlaps={}))


def chips(built: Context) -> dict[str, Chip]:
    found = [block for block in overview.section(built).blocks if isinstance(block, Chips)]
    return {chip.label: chip for block in found for chip in block.items}


def with_difference(built: Context, metric: str, setting: str, found: Difference) -> Context:
    """The same figures with another difference of hybrid and x-x-mono."""
    statistics = built.measured.statistics["xquad-r"]
    systems = evidence_fixture.HYBRID, evidence_fixture.MONO
    key = (*systems, setting, MACRO, passage_column(setting), metric)
    differences = {**statistics.differences, key: found}
    changed = {"xquad-r": replace(statistics, differences=differences)}
    return replace(built, measured=replace(built.measured, statistics=changed))


@pytest.mark.parametrize(
    ("difference", "low", "high", "p", "answer", "kind"),
    [
        (0.02, 0.01, 0.03, 0.001, "better", "good"),
        (-0.02, -0.03, -0.01, 0.001, "worse", "bad"),
        (0.02, -0.01, 0.05, 0.2, "no clear change", "open"),
    ],
)
def test_an_answer_follows_from_the_test(
    built: Context, difference: float, low: float, high: float, p: float, answer: str, kind: str
) -> None:
    found = Difference(difference, None, low, high, p, p, 1)
    chip = chips(with_difference(built, "mAP", "cross-lingual", found))["Across languages"]
    assert (chip.answer, chip.kind) == (answer, kind)
    sign = "+" if difference > 0 else "−"
    assert chip.detail.startswith(f"{sign}2.0 (") and chip.detail.endswith("points of mAP")


def test_less_bias_is_good_although_the_number_falls(built: Context) -> None:
    found = Difference(-120.0, None, -140.0, -100.0, 0.001, 0.001, 1)
    changed = with_difference(built, "rank_distance", "multilingual", found)
    assert chips(changed)["Language bias"] == Chip(
        "Language bias", "less", "−120 (−140 to −100) ranks", "good"
    )


def test_hybrid_is_compared_with_monolingual_training_and_else_with_what_there_is(
    built: Context,
) -> None:
    by_name = {system.sampling: system for system in built.systems}

    def asked(*samplings: str) -> tuple[str, str] | None:
        chosen = tuple(by_name[name] for name in samplings)
        found = overview.asked_of(replace(built, systems=chosen))
        return found and (found.candidate.sampling, found.baseline.sampling)

    assert asked("untrained", "x-y", "x-x-mono", "hybrid") == ("hybrid", "x-x-mono")
    assert asked("untrained", "x-y", "hybrid") == ("hybrid", "x-y")
    assert asked("untrained", "x-y") == ("x-y", "untrained")
    assert asked("x-x-mono", "x-y") == ("x-x-mono", "x-y")
    assert asked("untrained") is None


def test_a_contaminated_benchmark_answers_nothing(built: Context, tmp_path: Path) -> None:
    options = fixture.write_full_results(tmp_path, languages=("ar", "en"))
    contaminated = context(tmp_path, options)
    assert contaminated.contaminated(contaminated.systems[-1], "xquad-r")
    asked = overview.asked_of(contaminated)
    assert asked is None or asked.benchmark != "xquad-r"
    blocks = overview.section(contaminated).blocks
    assert not any(isinstance(block, Chips) for block in blocks)
    assert any("trained on" in b.text for b in blocks if isinstance(b, Paragraph))


def test_few_seeds_are_an_indication_and_every_system_is_in_figure_and_table(
    built: Context,
) -> None:
    blocks = overview.section(built).blocks
    basis = next(b.text for b in blocks if isinstance(b, Paragraph) and b.tone == "small")
    assert basis.startswith("1 training of each. Under 3 seeds this is an indication.")
    labels = [system.label for system in built.systems]
    (gallery,) = (block for block in blocks if isinstance(block, Gallery))
    (table,) = (block for block in blocks if isinstance(block, Table))
    for each in (table, *(figure.table for figure in gallery.figures)):
        assert [row.header for row in each.rows] == labels
    assert [column.label for column in table.columns] == [
        "monolingual mAP", "cross-lingual mAP", "multilingual mAP", "language bias",
    ]  # fmt: skip


def test_every_kind_of_batch_has_a_colour_of_its_own_and_an_unknown_one_fails() -> None:
    drawn = {kind for sampling in SAMPLINGS for kind in sampling.batches}
    assert set(batch_looks()) == drawn
    assert len({look.color for look in batch_looks().values()}) == len(drawn)
    assert len({look.color for look in looks().values()}) == len(looks())
    with pytest.raises(ValueError, match="'odd' has no look in charts; known are monolingual"):
        look_of("odd", batch_looks())
    with pytest.raises(ValueError, match="'monolingual' has no look"):
        series_style(["monolingual"])
