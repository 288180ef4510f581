"""The page over finished results of two runs, and over the same with texts that could harm it."""

import shutil
from pathlib import Path

import pytest

import finished_case as case
import served_case
from hybridbatch.common.records import making, read_record
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.schemas.every import PASSAGES
from hybridbatch.serving.app import App


@pytest.fixture(scope="package")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return case.finish_all(tmp_path_factory.mktemp("finished") / "results")


@pytest.fixture(scope="package")
def app(results: Path) -> App:
    return served_case.open_page(results)


@pytest.fixture(scope="package")
def harmful(results: Path, tmp_path_factory: pytest.TempPathFactory) -> App:
    folder = Path(shutil.copytree(results, tmp_path_factory.mktemp("harmful") / "results"))
    file = folder / "benchmarks" / case.BENCHMARK / "passages.parquet"
    rows = read_table(file, PASSAGES).to_pylist()
    for row in rows:
        row.update(served_case.HARMFUL)
    with making(read_record(file)):
        write_table(table_from_rows(rows, PASSAGES), file, PASSAGES)
    return served_case.open_page(folder)
