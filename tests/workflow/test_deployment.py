"""Where jobs run: with `--sdm` in the environment that it deploys, and with its versions."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from deployment_stubs import Stubs, write_stubs
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.planning.deployment import Software, pinned_versions, software
from hybridbatch.stages import STAGES
from tiny_project import ROOT, make_project

PAIRS = "results/pairs/tiny.parquet"
ENVIRONMENT_FILE = ROOT / "envs" / "hybridbatch.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def stubs(tmp_path: Path) -> Stubs:
    return write_stubs(tmp_path / "stubs")


def run(project: Path, stubs: Stubs, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(stubs.python), "-m", "snakemake", "--cores", "1", *words]
    return subprocess.run(
        command, cwd=project, env=stubs.environment, capture_output=True, text=True, timeout=120
    )


def test_snakemake_alone_plans_the_whole_workflow(project: Path, stubs: Stubs) -> None:
    done = run(project, stubs, "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rule train:" in done.stdout + done.stderr


def test_a_conda_job_runs_in_the_python_of_its_environment(project: Path, stubs: Stubs) -> None:
    done = run(project, stubs, PAIRS, "--sdm", "conda")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [command.split()[:3] for command in stubs.commands()] == [["-m", "hybridbatch", "pairs"]]
    (created,) = (project / ".snakemake" / "conda").glob("*/environment.yaml")
    assert created.read_bytes() == (project / "envs" / "hybridbatch.yaml").read_bytes()
    again = run(project, stubs, PAIRS, "--sdm", "conda", "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_container_job_runs_in_the_python_of_its_image(project: Path, stubs: Stubs) -> None:
    image = project / "hybridbatch.sif"
    image.touch()
    done = run(project, stubs, PAIRS, "--sdm", "apptainer", "--config", f"container={image}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [command.split()[:3] for command in stubs.commands()] == [["-m", "hybridbatch", "pairs"]]


def test_without_deployment_no_environment_is_used(project: Path, stubs: Stubs) -> None:
    """The job then has Snakemake's own interpreter, beside which nothing is installed."""
    done = run(project, stubs, PAIRS)
    assert done.returncode != 0
    assert "No module named " in done.stdout + done.stderr
    assert stubs.commands() == []


def test_another_version_in_the_environment_runs_its_stages_again(
    project: Path, stubs: Stubs
) -> None:
    assert run(project, stubs, PAIRS, "--sdm", "conda").returncode == 0
    file = project / "envs" / "hybridbatch.yaml"
    file.write_text(re.sub(r"babel==\S+", "babel==2.0.0", file.read_text()))
    done = run(project, stubs, PAIRS, "--sdm", "conda", "--dry-run")
    assert "rule pairs:" in done.stdout + done.stderr


def test_a_container_without_an_image_is_refused_in_one_line(project: Path, stubs: Stubs) -> None:
    done = run(project, stubs, "--dry-run", "--sdm", "apptainer")
    assert done.returncode != 0
    assert "error: --sdm apptainer: no image; name one with `container:`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sharded_benchmark_says_what_snakemake_lacks(project: Path, stubs: Stubs) -> None:
    benchmarks = '[{"name": "big", "path": "benchmark", "sharded": true}]'
    config = project / "config" / "config.yaml"
    values = yaml.safe_load(config.read_text()) | {"benchmarks": yaml.safe_load(benchmarks)}
    config.write_text(yaml.safe_dump(values))
    done = run(project, stubs, "--dry-run")
    assert done.returncode != 0
    assert "benchmarks: big: Snakemake itself reads the list of shards" in done.stderr


def test_versions_are_those_that_a_job_finds() -> None:
    assert Software().versions("pyarrow") == f"pyarrow=={metadata.version('pyarrow')}"
    deployed = Software(pinned={"jinja2": "9.9", "pyarrow": "1.0"})
    assert (
        deployed.versions("Jinja2", "pyarrow", "numpy") == "Jinja2==9.9 pyarrow==1.0 numpy==absent"
    )
    assert software({}, methods={"env_modules"}, environment=ENVIRONMENT_FILE) == Software()


def test_every_version_that_a_stage_tracks_is_pinned() -> None:
    tracked = {name.lower() for stage in STAGES.values() for name in stage.packages}
    assert {"torch", "faiss-cpu", "pyarrow"} <= tracked
    assert tracked <= set(pinned_versions(ENVIRONMENT_FILE))


