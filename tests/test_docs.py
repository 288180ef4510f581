"""What the documents show exists: links, paths, keys, commands and error lines."""

import argparse
import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.cli import get_argument_parser

from hybridbatch.cli import main
from hybridbatch.common.tables import read_table
from hybridbatch.data.benchmarks import Benchmark, Origins, check_benchmark
from hybridbatch.data.readers.pairtables import read_own_pairs
from hybridbatch.planning import paths
from hybridbatch.reporting.citation import bibtex
from hybridbatch.schemas import every as schemas
from hybridbatch.stages import STAGES, TOOLS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "workflow" / "hybridbatch"
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")
DOCUMENTS = [*(ROOT / page for page in PAGES), *sorted((ROOT / "docs").glob("*.md"))]
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose_of(name: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text_of(name), flags=re.MULTILINE | re.DOTALL)


# Commands


def snakemake_commands() -> list[tuple[str, str]]:
    """Each `snakemake ...` with a target or `-n` in the documents and configs, and where."""
    found = []
    for path in (*DOCUMENTS, *CONFIGS):
        for line in path.read_text(encoding="utf-8").splitlines():
            for command in re.findall(r"(?:^|`|^#\s+)(snakemake -[^`#]*)", line):
                if "report.html" in command or " -n" in command:
                    found.append((str(path.relative_to(ROOT)), command.strip()))
    return found


def parsed(command: str) -> argparse.Namespace:
    return get_argument_parser().parse_args(shlex.split(command)[1:])


def test_there_are_commands_to_check() -> None:
    names = {name for name, _ in snakemake_commands()}
    assert {"README.md", "config/README.md", "docs/scale.md", "config/miracl.yaml"} <= names


@pytest.mark.parametrize(("name", "command"), snakemake_commands())
def test_a_snakemake_command_has_cores_or_a_profile_and_its_target(name: str, command: str) -> None:
    arguments = parsed(command)
    assert arguments.cores or arguments.jobs or arguments.profile or arguments.dryrun, (
        f"{name}: {command}: Snakemake asks for cores"
    )
    # An option that takes several values must not take the target as one of them.
    wanted = ["results/report.html"] if "report.html" in command else []
    assert [str(target) for target in arguments.targets] == wanted, f"{name}: {command}"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_the_package_exists(name: str) -> None:
    blocks = "\n".join(re.findall(r"^```sh$(.*?)^```$", text_of(name), re.M | re.S))
    quoted = re.findall(r"`(?:[^`\n]* -m )?hybridbatch ([a-z]+)", prose_of(name))
    used = {*quoted, *re.findall(r"^hybridbatch ([a-z]+)", blocks, re.MULTILINE)}
    assert used <= STAGES.keys() | TOOLS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_target_of_make_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text_of(name), re.MULTILINE)) <= targets


# Links and paths


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_files_and_headings(name: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(name)):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        path = (ROOT / name).parent / place if place else ROOT / name
        assert path.exists(), f"{name}: {link}"
        assert not anchor or anchor in anchors(path), f"{name}: {link}"


def named_paths(name: str) -> Iterator[str]:
    """Texts in backticks that look like a path of the repository."""
    made = ("results/", "logs/", "mirror/", "host/", "data/", ".venv/", ".snakemake/", "/", "./")
    folders = {path.name for path in (*ROOT.iterdir(), *PACKAGE.iterdir()) if path.is_dir()}
    for quoted in re.findall(r"`([^`\n]+)`", prose_of(name)):
        first, slash, _ = quoted.partition("/")
        is_path = re.fullmatch(r"[\w.+/-]+", quoted) and (slash or quoted.endswith(".py"))
        if is_path and not quoted.startswith(made) and (first in folders or "." in quoted):
            yield quoted


@pytest.mark.parametrize("name", NAMES)
def test_every_path_that_a_page_names_exists(name: str) -> None:
    # `encoding.py` in the results is a script of performance/; modules are in the package.
    places = (ROOT, PACKAGE, ROOT / "performance", (ROOT / name).parent)
    anywhere = {path.name for path in PACKAGE.rglob("*.py")}
    for path in named_paths(name):
        found = any((place / path.replace("STAGE", "train")).exists() for place in places)
        assert found or path in anywhere, f"{name}: `{path}`"


def test_paths_are_recognised() -> None:
    assert {"config/miracl.yaml", "profiles/slurm", "workflow/rules/"} <= {
        path for name in NAMES for path in named_paths(name)
    }


def test_the_list_of_results_is_whole() -> None:
    section = text_of("README.md").partition("## What comes out")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    told = {part.split("/")[0] for cell in cells for part in re.findall(r"`(.*?)`", cell)}
    patterns = [*vars(paths).values(), *(schema.path for schema in schemas.ALL)]
    begin = f"{paths.RESULTS}/"
    made = {one.split("/")[1] for one in patterns if isinstance(one, str) and one.startswith(begin)}
    # The state of a training is removed when the training ends.
    assert told == made - {"training_state"}


# The pages that are made from, or belong to, something else


def test_the_page_of_files_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas"]) == 0
    same = capsys.readouterr().out == text_of("docs/files.md")
    assert same, "docs/files.md is not of these schemas: hybridbatch schemas > docs/files.md"


