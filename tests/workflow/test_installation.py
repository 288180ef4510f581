"""The package installs as a wheel, with its data, and the workflow plans with it."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

from tiny_project import ROOT

pytestmark = pytest.mark.slow


def run(*words: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the sources, so that nothing is built into the checkout."""
    sources = tmp_path_factory.mktemp("sources") / "copy"
    sources.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    shutil.copytree(
        ROOT / "workflow",
        sources / "workflow",
        ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"),
    )
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    run(sys.executable, "-m", "pip", "wheel", *offline, "-w", "dist", ".", cwd=sources)
    (built,) = (sources / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment with the wheel and this environment's packages."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    offline = ("--no-deps", "--no-index", "--quiet")
    pip = (sys.executable, "-m", "pip", "--python", python, "install")
    run(*pip, *offline, wheel, cwd=folder.parent)
    (site,) = folder.glob("lib/python*/site-packages")
    # Packages alone: an editable installation of ours hangs on a .pth file, which is not followed.
    (site / "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python


def test_the_wheel_holds_every_file_of_the_package_that_is_no_bytecode(wheel: Path) -> None:
    package = ROOT / "workflow" / "hybridbatch"
    wanted = {
        str(path.relative_to(package.parent))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= set(ZipFile(wheel).namelist())


def test_the_installed_command_reads_its_data(installed: Path, tmp_path: Path) -> None:
    code = (
        "import hybridbatch; print(hybridbatch.__file__)\n"
        "from hybridbatch.data.sources import catalog; print(len(catalog.raw_files()))\n"
        "from hybridbatch.data.sources.cldr import generate\n"
        "print(len(generate.pair_rows()) > 0)\n"
    )
    text = run(installed, "-c", code, cwd=tmp_path)
    assert text.startswith(str(installed.parent.parent)) and text.endswith("True\n")
    assert "results/pairs" in run(installed, "-m", "hybridbatch", "schemas", cwd=tmp_path)


def test_the_workflow_plans_with_the_installed_package(installed: Path, tmp_path: Path) -> None:
    for name in ("config", "envs", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name)
    without = shutil.ignore_patterns("hybridbatch", "*.egg-info")
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow", ignore=without)
    shutil.copy(ROOT / "Snakefile", tmp_path)
    words = ("--cores", "1", "--dry-run", "--configfile", "config/xquad_cpu.yaml")
    planned = run(installed, "-m", "snakemake", *words, cwd=tmp_path)
    # The table is that of the installed logger.
    for rule, count in (("download", r"\d+"), ("train", "3"), ("report", "1")):
        assert re.search(rf"^{rule} +{count}  missing output files$", planned, re.MULTILINE)
