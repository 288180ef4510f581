"""A wrong configuration is one clear line; a right one becomes runs and options."""

import dataclasses
import importlib
import json
import re
from pathlib import Path
from typing import Any, get_type_hints

import faiss
import pytest

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.encoding.settings import settled
from hybridbatch.planning import stage_options
from hybridbatch.planning.config import check_config, defaults, load_config
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.workflow_support import gpus, memory
from hybridbatch.reporting.claims_evidence import Thresholds
from hybridbatch.reporting.evidence import StatisticsOptions
from hybridbatch.stages import STAGES
from hybridbatch.training.options import Source
from hybridbatch.training.sampling import SamplingOptions
from tiny_config import MINIMAL, config
from tiny_project import ROOT


@pytest.mark.parametrize("name", ["config.yaml", "xquad_cpu.yaml", "miracl.yaml"])
def test_shipped_configs_are_valid(name: str) -> None:
    assert Plan(load_config(ROOT / "config" / name)).trained_runs


def test_defaults_are_filled_in() -> None:
    filled = config()
    assert filled["alphas"] == [0.5]
    assert filled["training"]["validation"]["fraction"] == 0.05
    assert filled["sources"] == [{"name": "cldr", "weight": 1.0}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alpha": 0.5}, "config: unknown key `alpha`; did you mean `alphas`?"),
        ({"zzz": 0.5}, "config: unknown key `zzz`; the keys are allow_contaminated, alphas"),
        ({"alphas": [1.5]}, "config: alphas[0]: 1.5 is greater than the maximum of 1"),
        ({"alphas": ["half"]}, "config: alphas[0]: 'half' is not of type number"),
        ({"recipe": 2024}, "config: recipe: 2024 is not of type string"),
        ({"title": False}, "YAML reads yes, no, on and off as true and false: put the value in"),
        ({"training": {"step": 5}}, "config: training: unknown key `step`"),
        ({"train_languages": ["xx"]}, "config: train_languages[0]: unknown language 'xx'; write"),
        ({"train_languages": ["ja", "en"]}, "no training source has 'ja'"),
        ({"train_languages": ["German"]}, "'German' is not a language code"),
        ({"training": {"mining": {"negatives": 5}}}, "mining: training.hard_negatives is 0"),
        (
            {"samplings": ["mixed"]},
            "samplings[0]: sampling 'mixed' is not one of x-x-mono, x-y",
        ),
        ({"samplings": ["en-en"], "train_languages": ["ar"]}, "en-en needs `en`"),
        ({"train_languages": ["ar"]}, "x-y draws cross-lingual batches; name at least two"),
        ({"sources": [{"name": "mine"}]}, "sources[0]: 'mine' is not built in (cldr, mlqa-r"),
        ({"sources": [{"name": "cldr", "path": "x"}]}, "'cldr' is built in"),
        ({"benchmarks": [{"name": "cldr"}, {"name": "cldr"}]}, "the name 'cldr' is used twice"),
        ({"recipe": "a/b"}, "recipe: 'a/b' is not a name"),
        ({"model": "org/name"}, "neither `embedded`, nor a folder, nor a hub id"),
        ({"retrieval": {"top_k": 5}}, "bias.cutoff: 10 is more than retrieval.top_k, 5; lower it"),
        (
            {"training": {"steps": 5}},
            "training.warmup_steps: 10 is more than training.steps, 5; lower it or raise steps",
        ),
        (
            {"training": {"batch_size": 2, "processes": 3}},
            "training.processes: 3 is more than training.batch_size, 2; lower it or",
        ),
        (
            {"statistics": {"resamples": 1000, "confidence": 0.999}},
            "resamples: 1000 are too few for intervals of confidence 0.999; use at least 1999",
        ),
        (
            {"index": {"factory": "Foo"}},
            "index.factory: 'Foo' is not a FAISS factory string; use one",
        ),
        ({"threads": 0}, "threads: 0 is less than the minimum of 1"),
    ],
)
def test_bad_input_is_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(HybridBatchError) as caught:
        Plan(config(**changes))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "factory",
    [
        "Flat", "SQ8", "SQfp16", "HNSW32", "HNSW32,SQ8", "HNSW32_SQ8", "IVF1024,Flat", "PQ48",
        "IVF1024,PQ48", "IVF1024,PQ48x4fs,RFlat", "IVF1024_HNSW32,SQ8", "OPQ48_192,IVF64,PQ48",
        "PCA64,IVF64,Flat", "PCAR64,SQ8", "L2norm,Flat", "NSG32,Flat",
    ],
)  # fmt: skip
def test_a_factory_string_that_faiss_takes_is_taken(factory: str) -> None:
    faiss.index_factory(384, factory, faiss.METRIC_INNER_PRODUCT)
    assert config(index={"factory": factory})["index"]["factory"] == factory


