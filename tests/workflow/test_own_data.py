"""The page docs/own-data.md: its commands, from files to an exported index, on a small model."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from sentence_models import write_labse
from tiny_project import ROOT

_SECONDS = 900
_SERVE = "hybridbatch serve"


def blocks() -> list[str]:
    """The commands of the page, with the model that the test writes in place of a download."""
    page = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
    found = "\n---\n".join(re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    edits = {
        "make setup\n": "",
        "$PWD/.venv/bin": str(Path(sys.executable).parent),
        "hf download sentence-transformers/LaBSE --local-dir my-model\n": "",
        "snakemake --cores all": "snakemake --cores 2",
    }
    for old, new in edits.items():
        assert found.count(old) == 1, old
        found = found.replace(old, new)
    return found.split("\n---\n")


def run(folder: Path, script: str) -> str:
    """What commands print, as a shell in the folder runs them."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def environment() -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "PATH": programs}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a small model of LaBSE's shape, and the page's commands run in it."""
    folder = tmp_path_factory.mktemp("own-data")
    for name in ("workflow", "envs", "profiles", "Snakefile"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "config").mkdir()
    write_labse(folder / "my-model")
    output = run(folder, "\n".join(block for block in blocks() if _SERVE not in block))
    (folder / "output.txt").write_text(output, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_the_dry_runs_tell_what_was_understood(project: Path) -> None:
    output = (project / "output.txt").read_text(encoding="utf-8")
    assert "12 rows, 6 items" in output and "8 queries" in output


@pytest.mark.slow
def test_the_report_compares_the_runs_in_every_pair_of_languages(project: Path) -> None:
    page = (project / "results" / "report.html").read_text(encoding="utf-8")
    assert "Our help desk" in page
    assert all(name in page for name in ("untrained", "hybrid"))


@pytest.mark.slow
def test_query_shows_the_relevant_passages_of_a_known_question(project: Path) -> None:
    words = [
        "--run",
        "my-model.support.hybrid.s1",
        "-k",
        "12",
        "--json",
        "Was kostet ein verlorenes Buch?",
    ]
    printed = run(project, f"hybridbatch query {shlex.join(words)}")
    (line,) = (line for line in printed.splitlines() if line.startswith("{"))
    (found,) = json.loads(line)["runs"]
    relevant = {row["passage_id"] for row in found["passages"] if row["relevant"]}
    assert relevant == {"de:fee", "en:fee"}


@pytest.mark.slow
def test_the_page_answers_on_this_machine(project: Path) -> None:
    (block,) = (block for block in blocks() if _SERVE in block)
    words = [*block.split(), "--port", "0"]
    process = subprocess.Popen(
        words, cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = next(
            found[0] for line in process.stdout if (found := re.search(r"http://127\S+", line))
        )
        with urlopen(address, timeout=60) as page:
            text = page.read().decode()
        assert "my-model.untrained" in text and "my-model.support.hybrid.s1" in text
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


@pytest.mark.slow
def test_the_export_holds_model_index_and_a_page_about_them(project: Path) -> None:
    index = project / "exported" / "index" / "faq"
    assert (project / "exported" / "modules.json").is_file()
    assert list(index.rglob("*.faiss")) and (index / "README.md").is_file()
