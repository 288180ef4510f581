"""Benchmarks as tables: XQuAD-R and MLQA-R by their counts, the user's own checked in depth."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tiny
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.tables import read_table, table_from_rows
from hybridbatch.data.benchmarks import (
    Benchmark,
    Options,
    build_benchmark,
    run,
    write_benchmark,
)
from hybridbatch.data.sources.catalog import files_of
from hybridbatch.schemas import every as schemas

DATA = Path(__file__).parent / "lareqa"
MIRROR = os.environ.get("HYBRIDBATCH_MIRROR", "")
needs_mirror = pytest.mark.skipif(
    not MIRROR or not Path(MIRROR).is_dir(), reason="set HYBRIDBATCH_MIRROR to a folder"
)


def relevant(benchmark: Benchmark) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in benchmark.qrels.to_pylist():
        assert row["relevance"] == 1
        found.setdefault(row["query_id"], set()).add(row["passage_id"])
    return found


def test_every_language_that_has_the_question_has_a_relevant_passage() -> None:
    options = tiny.made_options(
        Options, "benchmarks", name="tiny", kind="xquad-r", most_passages=None
    )
    benchmark = build_benchmark(options, [DATA / "en.json", DATA / "de.json"])
    assert relevant(benchmark) == {
        "de:q2": {"de:000-00-01", "en:000-00-01"},
        "de:q3": {"de:001-00-00", "en:001-00-00"},
        "en:q1": {"en:000-00-00"},
        "en:q2": {"de:000-00-01", "en:000-00-01"},
        "en:q3": {"de:001-00-00", "en:001-00-00"},
    }
    assert benchmark.queries.to_pylist()[0] == {
        "query_id": "de:q2",
        "item_id": "q2",
        "language": "de",
        "text": "Wer hütete den Leuchtturm?",
    }
    assert benchmark.passages.to_pylist()[-1] == {
        "passage_id": "en:001-00-00",
        "language": "en",
        "title": "",
        "text": "Bees sleep at night.",
    }


def test_the_order_of_the_files_does_not_matter(tmp_path: Path) -> None:
    options = tiny.made_options(
        Options, "benchmarks", name="tiny", kind="mlqa-r", most_passages=None
    )
    for folder, names in (("a", ["en.json", "de.json"]), ("b", ["de.json", "en.json"])):
        files = [DATA / name for name in names]
        write_benchmark(build_benchmark(options, files), tmp_path / folder)
    for name in ("queries", "passages", "qrels"):
        one, other = (tmp_path / folder / f"{name}.parquet" for folder in "ab")
        assert one.read_bytes() == other.read_bytes()


@needs_mirror
def test_xquad_r_has_eleven_relevant_passages_per_query() -> None:
    options = tiny.made_options(
        Options, "benchmarks", name="xquad-r", kind="xquad-r", most_passages=None
    )
    paths = [Path(MIRROR) / file.path for file in files_of("xquad-r")]
    benchmark = build_benchmark(options, paths)
    assert benchmark.queries.num_rows == 11 * 1190
    assert benchmark.passages.num_rows == 13_014
    assert {len(passages) for passages in relevant(benchmark).values()} == {11}


@needs_mirror
def test_mlqa_r_has_two_to_four_relevant_passages_per_query() -> None:
    options = tiny.made_options(
        Options, "benchmarks", name="mlqa-r", kind="mlqa-r", most_passages=None
    )
    paths = [Path(MIRROR) / file.path for file in files_of("mlqa-r")]
    benchmark = build_benchmark(options, paths)
    assert benchmark.queries.num_rows == 4199
    assert {len(passages) for passages in relevant(benchmark).values()} == {2, 3, 4}
    # As printed: a pair of languages shares 161 to 517 questions.
    shared: dict[tuple[str, str], int] = {}
    for query, passages in relevant(benchmark).items():
        for passage in passages:
            pair = (query[:2], passage[:2])
            shared[pair] = shared.get(pair, 0) + 1
    counts = [count for (query, passage), count in shared.items() if query != passage]
    assert (len(counts), min(counts), max(counts)) == (42, 161, 517)


def test_the_generated_benchmark_passes_the_same_checks() -> None:
    benchmark = build_benchmark(
        tiny.made_options(Options, "benchmarks", name="cldr", kind="cldr", most_passages=None), []
    )
    assert {len(passages) for passages in relevant(benchmark).values()} == {11}


def own(folder: Path, **changes: Any) -> list[Path]:
    """A user's benchmark; `changes` replaces cells: queries=(row, column, value)."""
    rows: dict[str, list[dict[str, Any]]] = {
        "queries": [
            {"query_id": "en:1", "item_id": "1", "language": "en", "text": "Who?"},
            {"query_id": "el:1", "item_id": "1", "language": "el", "text": "Ποιος;"},
        ],
        "passages": [
            {"passage_id": "en:a", "language": "en", "title": "", "text": "Ann."},
            {"passage_id": "el:a", "language": "el", "title": "Ο", "text": "Η Άννα."},
        ],
        "qrels": [
            {"query_id": "en:1", "passage_id": "en:a", "relevance": 1},
            {"query_id": "en:1", "passage_id": "el:a", "relevance": 0},
            {"query_id": "el:1", "passage_id": "el:a", "relevance": 2},
        ],
    }
    for name, (row, column, value) in changes.items():
        rows[name][row][column] = value
    paths = []
    for name, schema in zip(rows, (schemas.QUERIES, schemas.PASSAGES, schemas.QRELS), strict=True):
        paths.append(folder / f"{name}.parquet")
        pq.write_table(table_from_rows(rows[name], schema), paths[-1])
    return paths


