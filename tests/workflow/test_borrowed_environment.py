"""A checkout that runs with the environment of another one computes with its own package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tiny_project import ROOT, make_project

OWN = "this checkout's own package"


@pytest.mark.parametrize("profile", [True, False], ids=["default profile", "no profile"])
@pytest.mark.parametrize("logger", [True, False], ids=["logger", "plain"])
def test_the_package_of_the_checkout_plans(tmp_path: Path, profile: bool, logger: bool) -> None:
    project = make_project(tmp_path / "project")
    if profile:
        shutil.copytree(ROOT / "profiles", project / "profiles")
    plan = project / "workflow" / "hybridbatch" / "planning" / "plan.py"
    plan.write_text(f"raise SystemExit({OWN!r})\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["HYBRIDBATCH_CONSOLE"] = "" if logger else "snakemake"

    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1"]
    command += ["--logger", "hybridbatch"] * (logger and not profile)
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode != 0
    assert OWN in done.stdout + done.stderr


def test_an_installed_logger_does_not_import_the_package_when_snakemake_finds_it() -> None:
    code = (
        "import sys\n"
        "from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry\n"
        "assert LoggerPluginRegistry().is_installed('hybridbatch')\n"
        "assert 'hybridbatch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
