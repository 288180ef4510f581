"""The code hash changes with the code that a stage runs, and with nothing else."""

import shutil
from pathlib import Path

import pytest

from hybridbatch.common.codehash import Source, closure, code_hash, data_files, parse
from hybridbatch.stages import STAGES

PACKAGE = Path(__file__).parents[2] / "workflow" / "hybridbatch"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    files = {
        "__init__.py": "",
        "train.py": '"""Train."""\nfrom hybridbatch.sampling import draw\n\n'
        "def run():\n    return draw()\n",
        "sampling.py": "from . import errors\nfrom .deep import inner\n\n"
        "def draw():\n    return 1\n",
        "errors.py": "class E(Exception):\n    pass\n",
        "report.py": "def run():\n    import hybridbatch.errors\n",
        "deep/__init__.py": "",
        "deep/inner.py": "from .. import languages\n",
        "languages.py": "NAMES = ()\n",
    }
    for name, text in files.items():
        path = tmp_path / "hybridbatch" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / "hybridbatch" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_closure_follows_absolute_relative_and_local_imports(package: Path) -> None:
    names = set(closure("hybridbatch.train", root=package))
    assert names == {
        "hybridbatch",
        "hybridbatch.train",
        "hybridbatch.sampling",
        "hybridbatch.errors",
        "hybridbatch.deep",
        "hybridbatch.deep.inner",
        "hybridbatch.languages",
    }
    assert "hybridbatch.errors" in closure("hybridbatch.report", root=package)


def test_edit_of_an_imported_module_changes_the_hash(package: Path) -> None:
    train = code_hash("hybridbatch.train", root=package)
    report = code_hash("hybridbatch.report", root=package)
    edit(package, "deep/inner.py", "languages", "errors")
    assert code_hash("hybridbatch.train", root=package) != train
    assert code_hash("hybridbatch.report", root=package) == report


def test_comments_docstrings_layout_and_touch_change_nothing(package: Path) -> None:
    before = code_hash("hybridbatch.train", root=package)
    edit(package, "train.py", '"""Train."""', '"""Something else."""\n\n# a comment\n')
    edit(package, "train.py", "return draw()", "return (\n        draw()\n    )")
    (package / "hybridbatch" / "sampling.py").touch()
    assert code_hash("hybridbatch.train", root=package) == before


def test_a_string_that_is_no_docstring_counts(package: Path) -> None:
    before = code_hash("hybridbatch.train", root=package)
    edit(package, "sampling.py", "return 1", 'return "1"')
    assert code_hash("hybridbatch.train", root=package) != before


def test_package_data_counts_for_the_modules_that_name_it(package: Path) -> None:
    edit(package, "sampling.py", "def draw", 'PACKAGE_DATA = ("deep/*.yaml",)\n\ndef draw')
    (package / "hybridbatch" / "deep" / "words.yaml").write_text("a: b\n")
    train = code_hash("hybridbatch.train", root=package)
    report = code_hash("hybridbatch.report", root=package)
    edit(package, "deep/words.yaml", "b", "c")
    assert code_hash("hybridbatch.train", root=package) != train
    assert code_hash("hybridbatch.report", root=package) == report


def test_templates_of_the_embedded_data_set_count_for_benchmarks_and_pairs_alone(
    tmp_path: Path,
) -> None:
    shutil.copytree(PACKAGE, tmp_path / "hybridbatch", ignore=shutil.ignore_patterns("*.pyc"))
    before = {name: code_hash(stage.module, root=tmp_path) for name, stage in STAGES.items()}
    edit(tmp_path, "data/sources/cldr/templates/de.yaml", "Womit", "Mit was")
    changed = {
        name for name in before if code_hash(STAGES[name].module, root=tmp_path) != before[name]
    }
    assert changed == {"benchmarks", "pairs"}


def test_every_file_of_the_package_that_is_not_python_counts_or_is_planned_with() -> None:
    named = set()
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        module = parse(Source(name, name.rpartition(".")[0], path.read_bytes()))
        found = data_files(module)
        assert bool(found) == bool(module.data), name
        named |= set(found)
    files = {
        path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    others = {path for path in files - named if path.suffix != ".py"}
    # What the plan takes from these is in a job's options.
    assert {path.name for path in others} == {"config_schema.yaml", "raw_files.tsv"}


def test_imports_for_type_checkers_alone_are_not_followed(package: Path) -> None:
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import hybridbatch.train\n"
    path = package / "hybridbatch" / "languages.py"
    path.write_text(text + "else:\n    import hybridbatch.errors\n")
    names = set(closure("hybridbatch.languages", root=package))
    assert names == {"hybridbatch", "hybridbatch.languages", "hybridbatch.errors"}
    # What is no flag of `typing` may be true.
    for other in ("TYPE_CHECKING = True", "from typing import TYPE_CHECKING as _, Any"):
        path.write_text(text.replace("from typing import TYPE_CHECKING", other))
        assert "hybridbatch.train" in closure("hybridbatch.languages", root=package)


def test_unknown_module(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="no module hybridbatch"):
        code_hash("hybridbatch.missing", root=package)


def test_sampler_is_in_trainings_closure_and_not_in_the_reports() -> None:
    assert "hybridbatch.training.sampling" in closure("hybridbatch.training.train")
    assert "hybridbatch.training.sampling" not in closure("hybridbatch.reporting.report")
    assert not {"hybridbatch.reporting.report", "hybridbatch.planning.config"} & set(
        closure("hybridbatch.training.train")
    )


@pytest.mark.parametrize("stage", ["corpus", "shards", "encode", "index", "search", "pool"])
def test_no_template_of_generated_data_cuts_or_encodes_a_corpus_again(stage: str) -> None:
    modules = set(closure(STAGES[stage].module))
    other = (
        "hybridbatch.data.benchmarks",
        "hybridbatch.data.sources.cldr",
        "hybridbatch.data.sources.lareqa",
    )
    assert not [module for module in modules if module.startswith(other)]