@pytest.mark.parametrize("factory", ["Foo", "flat", "Flatt", "IVF,Flat", "IVF64;Flat", "PQ", "SQ9"])
def test_a_factory_string_that_faiss_refuses_is_refused(factory: str) -> None:
    with pytest.raises(RuntimeError):
        faiss.index_factory(384, factory, faiss.METRIC_INNER_PRODUCT)
    with pytest.raises(
        HybridBatchError, match=f"index.factory: '{factory}' is not a FAISS factory"
    ):
        config(index={"factory": factory})


def test_text_from_a_program_is_taken_for_what_the_key_wants() -> None:
    filled = config(alphas=["0.3"], threads="null", training={"learning_rate": "1e-5"})
    assert (filled["alphas"], filled["threads"]) == ([0.3], None)
    assert filled["training"]["learning_rate"] == 1e-5


def test_missing_key_is_named() -> None:
    with pytest.raises(HybridBatchError, match="'recipe' is a required property; add it"):
        check_config({key: value for key, value in MINIMAL.items() if key != "recipe"})


def test_file_errors_name_the_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("recipe: [1")
    for path in (broken, tmp_path / "absent.yaml"):
        with pytest.raises(HybridBatchError, match=path.name):
            load_config(path)


def test_run_ids() -> None:
    plan = Plan(config(alphas=[0.5, 0.3], seeds=[1, 2], samplings=["x-x-mono", "hybrid"]))
    assert [run.id for run in plan.runs] == [
        "embedded.untrained",
        "embedded.demo.x-x-mono.s1",
        "embedded.demo.x-x-mono.s2",
        "embedded.demo.hybrid.s1",
        "embedded.demo.hybrid.s2",
        "embedded.demo.hybrid0.3.s1",
        "embedded.demo.hybrid0.3.s2",
    ]
    assert plan.run("embedded.demo.hybrid0.3.s2").alpha == 0.3


def test_hub_model_is_named_after_repository_and_revision() -> None:
    plan = Plan(
        config(model="sentence-transformers/LaBSE@836121a0533e5664b21c7aacc5d22951f2b8b25b")
    )
    assert plan.untrained.id == "LaBSE@836121a0.untrained"


def test_trained_runs_skip_a_benchmark_whose_items_they_trained_on() -> None:
    changes: dict[str, Any] = {
        "sources": [{"name": "mlqa-r"}],
        "benchmarks": [{"name": "xquad-r"}, {"name": "mlqa-r"}],
        "samplings": ["hybrid"],
    }
    plan = Plan(config(**changes))
    assert plan.evaluations() == (
        ("embedded.untrained", "xquad-r"),
        ("embedded.demo.hybrid.s1", "xquad-r"),
        ("embedded.untrained", "mlqa-r"),
    )
    assert plan.overlaps() == ("xquad-r",)
    marked = Plan(config(**changes, allow_contaminated=True))
    assert ("embedded.demo.hybrid.s1", "mlqa-r") in marked.evaluations()


