"""The section "Examples and embeddings": example queries and the embedding space."""

import re
from pathlib import Path

import pytest
from test_report_parts import context

import report_fixture as fixture
from hybridbatch.reporting import charts, wording
from hybridbatch.reporting.charts import Cloud, CloudPanel
from hybridbatch.reporting.document import Example, Figure, Paragraph
from hybridbatch.reporting.downloads import csv_of
from hybridbatch.reporting.sections import examples_and_projection as see
from hybridbatch.reporting.systems import Context

Points = tuple[tuple[float, float], ...]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Context:
    results = tmp_path_factory.mktemp("results")
    options = fixture.write_results(results, languages=("ar", "en"), steps=4)
    fixture.write_examples(results, "xquad-r", options["runs"])
    fixture.write_projection(results, "xquad-r", options["runs"])
    return context(results, options | {"views": ["xquad-r"]})


def test_a_report_without_views_says_so(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    section = see.section(context(tmp_path, options))
    assert section.subsections == ()
    assert isinstance(section.blocks[0], Paragraph)
    assert section.blocks[0].text.startswith("This report was made without example queries")


def test_examples_say_how_they_were_chosen(built: Context) -> None:
    intro, *examples = see.example_blocks(built, "xquad-r", built.inputs.examples["xquad-r"])
    assert isinstance(intro, Paragraph)
    assert "the pool, from x-x-mono to hybrid" in intro.text
    titles = [one.title for one in examples if isinstance(one, Example)]
    assert titles == [
        "Largest gain: a query in Arabic, average precision +0.500",
        "Largest loss: a query in Thai, average precision −0.250",
        "At random: a query in Chinese, average precision 0.000",
    ]
    first = examples[0]
    assert isinstance(first, Example)
    assert (first.text, first.language) == (fixture.QUESTIONS["ar"], "ar")
    assert first.note == "Query ar:q1."
    assert [one.open for one in examples if isinstance(one, Example)] == [True, False, False]


def test_each_run_has_a_table_of_its_first_ranks(built: Context) -> None:
    example = see.example_blocks(built, "xquad-r", built.inputs.examples["xquad-r"])[1]
    assert isinstance(example, Example)
    assert [table.caption for table in example.tables] == [
        f"{label}: average precision 0.500" for label in ("untrained", "x-x-mono", "x-y", "hybrid")
    ]
    table = example.tables[0]
    assert table.note == "Relevant passages at rank 1, 3 and 1,217."
    assert [(row.header, row.mark, row.good) for row in table.rows[:2]] == [
        ("1", "relevant", True),
        ("2", "", False),
    ]
    language, score, text = table.rows[0].cells
    assert (language.text, text.language, score.text) == ("Arabic", "ar", "0.890")
    whole = 12 * f"{fixture.QUESTIONS['ar']} "
    assert text.value == whole and text.text == wording.shortened(whole, see.SHOWN_CHARACTERS)


def test_a_download_holds_the_whole_passage(built: Context) -> None:
    example = see.example_blocks(built, "xquad-r", built.inputs.examples["xquad-r"])[1]
    assert isinstance(example, Example)
    assert 12 * f"{fixture.QUESTIONS['de']} " in csv_of(example.tables[0])


def test_random_queries_alone_are_said_to_be_random(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    fixture.write_examples(tmp_path, "xquad-r", options["runs"])
    fixture.write_projection(tmp_path, "xquad-r", options["runs"])
    found = context(tmp_path, options | {"views": ["xquad-r"]})
    plain = [
        one.__class__(**one.__dict__ | {"change": None, "candidate": None, "baseline": None})
        for one in found.inputs.examples["xquad-r"]
    ]
    intro = see.example_blocks(found, "xquad-r", plain)[0]
    assert isinstance(intro, Paragraph)
    assert intro.text.startswith("Queries drawn at random with a fixed seed.")


def test_the_picture_comes_with_its_measures(built: Context) -> None:
    figure = see.projection_figure(built, "xquad-r", built.inputs.projections["xquad-r"])
    assert isinstance(figure, Figure)
    assert "untrained 20.0 % of queries and 20.0 % of passages" in figure.alternative
    row = figure.table.rows[0]
    assert [cell.text for cell in row.cells] == (
        ["20.0 %", "55.0 %", "100.0 %", "220"] * 2 + ["3.0 %", "2.0 %"]
    )
    assert "a guess is right in 9.1 %" in figure.table.note
    for code in fixture.QUESTIONS:
        assert figure.svg.count(f">{code}</text>") == 4  # a panel for each run
    assert "untrained: 5.0 % of the variance" in figure.svg


def test_a_run_is_named_by_its_system_and_seed(built: Context) -> None:
    assert see.run_label(built, "xquad-r", "base.tiny.hybrid.s1") == "hybrid"
    assert see.run_label(built, "xquad-r", "another run") == "another run"


def test_of_several_seeds_the_first_is_shown(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    second = fixture.write_run(tmp_path, "hybrid", training_languages=["ar"], seed=2)
    fixture.write_train_log(tmp_path, second, "hybrid", ["ar", "en"], steps=4)
    options["runs"].append(second)
    found = context(tmp_path, options)
    assert see.shown_runs(found, [*options["runs"], "another run"]) == [
        "base.untrained",
        "base.tiny.x-x-mono.s1",
        "base.tiny.x-y.s1",
        "base.tiny.hybrid.s1",
        "another run",
    ]
    assert see.run_label(found, "xquad-r", second) == "hybrid, seed 2"


def test_points_cost_a_few_bytes_each() -> None:
    def size(points: int) -> int:
        cloud = Cloud("ar", tuple((n / 7, n / 3) for n in range(points)), ((0.0, 1.0),))
        return len(charts.clouds("id", [CloudPanel("p", (cloud,))], alternative="a"))

    assert (size(1000) - size(100)) / 900 < 40


def test_queries_are_round_and_passages_square() -> None:
    def caps(round: Points, square: Points) -> list[str]:
        svg = charts.clouds(
            "id", [CloudPanel("panel", (Cloud("ar", round, square),))], alternative="a"
        )
        return re.findall(r"opacity: 0\.75[^\"]*stroke-linecap: (\w+)", svg)

    points = ((0.0, 0.0), (1.0, 1.0))
    assert caps(points, ()) == ["round"]
    assert caps((), points) == ["square"]
    assert caps(points, points) == ["round", "square"]


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("short", 5, "short"),
        ("one two three four", 12, "one two …"),
        ("无空格的文字很长很长", 4, "无空格的 …"),
        (30 * "x" + " y", 30, 30 * "x" + " …"),
    ],
)
def test_long_texts_are_cut_between_words_where_there_are_any(
    text: str, most: int, expected: str
) -> None:
    assert wording.shortened(text, most) == expected
