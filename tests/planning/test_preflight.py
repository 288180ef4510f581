"""What the configuration names outside the workflow is missed before anything runs."""

from pathlib import Path
from typing import Any

import pytest
from snakemake.io import contains_wildcard

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.records import outside_keys
from hybridbatch.encoding.model import copy_local
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.preflight import check_files
from hybridbatch.planning.workflow_support import plan
from sentence_models import write_labse
from tiny import write_benchmark, write_model, write_pairs
from tiny_config import MINIMAL, config

LENGTH = {"max_tokens": 32}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and working folder with a model, pairs and a benchmark."""
    write_model(tmp_path / "model")
    write_pairs(tmp_path / "pairs.parquet", range(2))
    write_benchmark(tmp_path / "benchmark", range(2))
    (tmp_path / "pairs.xlsx").write_text("x")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HYBRIDBATCH_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def own(**paths: str) -> dict[str, Any]:
    """Changes of the configuration: own data at these paths."""
    return {f"{kind}s": [{"name": "mine", "path": path}] for kind, path in paths.items()}


def checked(**changes: Any) -> Plan:
    # The tiny model has 64 positions, fewer than the default of max_tokens.
    found = Plan(
        config(**{"training": LENGTH, "encoding": LENGTH, **changes}), mirror=changes.get("mirror")
    )
    check_files(found, mirror=changes.get("mirror"), raw="results/raw")
    return found


def test_a_home_folder_is_found(home: Path) -> None:
    found = checked(model="~/model", **own(source="~/pairs.parquet", benchmark="~/benchmark"))
    assert found.untrained.id == "model.untrained"
    assert found.source_files("mine", raw="results/raw") == [f"{home}/pairs.parquet"]
    assert f"{home}/benchmark/qrels.parquet" in found.benchmark_files("mine", raw="results/raw")
    assert {str(Path(file).parent) for file in found.model_files()} == {f"{home}/model"}


def test_every_file_that_is_copied_of_a_local_model_is_tracked(home: Path) -> None:
    (home / "copy").mkdir()
    copy_local(home / "model", home / "copy")
    copied = sorted(path.name for path in (home / "copy").iterdir())
    tracked = sorted(Path(file).name for file in checked(model="./model").model_files())
    assert tracked == copied
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(tracked)


def test_the_files_of_a_models_modules_are_copied_and_tracked(home: Path) -> None:
    write_labse(home / "labse")
    found = checked(model="./labse").model_files()
    kept = {str(Path(file).relative_to("labse")) for file in found}
    assert {"modules.json", "1_Pooling/config.json", "2_Dense/model.safetensors"} <= kept
    assert set(outside_keys(found).values()) == {f"outside/{name}" for name in kept}
    (home / "copy").mkdir()
    copy_local(home / "labse", home / "copy")
    copied = [path for path in (home / "copy").rglob("*") if path.is_file()]
    assert kept == {str(path.relative_to(home / "copy")) for path in copied}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "./nowhere"}, "config: model: ./nowhere: no such folder; correct the path"),
        ({"model": "~/gone", "model_name": "m"}, "config: model: ~/gone: no such folder; correct"),
        (own(source="none.csv"), "config: sources[0].path: none.csv: no such file or folder; cor"),
        (own(source="pairs.xlsx"), "[0].path: pairs.xlsx: a spreadsheet; save it as CSV"),
        (own(source="empty"), "sources[0].path: empty: the folder holds nothing that can be read"),
        (own(benchmark="empty"), "benchmarks[0].path: empty: the folder holds nothing that can"),
        ({"mirror": "gone", "sources": [{"name": "mlqa-r"}]}, "config: mirror: gone: no such fol"),
    ],
)
def test_what_is_missing_is_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(HybridBatchError) as caught:
        checked(**changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_saved_dataset_is_pairs_and_several_splits_are_not(home: Path) -> None:
    (home / "empty" / "dataset_dict.json").write_text("{}")
    with pytest.raises(
        HybridBatchError, match="a dataset with the splits none; name the folder of one split"
    ):
        checked(**own(source="empty"))
    (home / "empty" / "state.json").write_text("{}")
    checked(**own(source="empty"))


def test_the_passages_of_a_sharded_benchmark_are_looked_for_too(home: Path) -> None:
    entry = {"name": "mine", "path": "benchmark", "sharded": True}
    checked(benchmarks=[entry])
    (home / "benchmark" / "passages.parquet").unlink()
    with pytest.raises(HybridBatchError, match="benchmark: queries, qrels without passages; a"):
        checked(benchmarks=[entry])


def test_a_mirror_is_not_missed_where_nothing_comes_from_it() -> None:
    checked(mirror="gone")


def test_the_workflow_ends_with_the_line() -> None:
    with pytest.raises(SystemExit, match=r"^hybridbatch: error: config: sources\[0\]\.path: none"):
        plan(MINIMAL | own(source="none.parquet"))


@pytest.mark.parametrize("name", ["a{x}", "a{source}", "{ x , [a-z]+}b", "{{x}}"])
def test_what_snakemake_takes_for_a_wildcard_is_refused(home: Path, name: str) -> None:
    for kind in ("pairs.parquet", "benchmark", "model"):
        (home / kind).rename(home / f"{name}{kind}")
    paths = own(source=f"{name}pairs.parquet"), own(benchmark=f"{name}benchmark")
    for changes in (*paths, {"model": f"./{name}model"}):
        with pytest.raises(HybridBatchError, match=r"for a wildcard; rename .* \(ln -s\)"):
            checked(**changes)
    (home / "linked.parquet").symlink_to(home / f"{name}pairs.parquet")
    checked(**own(source="linked.parquet"))


@pytest.mark.parametrize("name", ["a{", "}{", "{}", "{a b}", "{a-b}"])
def test_braces_that_are_no_wildcard_are_taken(home: Path, name: str) -> None:
    assert not contains_wildcard(name)
    (home / "pairs.parquet").rename(home / f"{name}pairs.parquet")
    checked(**own(source=f"{name}pairs.parquet"))


def test_a_path_that_begins_with_a_hyphen_is_no_option(home: Path) -> None:
    (home / "pairs.parquet").rename(home / "-pairs.parquet")
    (home / "model").rename(home / "-model")
    found = checked(model="./-model", **own(source="./-pairs.parquet"))
    assert found.source_files("mine", raw="r") == [str(home / "-pairs.parquet")]
    assert found.untrained.id == "model.untrained"