def test_each_stage_tracks_just_its_own_options() -> None:
    before, after = Plan(config()), Plan(config(retrieval={"top_k": 70}, mirror="elsewhere"))
    run = before.trained_runs[0].id
    assert before.train_options(run) == after.train_options(run)
    assert before.encode_options() == after.encode_options()
    assert json.loads(after.retrieve_options())["top_k"] == 70
    assert before.download_options(_any_raw_file()) == after.download_options(_any_raw_file())


def test_the_report_is_given_the_thresholds_of_claims_and_the_raw_files() -> None:
    chosen = config(
        benchmarks=[{"name": "xquad-r"}, {"name": "own", "path": "own"}],
        statistics={"confidence": 0.9},
        claims={"bias_reduction": 0.25},
    )
    options = json.loads(Plan(chosen).report_options())
    assert options["statistics"]["thresholds"] == {
        "level": 0.1,
        "bias_reduction": 0.25,
        "smallest_effect": 0.005,
        "unseen_floor": 0.3,
        "unseen_share": 0.8,
        "batch_deviations": 3.3,
    }
    paths = [path for path, _ in options["raw_files"]]
    assert paths == sorted(set(paths), key=paths.index)
    assert any(path.endswith("xquad-r/ar.json") for path in paths)
    assert all(len(digest) == 64 for _, digest in options["raw_files"])


def _any_raw_file() -> str:
    return Plan(config(benchmarks=[{"name": "xquad-r"}])).benchmark_files("xquad-r", raw="r")[0][2:]


def test_stage_options_are_accepted_by_the_stages() -> None:
    import importlib

    from hybridbatch.common.options import options_from_json

    plan = Plan(load_config(ROOT / "config" / "xquad_cpu.yaml"))
    cases = {
        "download": plan.download_options(_any_raw_file()),
        "benchmarks": plan.benchmarks_options("xquad-r"),
        "pairs": plan.pairs_options("mlqa-r"),
        "overlap": plan.overlap_options("xquad-r"),
        "model": plan.model_options(),
        "train": plan.train_options(plan.trained_runs[0].id),
        "publish": plan.publish_options(plan.trained_runs[0].id),
        "encode": plan.encode_options(),
        "index": plan.index_options(),
        "retrieve": plan.retrieve_options(),
        "metrics": plan.metrics_options("xquad-r"),
        "report": plan.report_options(),
    }
    large = Plan(
        config(benchmarks=[{"name": "mine", "path": "data", "sharded": True}]), mirror=None
    )
    cases |= {
        "corpus": large.corpus_options("mine", "part-0000"),
        "search": large.search_options("mine", "de"),
        "pool": large.pool_options("mine"),
    }
    for stage, text in cases.items():
        options_from_json(importlib.import_module(STAGES[stage].module).Options, text)


def test_squadshifts_validates_training_where_the_config_says_so() -> None:
    held_out = Plan(config())
    assert held_out.validation_sources == ()
    chosen = Plan(config(training={"validation": {"source": "squadshifts"}}))
    assert chosen.validation_sources == ("squadshifts",)
    assert chosen.sources == held_out.sources
    assert len(chosen.source_files("squadshifts", raw="r")) == 4
    assert json.loads(chosen.pairs_options("squadshifts"))["kind"] == "squadshifts"
    run = chosen.trained_runs[0].id
    published = json.loads(chosen.publish_options(run))
    assert published["validation_data"]["licence"] == "CC-BY-4.0"
    assert json.loads(held_out.publish_options(run))["validation_data"] is None
    assert any(
        "squadshifts" in path for path, _ in json.loads(chosen.report_options())["raw_files"]
    )
    with pytest.raises(HybridBatchError, match="'squadshifts' is built in"):
        config(sources=[{"name": "squadshifts", "path": "own.parquet"}])


