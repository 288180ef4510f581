"""The commands that the documents show are commands that run."""

import argparse
import re
import shlex
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))


def snakemake_commands() -> list[tuple[str, str]]:
    """Each `snakemake ...` with a target or `-n` in the documents and configs, and where."""
    found = []
    for path in (*DOCUMENTS, *CONFIGS):
        for line in path.read_text().splitlines():
            for command in re.findall(r"(?:^|`|^#\s+)(snakemake -[^`#]*)", line):
                if "report.html" in command or " -n" in command:
                    found.append((path.name, command.strip()))
    return found


def parsed(command: str) -> argparse.Namespace:
    return get_argument_parser().parse_args(shlex.split(command)[1:])


def test_there_are_commands_to_check() -> None:
    names = {name for name, _ in snakemake_commands()}
    assert {"README.md", "scale.md", "miracl.yaml"} <= names


@pytest.mark.parametrize(("name", "command"), snakemake_commands())
def test_a_snakemake_command_has_cores_or_a_profile_and_its_target(name: str, command: str) -> None:
    arguments = parsed(command)
    assert arguments.cores or arguments.jobs or arguments.profile or arguments.dryrun, (
        f"{name}: {command}: Snakemake asks for cores"
    )
    # An option that takes several values must not take the target as one of them.
    wanted = ["results/report.html"] if "report.html" in command else []
    assert [str(target) for target in arguments.targets] == wanted, f"{name}: {command}"


def test_relative_links_lead_to_files() -> None:
    for path in DOCUMENTS:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text()):
            if "://" not in link:
                assert (path.parent / link).exists(), f"{path.name}: {link}"
