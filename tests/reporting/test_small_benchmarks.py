"""The report on the smallest benchmarks: what cannot be shown is left out, and the page says so."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import tiny
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.schemas import every as schemas
from small_case import report_of

Pairs = Sequence[tuple[str, str]]
ALL = ("ar", "de", "en")


def write_benchmark(folder: str, queries: Pairs, passages: Pairs, *, relevant: Any) -> None:
    """Queries and passages as (language, item); `relevant` judges each two, or gives None."""
    judged = [
        {"query_id": f"{q[0]}:{q[1]}", "passage_id": f"{p[0]}:{p[1]}", "relevance": grade}
        for q, p in product(queries, passages)
        if (grade := relevant(q, p)) is not None
    ]
    tables = (
        (
            [
                {
                    "query_id": f"{code}:{item}",
                    "item_id": item,
                    "language": code,
                    "text": f"{code} {item}?",
                }
                for code, item in queries
            ],
            schemas.QUERIES,
        ),
        (
            [
                {
                    "passage_id": f"{code}:{item}",
                    "language": code,
                    "title": "",
                    "text": f"{code} {item}.",
                }
                for code, item in passages
            ],
            schemas.PASSAGES,
        ),
        (judged, schemas.QRELS),
    )
    for rows, schema in tables:
        write_table(table_from_rows(rows, schema), Path(folder, f"{schema.name}.parquet"), schema)


def same_item(query: tuple[str, str], passage: tuple[str, str]) -> int | None:
    return 1 if query[1] == passage[1] else None


def in_own_language(query: tuple[str, str], passage: tuple[str, str]) -> int | None:
    return None if query[1] != passage[1] else int(query[0] == passage[0])


def parallel(items: str, languages: Sequence[str] = ALL) -> Pairs:
    return list(product(languages, items))


Case = tuple[Pairs, Pairs, Any, bool]
# The queries, the passages, what is relevant, and whether there is a picture.
WITH_TRAINED: Mapping[str, Case] = {
    "one-item": (parallel("a"), parallel("a"), same_item, False),
    "one-of-each": (parallel("a", ["de"]), parallel("a", ["de"]), same_item, False),
    "no-relevant-in-ar": (
        parallel("ab"),
        parallel("ab"),
        lambda q, p: None if p[0] == "ar" else same_item(q, p),
        True,
    ),
}
UNTRAINED_ALONE: Mapping[str, Case] = {
    "one-query": (parallel("a", ["de"]), parallel("abc"), same_item, False),
    "one-passage": (parallel("abc"), [("en", "x")], lambda *_: 1, False),
    "one-language": (parallel("abcd", ["de"]), parallel("abcd", ["de"]), same_item, True),
    "two-items": (parallel("ab"), parallel("ab"), same_item, True),
    "no-passages-in-de": (parallel("abc", ["de", "en"]), parallel("abc", ["en"]), same_item, True),
    "no-queries-in-en": (parallel("abc", ["de"]), parallel("abc"), same_item, True),
    "judged-irrelevant": (parallel("ab"), parallel("ab"), in_own_language, True),
}


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder with a model, pairs and the benchmarks."""
    found = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(found)
        tiny.write_model(Path("model"))
        tiny.write_pairs(Path("pairs.parquet"), range(40))
        for name, (queries, passages, relevant, _) in (WITH_TRAINED | UNTRAINED_ALONE).items():
            write_benchmark(name, queries, passages, relevant=relevant)
        yield found


def page_of(names: Sequence[str], *, samplings: Sequence[str]) -> str:
    """The text of the report on these benchmarks."""
    page = report_of(
        {
            "recipe": "tiny",
            "model": "./model",
            "sources": [{"name": "tiny", "path": "pairs.parquet"}],
            "train_languages": ["de", "en"],
            "benchmarks": [{"name": name, "path": name} for name in names],
            "samplings": list(samplings),
            "threads": 1,
            "training": {
                "batch_size": 4,
                "steps": 2,
                "warmup_steps": 1,
                "max_tokens": 32,
                "validation": {"fraction": 0},
            },
            "encoding": {"max_tokens": 32, "precision": "fp32"},
            "retrieval": {"top_k": 5},
            "bias": {"cutoff": 4},
            "statistics": {"resamples": 100},
        }
    )
    assert not re.search(r'="[^"]*\bnan\b', page)  # a coordinate of a drawing
    text = re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert not re.search(r"(?<![\w-])(nan|inf|None)(?![\w-])", text)
    return page


@pytest.mark.parametrize(
    ("cases", "samplings"),
    [(WITH_TRAINED, ["hybrid"]), (UNTRAINED_ALONE, [])],
    ids=["trained", "untrained"],
)
def test_the_smallest_benchmarks_have_a_report(
    cases: Mapping[str, Case], samplings: Sequence[str]
) -> None:
    page = page_of(list(cases), samplings=samplings)
    for name, (*_, drawn) in cases.items():
        assert (f'id="figure-space-{name}"' in page) == drawn, name
        section = page.partition(f'id="see-space-{name}"')[2].partition("<section")[0]
        assert ("There is no picture of the embedding space" in section) != drawn, name
        points = Path(f"results/projection/model.tiny/{name}/points.parquet")
        assert bool(read_table(points, schemas.PROJECTION).num_rows) == drawn, name
