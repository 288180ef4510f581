"""The report's section of sharded benchmarks, from figures worked out by hand."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tiny
from hybridbatch.common.runs import Run, group_systems
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.reporting.corpora import Corpus, IndexQuality, read_corpora, read_qualities
from hybridbatch.reporting.document import Bullets, Details, Paragraph, Section, Table
from hybridbatch.reporting.evidence import Measured, Statistics
from hybridbatch.reporting.inputs import Inputs, read_timings
from hybridbatch.reporting.literature import read_literature
from hybridbatch.reporting.report import LITERATURE
from hybridbatch.reporting.sections import ORDER, answer, claims, corpora
from hybridbatch.reporting.systems import Context, Scores, labelled
from hybridbatch.schemas import every as schemas

RUN = Run("m.untrained", "m", None, "untrained", None, None, (), (), 0, 0, None)
HYBRID = Run("m.r.hybrid.s1", "m", "r", "hybrid", 0.5, 1, ("en",), ("s",), 8, 8, 2)


def summary(**languages: float) -> Mapping[tuple[str, str, str, str], float]:
    cells = {("monolingual", code, code, "nDCG@10"): value for code, value in languages.items()}
    mean = sum(languages.values()) / len(languages)
    return cells | {("monolingual", "macro", "macro", "nDCG@10"): mean}


CORPUS = Corpus(
    queries={"sw": 2, "yo": 3},
    passages={"sw": 1000, "yo": 500},
    shards=3,
    shared_items=0,
    exact_matches=0,
    summaries={"m.untrained": summary(sw=0.25, yo=0.5), "m.r.hybrid.s1": summary(sw=0.5, yo=0.75)},
    qualities={"m.untrained": (IndexQuality("sw", "SQ8", 100, 1000, 384_200, 2, 0.984),)},
)


def context(corpus: Corpus | None = CORPUS, **changes: Any) -> Context:
    inputs = Inputs((RUN, HYBRID), {}, {}, {}, {}, {}, (), {}, {})
    chosen = Context(
        inputs=inputs,
        scores=Scores(inputs, {} if corpus is None else {"miracl": corpus}),
        systems=labelled(group_systems(inputs.runs)),
        recipe="r",
        train_languages=("en",),
        allow_contaminated=False,
        config={"retrieval": {"top_k": 100}, "evaluation": {"measures": tiny.MEASURES}},
        literature=read_literature(LITERATURE),
        corpora={} if corpus is None else {"miracl": corpus},
    )
    return replace(chosen, **changes)


def built(chosen: Context) -> Section:
    section = corpora.section(chosen)
    assert section is not None
    return section


def table(section: Section, id: str) -> Table:
    blocks = [block for part in section.subsections for block in part.blocks]
    (found,) = [block for block in blocks if isinstance(block, Table) and block.id == id]
    return found


def test_languages_stand_beside_the_published_figures() -> None:
    found = table(built(context()), "table-miracl-monolingual-ndcg-10")
    assert [column.label for column in found.columns] == [
        "untrained",
        "hybrid",
        "XLM-R hybrid",
        "LaBSE hybrid",
    ]
    texts = {row.header: [cell.text for cell in row.cells] for row in found.rows}
    assert texts["Swahili (sw)"] == ["0.250", "0.500", "0.335", "0.490"]
    assert texts["Yoruba (yo)"] == ["0.500", "0.750", "–", "–"]
    assert texts["Mean of all languages run"][:2] == ["0.375", "0.625"]
    assert "Mean of the published languages" not in texts  # not all of them were run


def test_the_mean_of_the_published_languages() -> None:
    more = {("monolingual", "macro-published", "macro-published", "nDCG@10"): 0.4}
    whole = {run: dict(found) | more for run, found in CORPUS.summaries.items()}
    found = table(
        built(context(replace(CORPUS, summaries=whole))), "table-miracl-monolingual-ndcg-10"
    )
    (row,) = [row for row in found.rows if row.header == "Mean of the published languages"]
    assert [cell.text for cell in row.cells] == ["0.400", "0.400", "0.405", "0.441"]


def test_the_section_says_that_figures_are_cut() -> None:
    (part, _) = built(context()).subsections
    assert isinstance(part.blocks[0], Paragraph)
    text = part.blocks[0].text
    assert "1,500 passages in 2 languages, 5 queries" in text
    assert "computed from the first 100 passages of each query" in text
    contaminated = built(context(replace(CORPUS, shared_items=2))).subsections[0].blocks[1]
    assert isinstance(contaminated, Paragraph) and "seen 2 items" in contaminated.text


def test_approximate_indexes_show_their_recall() -> None:
    found = table(built(context()), "table-index-quality")
    (row,) = found.rows
    assert [cell.text for cell in row.cells] == ["SQ8", "1,000", "384", "100", "2", "0.984"]
    exact = IndexQuality("sw", "Flat", 100, 1000, 1_536_000, 0, 1.0)
    assert corpora.section(context(None)) is None
    assert corpora.section(context(None, qualities={("m.untrained", "xquad-r"): (exact,)})) is None


def test_the_lead_says_what_was_found_and_absent_sections_are_left_out() -> None:
    mono = Run("m.r.x-x-mono.s1", "m", "r", "x-x-mono", 1.0, 1, ("en",), ("s",), 8, 8, 2)
    inputs = Inputs((RUN, mono, HYBRID), {}, {}, {}, {}, {}, (), {}, {})
    corpus = replace(
        CORPUS, summaries={**CORPUS.summaries, "m.r.x-x-mono.s1": summary(sw=0.625, yo=0.5)}
    )
    chosen = context(
        corpus,
        inputs=inputs,
        systems=labelled(group_systems(inputs.runs)),
        scores=Scores(inputs, {"miracl": corpus}),
    )
    (part,) = answer.section(chosen).subsections
    (told,) = part.blocks
    assert isinstance(told, Details)
    bullets, text = told.blocks
    assert isinstance(bullets, Bullets) and isinstance(text, Paragraph)
    assert part.title == "MIRACL"
    assert bullets.items == (
        "Monolingual nDCG@10: hybrid 0.625, x-x-mono 0.562, untrained 0.375 (highest first).",
    )
    assert text.text == (
        "From x-x-mono to hybrid: monolingual nDCG@10 +0.062. "
        "Monolingual nDCG@10 is lower in 1 of 2 languages, most in Swahili (−0.125)."
    )
    absent = {"headline", "pairs", "bias", "languages", "see"}
    shown = {each.id for build in ORDER[:10] if (each := build(chosen)) is not None}
    assert "corpora" in shown and not shown & absent


def test_claims_know_the_runs_and_matches_of_a_sharded_benchmark() -> None:
    row = {"system": "m.r.hybrid", "model": "m", "recipe": "r", "sampling": "hybrid", "alpha": 0.5}
    statistics = Statistics(
        systems=frozenset({"m.r.hybrid"}),
        estimates={},
        differences={},
        groups=(),
        rows={"estimates": [row], "comparisons": [], "noninferiority": []},
    )
    measured = Measured(tiny.statistics_options("m.r"), {"miracl": statistics})
    found = claims.evidence(context(replace(CORPUS, exact_matches=3), measured=measured))
    assert [system.id for system in found.systems] == ["m.r.hybrid"]
    assert found.exact_matches == {"miracl": 3}
    (table,) = [
        block
        for block in claims.section(context(measured=measured)).blocks
        if isinstance(block, Table)
    ]
    links = {row.header: row.cells[-1].link for row in table.rows}
    assert (links["C1"], links["C3"], links["C8"]) == ("#training", "#data", "#corpora")


def test_it_is_read_from_the_results(tmp_path: Path) -> None:
    def write(path: str, schema: schemas.Schema, *rows: dict[str, object]) -> None:
        write_table(table_from_rows(rows, schema), tmp_path / path, schema)

    query = {"query_id": "sw:1", "item_id": "sw:1", "language": "sw", "text": "?"}
    shard = {"part": "sw-0000", "language": "sw", "passages": 30}
    value = {"metric": "nDCG@10", "value": 0.5, "queries": 1, "setting": "monolingual"}
    quality = {"language": "sw", "factory": "Flat", "k": 10, "vectors": 40, "bytes": 9,
               "queries": 0, "recall": 1.0}  # fmt: skip
    write("benchmarks/miracl/queries.parquet", schemas.QUERIES, query)
    write(
        "benchmarks/miracl/shards.parquet",
        schemas.SHARDS,
        {"shard": "a", **shard},
        {"shard": "b", **shard, "passages": 10},
    )
    write(
        "metrics/m.untrained/miracl/summary.parquet",
        schemas.SUMMARY,
        {**value, "query_language": "sw", "passage_language": "sw"},
    )
    write("index_quality/m.untrained/miracl/sw.parquet", schemas.INDEX_QUALITY, quality)
    write("index_quality/m.untrained/cldr.parquet", schemas.INDEX_QUALITY, quality)
    pairs = [("m.untrained", "miracl")]
    found = read_corpora(tmp_path, recipe="r", corpora=["miracl"], evaluations=pairs)["miracl"]
    assert (found.passages, found.shards, found.queries) == ({"sw": 40}, 2, {"sw": 1})
    assert found.summaries["m.untrained"]["monolingual", "sw", "sw", "nDCG@10"] == 0.5
    assert found.qualities["m.untrained"][0].recall == pytest.approx(1)
    known = read_qualities(tmp_path, [("m.untrained", "cldr"), ("m.untrained", "xquad-r")])
    assert list(known) == [("m.untrained", "cldr")]


def test_the_jobs_of_all_shards_are_one_line(tmp_path: Path) -> None:
    def write(number: int, job: str, seconds: float, memory: float) -> None:
        row = {"stage": "encode", "job": job, "wall_seconds": seconds, "cpu_seconds": 2 * seconds,
               "peak_memory_mb": memory, "threads": 2}  # fmt: skip
        table = table_from_rows([row], schemas.TIMINGS)
        write_table(table, tmp_path / f"{number}.parquet", schemas.TIMINGS)

    write(0, "run/miracl/sw-0000.sw.0000", 3.0, 50.0)
    write(1, "run/miracl/sw-0000.sw.0001", 4.0, 40.0)
    write(2, "run/miracl", 1.0, 30.0)
    write(3, "other/miracl/sw-0000.sw.0000", 9.0, 90.0)
    write(4, "run/unknown", 9.0, 90.0)
    found = read_timings(tmp_path, names={"run", "miracl"}, corpora=["miracl"])
    assert [(each.job, each.wall_seconds, each.peak_memory_mb) for each in found] == [
        ("run/miracl", 1.0, 30.0),
        ("run/miracl (2 jobs)", 7.0, 50.0),
    ]
