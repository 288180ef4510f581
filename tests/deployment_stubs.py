"""Stand-ins for conda and Apptainer, and an environment in which only Snakemake is installed."""

import os
import stat
import sys
import venv
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Answers the calls of Snakemake 9; a new environment holds a `python` that records each use.
_CONDA = r"""#!/bin/bash
set -eu
case "$*" in
  "info --json") echo '{{"conda_prefix": "{prefix}", "platform": "linux-64"}}' ;;
  "--version") echo "conda 24.11.0" ;;
  "config --get channel_priority --json") echo '{{"get": {{"channel_priority": "strict"}}}}' ;;
  "clean "*) ;;
  "env create "*)
    while [ $# -gt 0 ]; do
      case "$1" in --prefix) made="$2" ;; --file) file="$2" ;; esac
      shift
    done
    mkdir -p "$made/bin"
    cp "$file" "$made/environment.yaml"
    cp {python} "$made/bin/python" ;;
  *) echo "unexpected: conda $*" >&2; exit 3 ;;
esac
"""
_ACTIVATE = """export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"
"""
# `apptainer exec --home FOLDER IMAGE SHELL -c COMMAND`: PATH is the image's own.
_APPTAINER = r"""#!/bin/bash
set -eu
[ "$*" = "--version" ] && {{ echo "apptainer version 1.3.4"; exit; }}
[ "$1" = exec ] || {{ echo "unexpected: apptainer $*" >&2; exit 3; }}
while [ "$1" != "-c" ]; do shift; done
PATH={prefix}/image/bin:/usr/bin:/bin exec bash -c "$2"
"""
_PYTHON = """#!/bin/bash
echo "$*" >> "{used}"
exec "{interpreter}" "$@"
"""


@dataclass(frozen=True)
class Stubs:
    """A bare Snakemake, the environment in which it finds the stubs, and a record of their use."""

    python: Path
    environment: dict[str, str]
    used: Path

    def commands(self) -> list[str]:
        """The arguments of each call of the deployed interpreter."""
        return self.used.read_text().splitlines() if self.used.is_file() else []


def write_stubs(folder: Path) -> Stubs:
    """Write `conda`, `apptainer` and an environment that holds only Snakemake to `folder`."""
    used = folder / "used.txt"
    python = folder / "python"
    _write(python, _PYTHON.format(used=used, interpreter=sys.executable))
    _write(folder / "image" / "bin" / "python", python.read_text())
    _write(folder / "bin" / "conda", _CONDA.format(prefix=folder, python=python))
    _write(folder / "bin" / "apptainer", _APPTAINER.format(prefix=folder))
    _write(folder / "bin" / "activate", _ACTIVATE)
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("HYBRIDBATCH_MIRROR", "PYTHONPATH")
    }
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return Stubs(_bare_snakemake(folder / "bare"), kept | {"PATH": path}, used)


def _bare_snakemake(folder: Path) -> Path:
    """The interpreter of an environment as `pip install snakemake` makes it, with links."""
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in _requirements("snakemake"):
        files = metadata.distribution(name).files or []
        for top in {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}:
            source = Path(str(metadata.distribution(name).locate_file(top)))
            if not (packages / top).exists():
                (packages / top).symlink_to(source)
    return folder / "bin" / "python"


def _requirements(name: str) -> set[str]:
    """A package and what it needs, followed transitively."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found.add(name)
            requirements = map(Requirement, metadata.requires(name) or [])
            waiting.extend(
                needed.name
                for needed in requirements
                if needed.marker is None or needed.marker.evaluate({"extra": ""})
            )
    return found


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