def locked_versions(name: str) -> dict[str, str]:
    lock = (ROOT / name).read_text().lower()
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", lock, re.MULTILINE))


def test_the_lock_for_running_is_part_of_the_one_for_developing() -> None:
    running, developing = map(locked_versions, ("requirements.lock", "requirements-dev.lock"))
    assert running.items() <= developing.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    names = {
        group: {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("-", "_") for line in lines}
        for group, lines in {"": project["dependencies"], **extras}.items()
    }
    locked = {name.replace("-", "_") for name in running}
    assert names.pop("") <= locked
    for group, extra in names.items():
        assert not extra & locked, group
    every = set().union(*names.values())
    assert every <= {name.replace("-", "_") for name in developing}
    assert not locked & {"pandas", "scikit_learn", "scipy", "playwright", "mypy"}


def test_the_conda_environment_agrees_with_the_lock() -> None:
    locked = locked_versions("requirements.lock")
    pinned = pinned_versions(ENVIRONMENT_FILE)
    assert {name: locked.get(name) for name in pinned} == pinned
    (python,) = re.findall(r"- python =(\S+)", ENVIRONMENT_FILE.read_text())
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert wanted == f">={python}"


def test_the_conda_environment_has_every_package_that_the_stages_import() -> None:
    distributions = metadata.packages_distributions()
    imported = set()
    package = ROOT / "workflow" / "hybridbatch"
    # The web page is no stage, and no job serves it.
    for path in set(package.rglob("*.py")) - set((package / "serving").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    # The extras are not there, and a message says how to install them. yte comes with Snakemake,
    # whose profiles alone need it.
    extras = {"tensorboard", "datasets", "peft", "onnx", "onnxruntime", "onnxscript"}
    ours = {"hybridbatch", "snakemake_logger_plugin_hybridbatch"}
    # The logger runs in Snakemake itself, whose packages it imports.
    of_snakemake = {"snakemake", "snakemake_interface_logger_plugins", "yte"}
    elsewhere = of_snakemake | ours | extras
    others = imported - sys.stdlib_module_names - elsewhere
    needed = {distributions[name][0].lower().replace("_", "-") for name in others}
    pinned = {name.replace("_", "-") for name in pinned_versions(ENVIRONMENT_FILE)}
    assert needed - pinned == set()


def test_an_unpinned_line_of_the_environment_is_named(tmp_path: Path) -> None:
    file = tmp_path / "env.yaml"
    file.write_text("dependencies:\n  - pip:\n    - torch>=2\n")
    with pytest.raises(HybridBatchError, match=r"env\.yaml: 'torch>=2' pins no version"):
        pinned_versions(file)


def test_the_container_recipe_installs_the_pins_of_the_environment() -> None:
    recipe = (ROOT / "envs" / "Dockerfile").read_text()
    (copied,) = re.findall(r"^COPY (.+) /opt/hybridbatch/$", recipe, re.MULTILINE)
    assert all((ROOT / path).is_file() for path in copied.split())
    # The two commands that pick the pins, as the recipe runs them, on the files that it copies.
    picks = re.findall(r"(sed -n '[^']+' hybridbatch\.yaml|grep '\S+' requirements\.lock)", recipe)
    commands = " ; ".join(picks).replace("hybridbatch.yaml", "envs/hybridbatch.yaml")
    picked = subprocess.run(commands, shell=True, cwd=ROOT, capture_output=True, text=True).stdout
    snakemake = f"snakemake=={metadata.version('snakemake')}"
    pins = [line.lower() for line in picked.splitlines()]
    expected = [f"{name}=={version}" for name, version in pinned_versions(ENVIRONMENT_FILE).items()]
    assert pins == [*expected, snakemake]


def test_the_container_has_the_python_of_the_environment() -> None:
    recipe = (ROOT / "envs" / "Dockerfile").read_text()
    (of_image,) = re.findall(r"^FROM \S+/python:(3\.\d+)-", recipe, re.MULTILINE)
    (of_conda,) = re.findall(r"- python =(\S+)", ENVIRONMENT_FILE.read_text())
    assert of_image == of_conda
