"""Figures of the report worked out by hand: averages, comparisons, labels, wording."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import report_fixture as fixture
import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.run_records import read_run
from hybridbatch.common.runs import group_systems
from hybridbatch.reporting.document import Table
from hybridbatch.reporting.inputs import (
    read_inputs,
    read_summary,
    read_timings,
    read_train_log,
)
from hybridbatch.reporting.literature import read_literature
from hybridbatch.reporting.report import LITERATURE
from hybridbatch.reporting.sections import answer, bias, data, headline, languages, pairs, training
from hybridbatch.reporting.systems import Context, Scores, labelled
from hybridbatch.schemas import every as schemas


def context(results: Path, options: dict[str, Any], *, literature: bool = False) -> Context:
    inputs = read_inputs(
        results,
        recipe=options["recipe"],
        runs=options["runs"],
        evaluations=[tuple(pair) for pair in options["evaluations"]],
        benchmarks=options["benchmarks"],
        sources=options["sources"],
        views=options.get("views", ()),
    )
    return Context(
        inputs=inputs,
        scores=Scores(inputs),
        systems=labelled(group_systems(inputs.runs)),
        recipe=options["recipe"],
        train_languages=tuple(options["train_languages"]),
        allow_contaminated=False,
        config={"evaluation": {"measures": tiny.MEASURES}},
        literature=read_literature(LITERATURE) if literature else {},
    )


def rows_of(values: dict[tuple[str, str], float], *, metric: str = "mAP") -> list[dict[str, Any]]:
    """Summary rows from {(query language, passage language or all): value}, with macro rows."""
    kinds: dict[str, list[float]] = {}
    rows = []
    for (query, passage), value in values.items():
        kind = (
            "multilingual"
            if passage == "all"
            else "monolingual"
            if query == passage
            else "cross-lingual"
        )
        kinds.setdefault(kind, []).append(value)
        rows.append((kind, query, passage, value))
    for kind, found in kinds.items():
        pool = "all" if kind == "multilingual" else "macro"
        rows.append((kind, "macro", pool, sum(found) / len(found)))
    return [
        {
            "setting": kind,
            "query_language": query,
            "passage_language": passage,
            "metric": metric,
            "value": value,
            "queries": 10,
        }
        for kind, query, passage, value in rows
    ]


MONO = {
    ("ar", "ar"): 0.70,
    ("en", "en"): 0.90,
    ("ar", "en"): 0.60,
    ("en", "ar"): 0.50,
    ("ar", "all"): 0.40,
    ("en", "all"): 0.50,
}
HYBRID = {
    ("ar", "ar"): 0.69,
    ("en", "en"): 0.92,
    ("ar", "en"): 0.65,
    ("en", "ar"): 0.60,
    ("ar", "all"): 0.55,
    ("en", "all"): 0.65,
}
DISTANCES = {"x-x-mono": (400.0, 401.0), "hybrid": (300.4, 310.0)}


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Two languages and two samplings, every value known."""
    runs = []
    for sampling, values in (("x-x-mono", MONO), ("hybrid", HYBRID)):
        run = fixture.write_run(tmp_path, sampling, training_languages=["en"])
        runs.append(run)
        distances = dict(zip((("ar", "all"), ("en", "all")), DISTANCES[sampling], strict=True))
        fixture.write_summary(
            tmp_path,
            run,
            "xquad-r",
            rows_of(values) + rows_of(distances, metric="rank_distance"),
        )
        fixture.write_train_log(tmp_path, run, sampling, ["ar", "en"], steps=4)
    fixture.write_benchmark(tmp_path, "xquad-r", ["ar", "en"])
    fixture.write([], tmp_path / "overlap" / "tiny" / "xquad-r.parquet", schemas.OVERLAP)
    fixture.write_source(tmp_path, "facts", ["ar", "en"])
    return tmp_path, {
        "recipe": "tiny",
        "runs": runs,
        "evaluations": [[run, "xquad-r"] for run in runs],
        "benchmarks": ["xquad-r"],
        "sources": ["facts"],
        "train_languages": ["en"],
    }