def test_a_cluster_is_asked_for_what_the_processes_need() -> None:
    plan = Plan(config())
    assert (memory(plan, "train"), memory(plan, "retrieve"), gpus(plan, "train")) == (6000, 3000, 0)
    plan = Plan(
        config(device="cuda", training={"processes": 4}, memory={"train": 9000, "retrieve": 20000})
    )
    assert [gpus(plan, stage) for stage in ("train", "encode", "mine")] == [4, 1, 1]
    stages = ("train", "encode", "retrieve")
    assert [memory(plan, stage) for stage in stages] == [36000, 4000, 20000]
    assert "memory" not in json.loads(plan.report_options())["config"]
    with pytest.raises(HybridBatchError, match="config: memory: unknown key `training`"):
        config(memory={"training": 5})


def test_every_rule_asks_for_the_memory_of_its_stage() -> None:
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    commands = set(re.findall(r"python -m hybridbatch (\w+)", rules))
    assert set(re.findall(r'memory\(PLAN, "(\w+)"\)', rules)) == commands
    assert set(config()["memory"]) == commands


def test_sharded_benchmarks_have_their_own_keys() -> None:
    plan = Plan(load_config(ROOT / "config" / "miracl.yaml"))
    assert (plan.in_memory, plan.corpora.names) == ((), ("miracl",))
    options = json.loads(plan.metrics_options("miracl"))
    assert options["cut"] == 100 and len(options["average_languages"]) == 15
    assert "shard_passages" not in plan.encode_options()
    mine = {"name": "mine", "path": "data/mine", "sharded": True, "pool_languages": ["de", "en"]}
    plan = Plan(config(benchmarks=[{"name": "cldr"}, mine]))
    assert (plan.in_memory, plan.corpora.names) == (("cldr",), ("mine",))
    assert plan.benchmark_files("mine", raw="r") == [
        "data/mine/queries.parquet",
        "data/mine/qrels.parquet",
    ]
    assert [part.path for part in plan.corpora.parts("mine")] == ["data/mine/passages.parquet"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "cldr", "languages": ["de"]}, "benchmarks[0].languages: only miracl has"),
        ({"name": "cldr", "pool_languages": ["de", "en"]}, "the pool of 'cldr' holds all its"),
        ({"name": "cldr", "sharded": True}, "'cldr' is built in, and only miracl is sharded"),
        ({"name": "miracl", "languages": ["el"]}, "benchmarks[0].languages: 'el' is not among ar"),
        (
            {"name": "miracl", "languages": ["sw", "yo"], "pool_languages": ["sw", "te"]},
            "benchmarks[0].pool_languages: 'te' is not among sw, yo",
        ),
    ],
)
def test_keys_in_the_wrong_place_are_named(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(HybridBatchError, match=re.escape(message)):
        config(benchmarks=[entry])


def test_no_default_is_stated_twice() -> None:
    """The schema has the defaults: what a stage takes of the configuration has none of its own."""
    twice = []
    for stage in stage_options.STAGES:
        taken = settled(stage_options.taken(stage, defaults()), None)
        kind = importlib.import_module(STAGES[stage].module).Options
        twice += [f"{stage}: {name}" for name in defaulted(kind, taken)]
    for kind in (StatisticsOptions, Thresholds, Source, SamplingOptions):
        twice += [f"{kind.__name__}: {field.name}" for field in with_defaults(kind)]
    assert twice == []


def with_defaults(kind: type) -> list[Any]:
    missing = dataclasses.MISSING
    fields = dataclasses.fields(kind)
    return [f for f in fields if f.default is not missing or f.default_factory is not missing]


def defaulted(kind: type, taken: dict[str, Any]) -> list[str]:
    """The keys that a dataclass gives a default to, those of dataclasses inside it included."""
    found = [field.name for field in with_defaults(kind) if field.name in taken]
    hints = get_type_hints(kind)
    assert set(taken) <= set(hints), f"{kind.__module__}: lacks {set(taken) - set(hints)}"
    for name, value in taken.items():
        if isinstance(value, dict):
            found += [f"{name}.{inner}" for inner in defaulted(hints[name], value)]
    return found
