"""Finished results that the tests of the command `query` read."""

import shutil
from pathlib import Path

import pytest

import finished_case as case


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return case.finish_all(tmp_path_factory.mktemp("finished") / "results")


@pytest.fixture
def copy(results: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(results, tmp_path / "results"))