def texts(table: Table) -> dict[str, list[str]]:
    return {row.header: [cell.text for cell in row.cells] for row in table.rows}


def test_headline_figures_are_the_macro_rows(small: tuple[Path, dict[str, Any]]) -> None:
    table = headline.headline_table(context(*small), "xquad-r")
    #             monolingual          cross-lingual        multilingual         bias
    #             mAP  R@1 nDCG        mAP  R@1 nDCG        mAP  R@10 nDCG      rank distance
    assert texts(table)["x-x-mono"] == (
        ["0.800", "–", "–", "0.550", "–", "–", "0.450", "–", "–", "400"]  # 400.5 to even
    )
    assert texts(table)["hybrid"] == (
        ["0.805", "–", "–", "0.625", "–", "–", "0.600", "–", "–", "305"]
    )


def test_published_rows_stand_below_ours_for_the_same_samplings(
    small: tuple[Path, dict[str, Any]],
) -> None:
    table = headline.headline_table(context(*small, literature=True), "xquad-r")
    ours, published = table.groups
    assert [row.header for row in ours.rows] == ["x-x-mono", "hybrid"]
    assert published.label == "Published: Elmahdy, Lin and Ahmad, arXiv 2408.10536"
    assert [row.header for row in published.rows] == [
        "XLM-R x-x-mono",
        "XLM-R hybrid",
        "LaBSE x-x-mono",
        "LaBSE hybrid",
    ]
    assert [cell.text for cell in published.rows[1].cells] == (
        ["0.798", "0.709", "–", "0.705", "0.598", "–", "0.593", "0.517", "–", "287"]
    )


def test_the_lead_says_what_changed_and_where_it_got_worse(
    small: tuple[Path, dict[str, Any]],
) -> None:
    built = context(*small)
    mono, hybrid = built.systems
    assert answer.compare(built, "xquad-r", hybrid, mono) == (
        "From x-x-mono to hybrid: monolingual mAP +0.005, cross-lingual mAP +0.075, "
        "multilingual mAP +0.150, language bias (rank distance) −95. "
        "Monolingual mAP is lower in 1 of 2 languages, most in Arabic (−0.010)."
    )


def test_heatmaps_hold_query_rows_and_passage_columns(small: tuple[Path, dict[str, Any]]) -> None:
    built = context(*small)
    mono, hybrid = built.systems
    left, right = (pairs.pair_grid(built, system, "xquad-r") for system in (hybrid, mono))
    assert right == ((0.70, 0.60), (0.50, 0.90))
    difference = pairs.difference_grid(left, right)
    assert [[round(value or 0, 6) for value in row] for row in difference] == (
        [[-0.01, 0.05], [0.10, 0.02]]
    )


def test_a_cell_that_was_not_measured_stays_empty() -> None:
    assert pairs.difference_grid(((0.5, None),), ((None, 0.5),)) == ((None, None),)


def test_cross_lingual_by_query_language_is_the_mean_over_the_other_passage_languages(
    small: tuple[Path, dict[str, Any]],
) -> None:
    table = languages.language_table(context(*small), "xquad-r")
    found = {
        group.label: [cell.text for cell in row.cells]
        for group in table.groups
        for row in group.rows
        if row.language == "ar"
    }
    assert found == {
        "monolingual": ["0.700", "0.690"],
        "cross-lingual": ["0.600", "0.650"],
        "multilingual": ["0.400", "0.550"],
    }


def test_systems_are_contaminated_only_where_items_are_shared(
    small: tuple[Path, dict[str, Any]],
) -> None:
    shared = {"kind": "item", "source": "facts", "item_id": "facts:1", "language": "ar", "text": ""}
    path = small[0] / "overlap" / "tiny" / "xquad-r.parquet"
    for rows, expected in (
        ([], False),
        ([shared | {"kind": "passage"}], False),
        ([shared, shared | {"language": "en"}], True),
    ):
        fixture.write(rows, path, schemas.OVERLAP)
        built = context(*small)
        assert built.shared_items("xquad-r") == (1 if expected else 0)
        assert [built.contaminated(system, "xquad-r") for system in built.systems] == [expected] * 2