def keys_of_schema() -> dict[str, Any]:
    """Every key of a configuration, as `training.steps` or `sources[].name`, and its default.

    The default of a required key is `required`; that of a key without a default is None. Where a
    model may declare the value, it is that for models that do not.
    """
    found: dict[str, Any] = {}

    def collect(schema: dict[str, Any], prefix: str) -> None:
        required = schema.get("required", [])
        for name, value in schema["properties"].items():
            if "properties" in value:
                collect(value, f"{prefix}{name}.")
                continue
            default = value.get("undeclared", value.get("default"))
            found[prefix + name] = "required" if name in required else default
            if "properties" in value.get("items", {}):
                collect(value["items"], f"{prefix}{name}[].")

    collect(yaml.safe_load((PACKAGE / "planning" / "config_schema.yaml").read_text()), "")
    return found


def keys_of_page() -> dict[str, str]:
    """Every key that the configuration's page explains in a table, and the default it gives."""
    rows = re.findall(r"^\| `([\w.\[\]]+)` \| (.*?) \| .+ \|$", text_of("config/README.md"), re.M)
    assert len(rows) == len(dict(rows)), "a key is explained twice"
    return dict(rows)


def test_the_configuration_page_explains_every_key_and_no_other() -> None:
    page, schema = keys_of_page().keys(), keys_of_schema().keys()
    assert schema - page == set(), "config/README.md lacks a row for these"
    assert page - schema == set(), "config/README.md explains keys that do not exist"


def test_the_configuration_page_gives_the_defaults_of_the_schema() -> None:
    # The page says these in words: the schema has no value, or one that is too long.
    in_words = {
        "title": '"Hybrid batch training …"',
        "model_name": "from `model`",
        "threads": "the processors present",
        "benchmarks[].sharded": "`false`",
        "benchmarks[].languages": "all 18",
        "benchmarks[].checksums": "`SHA256SUMS` in the mirror's folder",
    }
    page, schema = keys_of_page(), keys_of_schema()
    for key, cell in page.items():
        if key in in_words:
            assert cell == in_words[key], key
        else:
            cell = cell.removeprefix("the model's, else ")
            value = None if cell == "none" else yaml.safe_load(cell.strip("`"))
            assert value == schema[key], f"{key}: the page says {cell}, the schema {schema[key]}"


def texts_of_package() -> str:
    """All texts of the package, with `…` for each value that is filled in."""
    found = [text_of("Makefile")]
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                fixed = [getattr(part, "value", None) for part in node.values]
                found.append("".join(part if isinstance(part, str) else "…" for part in fixed))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_the_troubleshooting_quotes_lines_that_are_printed() -> None:
    section = text_of("README.md").partition("## Troubleshooting")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| `(.*?)` \|", section, re.MULTILINE)
    assert len(lines) > 10
    known = texts_of_package()
    for line in lines:
        if line != "Directory cannot be locked":  # Snakemake's own
            for part in line.split("…"):
                assert part.strip(" :") in known, f"README: `{line}`"


def test_the_citation_is_that_of_the_report() -> None:
    citation = yaml.safe_load(text_of("CITATION.cff"))
    assert (citation["cff-version"], citation["license"]) == ("1.2.0", "MIT")
    assert {"message", "title", "authors"} <= citation.keys()
    assert f'version = "{citation["version"]}"' in text_of("pyproject.toml")
    shown = bibtex(version="0", commit="0")
    for reference in citation["references"]:
        assert {"type", "title", "authors"} <= reference.keys()
        assert reference["url"].rpartition("/")[2] in shown
        names = [f"{one['family-names']}, {one['given-names']}" for one in reference["authors"]]
        assert all(name in shown for name in names)


def test_the_catalogue_finds_what_it_looks_for() -> None:
    usage = yaml.safe_load(text_of(".snakemake-workflow-catalog.yml"))["usage"]
    assert usage["software-stack-deployment"]["conda"] is True
    get_argument_parser().parse_args(usage["mandatory-flags"]["flags"])
    assert all((ROOT / path).is_file() for path in ("workflow/Snakefile", "config/README.md"))


# The quick start


def quick_start() -> str:
    section = text_of("README.md").partition("## Quick start")[2]
    found = re.search(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_quick_start_plans_what_it_says(tmp_path: Path) -> None:
    for name in ("workflow", "envs", "profiles", "Snakefile"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "config").mkdir()
    script = quick_start()
    edits = {
        "make setup\n": "",
        "$PWD/.venv/bin": str(Path(sys.executable).parent),
        "snakemake --cores all": "snakemake --dry-run --quiet host",
    }
    for old, new in edits.items():
        assert script.count(old) == 1
        script = script.replace(old, new)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^train +3 ", done.stdout, re.MULTILINE), done.stdout
    # The readers check here what the stages would check.
    folder = tmp_path / "data" / "landmarks"
    wanted = {"queries": schemas.QUERIES, "passages": schemas.PASSAGES, "qrels": schemas.QRELS}
    tables = {
        name: read_table(folder / f"{name}.parquet", schema, given=True)
        for name, schema in wanted.items()
    }
    check_benchmark(Benchmark(**tables), Origins("queries", "passages", "qrels"))
    assert read_own_pairs(tmp_path / "data" / "mine.csv", source="mine").num_rows == 8