def test_the_users_own_tables_come_out_sorted(tmp_path: Path) -> None:
    args = argparse.Namespace(
        options=json.dumps({"name": "mine", "kind": "parquet", "most_passages": None}),
        input=own(tmp_path),
        output=tmp_path / "mine",
    )
    run(args)
    queries = read_table(tmp_path / "mine" / "queries.parquet", schemas.QUERIES)
    assert queries["query_id"].to_pylist() == ["el:1", "en:1"]
    qrels = read_table(tmp_path / "mine" / "qrels.parquet", schemas.QRELS)
    assert qrels.num_rows == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"queries": (1, "text", " ")}, "queries.parquet: row 1: `text` is blank"),
        ({"queries": (1, "text", None)}, "queries.parquet: row 1: `text` is null"),
        ({"queries": (0, "item_id", "")}, "queries.parquet: row 0: `item_id` is blank"),
        ({"passages": (0, "text", "\u3000")}, "passages.parquet: row 0: `text` is blank"),
        (
            {"queries": (1, "language", "")},
            "queries.parquet: row 1: `language`: '' is not a language code",
        ),
        (
            {"passages": (1, "language", "all")},
            "passages.parquet: row 1: `language`: unknown language 'all'",
        ),
        (
            {"queries": (1, "query_id", "de:1")},
            "queries.parquet: row 1: `query_id` is 'de:1'; write `el:` and the original id",
        ),
        (
            {"passages": (1, "passage_id", "el:")},
            "passages.parquet: row 1: `passage_id` is 'el:'; write `el:` and the original id",
        ),
        (
            {"passages": (1, "passage_id", "el:a b")},
            "passages.parquet: row 1: `passage_id` 'el:a b' holds white space",
        ),
        (
            {"passages": (1, "passage_id", "el:b")},
            "qrels.parquet: row 1: `passage_id` 'el:a' is not among the passage ids",
        ),
        (
            {"qrels": (1, "passage_id", "el:b")},
            "qrels.parquet: row 1: `passage_id` 'el:b' is not among the passage ids",
        ),
        (
            {"qrels": (2, "query_id", "el:2")},
            "qrels.parquet: row 2: `query_id` 'el:2' is not among the query ids",
        ),
        ({"qrels": (1, "relevance", -1)}, "qrels.parquet: row 1: `relevance` is -1; use 0"),
        (
            {"qrels": (2, "relevance", 0)},
            "queries.parquet: row 1: query 'el:1' has no relevant passage",
        ),
        (
            {"qrels": (1, "passage_id", "en:a")},
            "qrels.parquet: row 1: query_id='en:1', passage_id='en:a' occurs 2 times, first in",
        ),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    nulls = [value for _, _, value in change.values() if value is None]
    if nulls:  # a writer that knows no nullability
        paths = own(tmp_path)
        table = pq.read_table(paths[0]).to_pylist()
        table[1]["text"] = None
        pq.write_table(pa.Table.from_pylist(table), paths[0])
    else:
        paths = own(tmp_path, **change)
    with pytest.raises(HybridBatchError) as caught:
        build_benchmark(
            tiny.made_options(
                Options, "benchmarks", name="mine", kind="parquet", most_passages=None
            ),
            paths,
        )
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
    assert "\n" not in str(caught.value)


def test_wrong_inputs(tmp_path: Path) -> None:
    queries, passages, qrels = own(tmp_path)
    mine = tiny.made_options(Options, "benchmarks", name="mine", kind="parquet", most_passages=None)
    with pytest.raises(HybridBatchError, match=r"mine needs queries\.parquet, .* 2 files given"):
        build_benchmark(mine, [queries, passages])
    with pytest.raises(
        HybridBatchError, match=r"passages\.parquet: columns are .* missing: query_id"
    ):
        build_benchmark(mine, [passages, queries, qrels])
    pq.write_table(pq.read_table(queries).slice(0, 0), queries)
    with pytest.raises(HybridBatchError, match=r"queries\.parquet: no rows"):
        build_benchmark(mine, [queries, passages, qrels])
    with pytest.raises(HybridBatchError, match="kind is 'beir'; use parquet or"):
        build_benchmark(
            tiny.made_options(Options, "benchmarks", name="mine", kind="beir", most_passages=None),
            [],
        )