def test_bias_by_language_is_in_whole_ranks(small: tuple[Path, dict[str, Any]]) -> None:
    table = bias.bias_table(context(*small), "xquad-r")
    assert texts(table)["Arabic (ar)"] == ["400", "300"]
    assert texts(table)["macro average"] == ["400", "305"]


def test_unseen_comes_from_the_run_records(small: tuple[Path, dict[str, Any]]) -> None:
    built = context(*small)  # the runs trained on en alone
    marks = {row.header: row.mark for row in languages.language_table(built, "xquad-r").rows}
    assert marks == {"Arabic (ar)": "unseen", "English (en)": "", "macro average": ""}


def test_seeds_of_a_system_are_averaged(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    for seed, shift in ((7, 0.0), (8, 0.2)):
        run = fixture.write_run(tmp_path, "x-x", training_languages=["ar", "en"], seed=seed)
        rows = rows_of({("ar", "ar"): 0.5 + shift, ("en", "en"): 0.7 + shift})
        fixture.write_summary(tmp_path, run, "xquad-r", rows)
        fixture.write_train_log(tmp_path, run, "x-x", ["ar", "en"], steps=4)
        options["runs"].append(run)
        options["evaluations"].append([run, "xquad-r"])
    built = context(tmp_path, options)
    system = built.systems[-1]
    assert [run.seed for run in system.runs] == [7, 8]
    assert built.scores.macro(system, "xquad-r", "monolingual", "mAP") == pytest.approx(0.7)
    assert built.scores.macro(system, "xquad-r", "multilingual", "mAP") is None
    labels = [label for label, _ in training.labelled_runs(built)]
    assert labels[-2:] == ["x-x, seed 7", "x-x, seed 8"]


def test_alpha_tells_hybrids_apart_and_the_default_one_is_compared(tmp_path: Path) -> None:
    options = fixture.write_results(tmp_path, languages=("ar", "en"), steps=4)
    row = asdict(read_run(tmp_path / "runs" / "base.tiny.hybrid.s1.parquet"))
    del row["id"]
    other = {**row, "run": "base.tiny.hybrid0.3.s1", "alpha": 0.3}
    fixture.write([other], tmp_path / "runs" / f"{other['run']}.parquet", schemas.RUNS)
    fixture.write_summary(tmp_path, other["run"], "xquad-r", rows_of(HYBRID))
    fixture.write_train_log(tmp_path, other["run"], "hybrid", ["ar", "en"], steps=4)
    options["runs"].append(other["run"])
    options["evaluations"].append([other["run"], "xquad-r"])
    built = context(tmp_path, options)
    assert [system.label for system in built.systems] == (
        ["untrained", "x-x-mono", "x-y", "hybrid", "hybrid α=0.3"]
    )
    compared = [(a.label, b.label) for a, b in built.comparisons("xquad-r")]
    assert compared == [("hybrid", "untrained"), ("hybrid", "x-x-mono"), ("hybrid", "x-y")]


def test_macro_averages_of_the_published_figures_are_the_printed_ones() -> None:
    literature = read_literature(LITERATURE)
    settings = ("monolingual", "cross-lingual", "multilingual")
    headline_figures = {
        (dataset, row.model, row.sampling): (
            *(round(row.macro[setting, "mAP"], 3) for setting in settings),
            round(row.macro["multilingual", "rank_distance"]),
        )
        for dataset in ("xquad-r", "mlqa-r")
        for row in literature[dataset]
    }
    assert headline_figures["xquad-r", "XLM-R", "hybrid"] == (0.798, 0.705, 0.593, 287)
    assert headline_figures["xquad-r", "LaBSE", "x-y"] == (0.801, 0.762, 0.679, 225)
    assert headline_figures["mlqa-r", "LaBSE", "hybrid"] == (0.686, 0.681, 0.579, 195)
    miracl = {(row.model, row.sampling): row.macro for row in literature["miracl"]}
    assert round(miracl["XLM-R", "x-x-mono"]["monolingual", "nDCG@10"], 3) == 0.415


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "row 1: the columns must be source,dataset"),
        (
            "source,dataset,model,sampling,language,setting,metric,value\n"
            "s,xquad-r,m,X-Y,ar,monolingual,MAP,high\n",
            "row 2: value 'high' is not a number",
        ),
    ],
)
def test_a_bad_literature_file_is_named_with_its_row(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "figures.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HybridBatchError, match=message):
        read_literature(path)


def test_a_setting_without_queries_has_no_value(tmp_path: Path) -> None:
    row = rows_of({("ar", "en"): 0.0})[0] | {"queries": 0}
    fixture.write([row], tmp_path / "summary.parquet", schemas.SUMMARY)
    assert read_summary(tmp_path / "summary.parquet") == {}


def test_an_evaluation_of_an_unknown_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HybridBatchError, match=r"evaluations: \(a, xquad-r\) is not among"):
        read_inputs(
            tmp_path,
            recipe="tiny",
            runs=[],
            evaluations=[("a", "xquad-r")],
            benchmarks=["xquad-r"],
            sources=[],
        )


