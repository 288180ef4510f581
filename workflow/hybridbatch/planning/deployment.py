"""Where the stages' commands run: in Snakemake's interpreter, a conda environment or a container.

With `--sdm conda` or `--sdm apptainer` a job uses the interpreter and the package versions of
`envs/hybridbatch.yaml`, not those of the Snakemake that starts it.
"""

import re
import shlex
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.mirrors import VARIABLE
from hybridbatch.planning.paths import RESULTS
from hybridbatch.stages import TIMINGS

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]

# A process that the system kills, or that a library aborts when memory runs out, prints no error.
_WORD_FOR_THE_KILLED = (
    "trap 'case $? in 134|137|139) echo \"hybridbatch: error: the stage was killed or crashed (exit"
    ' status $?), usually out of memory; give it more memory and run the same command again" >&2;;'
    " esac' EXIT"
)


@dataclass(frozen=True)
class Software:
    """The interpreter and packages of a job.

    `pinned` maps the name of each package of a deployed environment, in lower case, to its version.
    It is None if jobs run in Snakemake's own interpreter. `image` is the container's file or URL.
    """

    pinned: Mapping[str, str] | None = None
    image: str | None = None

    def versions(self, *packages: str) -> str:
        """The versions of the packages on which a stage's results depend, as a job finds them."""
        return " ".join(f"{name}=={self._version(name)}" for name in packages)

    def shell_prefix(self, *, mirror: str | None, tensorboard: bool) -> str:
        """Shell words before every command: they set interpreter, package, mirror, TensorBoard.

        A deployed environment is already active then, so its PATH stays as it is. The host's
        PYTHONPATH is not passed on, because its packages belong to another interpreter.
        """
        package = shlex.quote(str(_PACKAGE_ROOT))
        if self.pinned is None:
            words = [
                f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH",
                f"export PYTHONPATH={package}${{PYTHONPATH:+:$PYTHONPATH}}",
            ]
        else:
            words = [f"export PYTHONPATH={package}"]
        words.append(f"export {TIMINGS}={RESULTS}/timings")
        if mirror:
            words.append(f"export {VARIABLE}={shlex.quote(mirror)}")
        if tensorboard:
            words.append(f"export HYBRIDBATCH_TENSORBOARD={RESULTS}/tensorboard")
        words.append(_WORD_FOR_THE_KILLED)
        # Snakemake formats the prefix together with the command.
        return ("; ".join(words) + "; ").replace("{", "{{").replace("}", "}}")

    def _version(self, name: str) -> str:
        if self.pinned is not None:
            return self.pinned.get(name.lower(), "absent")
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return "absent"


def software(config: Mapping[str, Any], *, methods: Collection[str], environment: Path) -> Software:
    """The software of the jobs of this Snakemake; bad input ends Snakemake with one line.

    Args:
        config: the configuration; `container` names the image for `apptainer`.
        methods: the names given to `--software-deployment-method`, such as `conda`.
        environment: the conda environment of the rules, which the container recipe installs too.
    """
    try:
        if not {"conda", "apptainer"} & set(methods):
            return Software()
        image = config.get("container") if "apptainer" in methods else None
        if "apptainer" in methods and not image:
            raise HybridBatchError(
                "--sdm apptainer: no image; name one with `container:` in the config or "
                "`--config container=hybridbatch.sif` (envs/Dockerfile builds it)"
            )
        return Software(pinned=pinned_versions(environment), image=image)
    except HybridBatchError as error:
        sys.exit(f"hybridbatch: error: {error}")


def pinned_versions(path: Path) -> dict[str, str]:
    """The versions that a conda environment file pins, by the package's name in lower case.

    Raises:
        HybridBatchError: the file cannot be read, or a line pins no version.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise HybridBatchError(f"{path}: cannot be read as a conda environment: {error}") from error
    lines = [
        line
        for entry in content["dependencies"]
        if isinstance(entry, dict)
        for line in entry["pip"]
    ]
    pins = {}
    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;]+)", line)
        if match is None:
            raise HybridBatchError(f"{path}: {line!r} pins no version; write NAME==VERSION")
        pins[match[1].lower()] = match[2]
    return pins
