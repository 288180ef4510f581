"""Own data of any format in a configuration: files, options and refusals before anything runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.tables import read_table
from hybridbatch.data import benchmarks, pairs
from hybridbatch.data.readers.reading import Reading
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.preflight import check_files
from hybridbatch.schemas import every as schemas
from tiny import write_benchmark
from tiny_config import config
from valid_files import FLAT, separated, tables, write_beir


def planned(**changes: Any) -> Plan:
    plan = Plan(config(**changes))
    check_files(plan, mirror=None, raw="results/raw")
    return plan


def test_how_a_path_is_read_is_an_option_of_its_stage(tmp_path: Path) -> None:
    path = write_beir(tmp_path)
    columns = {"queries.text": "text", "passages.text": "text"}
    entry = {"name": "mine", "path": str(path), "language": "en", "columns": columns}
    plan = planned(benchmarks=[entry])
    assert plan.benchmark_files("mine", raw="r") == [str(path)]
    options = options_from_json(benchmarks.Options, plan.benchmarks_options("mine"))
    assert options.reading == Reading(
        language="en", columns=(("passages.text", "text"), ("queries.text", "text"))
    )
    found = benchmarks.build_benchmark(options, [path])
    assert found.qrels.num_rows == 3


def test_the_stage_of_pairs_reads_with_the_same_options(tmp_path: Path) -> None:
    rows = [{**row, "query": row["question"]} for row in FLAT]
    for row in rows:
        del row["question"]
    (tmp_path / "mine.csv").write_text(separated(rows, ","), encoding="utf-8")
    entry = {"name": "mine", "path": str(tmp_path / "mine.csv"), "columns": {"question": "query"}}
    plan = planned(sources=[entry])
    assert json.loads(plan.pairs_options("mine"))["reading"] == {"columns": [["question", "query"]]}
    options = options_from_json(pairs.Options, plan.pairs_options("mine"))
    assert pairs.build_pairs(options, [tmp_path / "mine.csv"]).num_rows == 4


def test_the_three_parquet_files_are_tracked_one_by_one(tmp_path: Path) -> None:
    write_benchmark(tmp_path / "own", range(2))
    plan = planned(benchmarks=[{"name": "mine", "path": str(tmp_path / "own")}])
    assert [Path(file).name for file in plan.benchmark_files("mine", raw="r")] == [
        "queries.parquet", "passages.parquet", "qrels.parquet",
    ]  # fmt: skip
    assert "reading" not in json.loads(plan.benchmarks_options("mine"))


def test_tables_of_other_endings_are_tracked_as_a_folder(tmp_path: Path) -> None:
    path = tables("csv")(tmp_path)
    plan = planned(benchmarks=[{"name": "mine", "path": str(path)}])
    assert plan.benchmark_files("mine", raw="r") == [str(path)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"columns": {"quesion": "q"}}, "sources[0].columns: no column is called 'quesion'; did"),
        ({"format": "beir"}, "sources[0].path: {path}: the folder holds nothing that can be read"),
        ({"format": "csv"}, "sources[0].format"),
        ({"path": None, "language": "de"}, "sources[0].language: it tells how `path` is read"),
    ],
)
def test_wrong_keys_are_refused_before_anything_runs(
    tmp_path: Path, entry: dict[str, Any], message: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.csv").write_text(separated(FLAT, ","), encoding="utf-8")
    own = {"name": "mine", "path": str(tmp_path / "mine"), **entry}
    if own["path"] is None:
        own = {"name": "cldr", "language": "de"}
    with pytest.raises(HybridBatchError) as caught:
        planned(sources=[own])
    assert message.format(path=tmp_path / "mine") in str(caught.value)


def test_the_stage_writes_what_the_option_says(tmp_path: Path) -> None:
    path = write_beir(tmp_path)
    plan = planned(benchmarks=[{"name": "mine", "path": str(path), "language": "sw"}])
    options = options_from_json(benchmarks.Options, plan.benchmarks_options("mine"))
    benchmarks.write_benchmark(benchmarks.build_benchmark(options, [path]), tmp_path / "out")
    queries = read_table(tmp_path / "out" / "queries.parquet", schemas.QUERIES)
    assert queries["query_id"].to_pylist() == ["sw:q1", "sw:q2"]