def test_the_training_log_is_counted_by_language_and_type(tmp_path: Path) -> None:
    def row(step: int, event: str, kind: str, query: list[str], passage: list[str]) -> Any:
        return {
            "step": step,
            "event": event,
            "loss": step / 10,
            "learning_rate": 0.0,
            "batch_type": kind,
            "query_languages": query,
            "passage_languages": passage,
        }

    rows = [
        row(2, "train", "x-y", ["ar", "en"], ["en", "ar"]),
        row(1, "train", "x-x-mono", ["en", "en"], ["en", "en"]),
        row(2, "validation", "all", [], []),
    ]
    path = tmp_path / "train_log.parquet"
    fixture.write(rows, path, schemas.TRAIN_LOG)
    log = read_train_log(path)
    assert (log.steps, log.losses) == ((1, 2), (0.1, 0.2))
    assert log.batch_types == ("x-x-mono", "x-y")
    assert log.validation == {"all": ((2, 0.2),)}
    assert log.pairs == {("ar", "en"): 1, ("en", "ar"): 1, ("en", "en"): 2}


def test_data_counts(small: tuple[Path, dict[str, Any]]) -> None:
    built = context(*small)
    assert texts(data.benchmark_table(built))["total"] == ["6", "6"]
    table = data.source_table(built, "facts", built.inputs.sources["facts"])
    assert [column.label for column in table.columns] == ["train", "validation"]
    assert texts(table) == {
        "Arabic (ar)": ["38", "2"],
        "English (en)": ["38", "2"],
        "total": ["76", "4"],
    }
    assert table.rows[0].mark == "not trained on"
    assert table.note.startswith("40 items in 40 question groups and 20 passage groups")


def test_only_the_timings_of_this_configuration_are_read(tmp_path: Path) -> None:
    jobs = [
        ("train", "base.tiny.x-y.s1"),
        ("train", "base.tiny.x-y.s10"),
        ("encode", "base.tiny.x-y.s1/xquad-r"),
        ("encode", "other.tiny.x-y.s1/xquad-r"),
        ("overlap", "tiny/xquad-r"),
        ("overlap", "large/xquad-r"),
        ("benchmarks", "mlqa-r"),
        ("download", "host/file.json"),
        ("report", "report"),
    ]
    fixture.write_timings(tmp_path, [(stage, job, 1.0) for stage, job in jobs])
    found = read_timings(tmp_path / "timings", names={"base.tiny.x-y.s1", "xquad-r", "tiny"})
    assert [(timing.stage, timing.job) for timing in found] == [
        ("download", "host/file.json"),
        ("encode", "base.tiny.x-y.s1/xquad-r"),
        ("overlap", "tiny/xquad-r"),
        ("train", "base.tiny.x-y.s1"),
    ]
    assert read_timings(tmp_path / "none", names=[]) == ()
