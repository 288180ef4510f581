"""The workflow on nodes that share no file system: what a job reads and writes is declared."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from isolated_nodes import missing
from tiny_project import ROOT, artifacts, make_project, snakemake

_PLUGINS = ("snakemake_executor_plugin_cluster_generic", "snakemake_storage_plugin_fs")
_LACKING = [*(name for name in _PLUGINS if importlib.util.find_spec(name) is None), *missing()]


def run_on_nodes(project: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Snakemake with a node of its own for every job; results go to `folder/storage`."""
    nodes = folder / "nodes"
    nodes.mkdir(parents=True, exist_ok=True)
    script = shlex.join([sys.executable, str(Path(__file__).parents[1] / "isolated_nodes.py")])
    command = [
        *(sys.executable, "-m", "snakemake", "--profile", str(ROOT / "profiles" / "storage")),
        *("--jobs", "3", "--retries", "0", "--seconds-between-status-checks", "1", *words),
        *("--cluster-generic-submit-cmd", f"{script} submit"),
        *("--cluster-generic-status-cmd", f"{script} status"),
        *("--default-storage-prefix", str(folder / "storage")),
    ]
    environment = os.environ | {"ISOLATED_NODES": str(nodes)}
    environment.pop("HYBRIDBATCH_MIRROR", None)
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=600
    )


@pytest.mark.slow
@pytest.mark.skipif(bool(_LACKING), reason=f"needs {', '.join(_LACKING)}")
def test_nodes_without_a_common_file_system_give_the_same_bytes(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    done = run_on_nodes(project, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    local = make_project(tmp_path / "local")
    undisturbed = snakemake(local)
    assert undisturbed.returncode == 0, undisturbed.stdout + undisturbed.stderr
    assert artifacts(tmp_path / "storage") == artifacts(local)
    again = run_on_nodes(project, tmp_path, "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_no_command_names_a_result_by_its_place() -> None:
    """Only what is declared is fetched to a node and sent from it; the others stay there."""
    # What the documentation says of them: they stay on the node.
    kept_there = ("results/timings/", "results/training_state/")
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for command in re.findall(
            r"^    shell:\n((?:^        .*\n?)+)", path.read_text(), re.MULTILINE
        ):
            named = re.findall(r"results\S*", command)
            assert [name for name in named if not name.startswith(kept_there)] == [], path.name
