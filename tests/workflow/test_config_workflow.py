"""What a user sees of Snakemake when a configuration is wrong: one line. And what is right runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTICE = "Using workflow specific profile"  # of Snakemake, before it reads anything


def make_checkout(folder: Path) -> Path:
    """A checkout with the embedded default, whose data need no files."""
    for name in ("workflow", "envs", "config", "profiles"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder)
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkout(tmp_path_factory.mktemp("checkout"))


def snakemake(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "progress", *words]
    environment = os.environ | {"PYTHONPATH": str(project / "workflow")}
    environment["HYBRIDBATCH_CONSOLE"] = "snakemake"  # the files of every job, not a table of rules
    environment.pop("HYBRIDBATCH_MIRROR", None)
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=120
    )


def the_lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines that a failed command prints, beside Snakemake's notices."""
    assert done.returncode != 0
    lines = (done.stdout + done.stderr).splitlines()
    lines = [line for line in lines if line.strip() and NOTICE not in line]
    return [line.removeprefix("hybridbatch: error: ") for line in lines]


def the_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a failed command prints."""
    (line,) = the_lines(done)
    return line


REST = (
    b"recipe: a\nsources: [{name: cldr}]\ntrain_languages: [de, en]\nbenchmarks: [{name: cldr}]\n"
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "mine.yaml: cannot be read (No such file or directory); correct the path"),
        (b"recipe: [1\nseeds: [1]\n", "mine.yaml:2: not YAML: expected ',' or ']'"),
        (b"", "mine.yaml: the file is empty; it needs keys such as `recipe:`"),
        (b"- a\n", "mine.yaml:1: a list; the file needs keys"),
        (b"title: \xe9\n", "mine.yaml:1: not UTF-8; save the file as UTF-8"),
        (b"seeds: [1]\nseeds: [2]\n" + REST, "mine.yaml:2: the key `seeds` appears twice"),
        (
            b"trainning: {}\n" + REST,
            "mine.yaml:1: unknown key `trainning`; did you mean `training`?",
        ),
    ],
)
def test_a_config_that_is_none_is_one_line(
    checkout: Path, content: bytes | None, expected: str
) -> None:
    path = checkout / "mine.yaml"
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    line = the_line(snakemake(checkout, "--configfile", "mine.yaml", "--", "results/report.html"))
    assert line.startswith(expected)


def test_all_that_is_wrong_is_printed_at_once(checkout: Path) -> None:
    wrong = b"seeds: [1]\nseeds: [2]\ntitel: x\nmodel: org/name@main\nalphas: [2]\n"
    (checkout / "mine.yaml").write_bytes(wrong + REST)
    found = the_lines(snakemake(checkout, "--configfile", "mine.yaml", "--", "results/report.html"))
    starts = (
        "2: the key `seeds`",
        "3: unknown key `titel`",
        "5: alphas[0]: 2.0",
        "4: model: the rev",
    )
    for line, start in zip(found, starts, strict=True):
        assert line.startswith(f"mine.yaml:{start}")


def test_without_our_profile_snakemake_answers_for_itself(checkout: Path) -> None:
    """The one place that is out of reach: its own words, and still a failure."""
    done = snakemake(checkout, "--workflow-profile", "none", "--configfile", "missing.yaml")
    assert done.returncode != 0
    assert "FileNotFoundError" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("alphas=[1.5]", "--config: alphas[0]: 1.5 is greater than the maximum of 1"),
        ("alfas=[1]", "--config: unknown key `alfas`; did you mean `alphas`?"),
        ("bad", "--config: 'bad' is not a key=value pair; write recipe=mine"),
    ],
)
def test_a_wrong_entry_of_the_command_line_is_one_line(
    checkout: Path, entry: str, expected: str
) -> None:
    assert the_line(snakemake(checkout, "--config", entry)).startswith(expected)


def test_entries_of_the_command_line_are_read_by_the_schema(checkout: Path) -> None:
    entries = [
        "alphas=[0.3]",
        'training={"learning_rate": 1e-5, tensorboard: false}',
        "recipe=007",
        "title=A: b {c} $d",
        "threads=null",
    ]
    config = ["--configfile", "config/config.yaml"]
    for words in ([], config):
        done = snakemake(checkout, "--config", *entries, *words, "--", "results/report.html")
        text = done.stdout + done.stderr
        assert done.returncode == 0, text
        assert "results/training/embedded.007.hybrid0.3.s1/model" in text


def test_the_default_config_is_checked_as_another_one(tmp_path: Path) -> None:
    project = make_checkout(tmp_path / "project")
    default = project / "config" / "config.yaml"
    text = default.read_text(encoding="utf-8")
    default.write_text(f"{text}recipe: again\n", encoding="utf-8")
    line = len(text.splitlines()) + 1
    assert the_line(snakemake(project)).startswith(
        f"config/config.yaml:{line}: the key `recipe` appears twice"
    )
    default.unlink()
    assert the_line(snakemake(project)).startswith("config/config.yaml: cannot be read")


@pytest.mark.parametrize("name", ["a{x}", "b{run} {", 'it\'s "$HOME" ü'])
def test_a_checkout_may_lie_anywhere(tmp_path: Path, name: str) -> None:
    done = snakemake(make_checkout(tmp_path / name))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rule train" in done.stdout + done.stderr
