"""Wrong configurations: what is known before work begins is said before, all of it at once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hybridbatch.common.package_files import package_file
from hybridbatch.planning.config import examine_config
from hybridbatch.planning.config_values import resolved, types_of
from hybridbatch.planning.workflow_support import examined_plan, notes_on
from tiny import write_benchmark, write_model, write_pairs

# Five lines; what a case adds begins in the sixth, and takes the place of a key that is here.
BASE = """recipe: demo
sources: [{name: cldr}]
train_languages: [ar, en]
benchmarks: [{name: cldr}]
seeds: [1]
"""


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder with a model of 64 positions, pairs of three items and a benchmark."""
    folder = tmp_path_factory.mktemp("wrong")
    write_model(folder / "model")
    write_pairs(folder / "pairs.parquet", range(3))
    write_benchmark(folder / "benchmark", range(2))
    (folder / "half").mkdir()
    (folder / "half" / "queries.parquet").touch()
    rows = "item_id,language,question,passage\n1,de,q,p\n2,de,q2,p2\n2,en,q3,p3\n"
    (folder / "pairs.csv").write_text(rows)
    (folder / "pairs.tsv").write_text(rows.replace(",", "\t"))
    (folder / "pairs.xlsx").touch()
    (folder / "empty").mkdir()
    (folder / "fails.py").write_text("raise ValueError('no')\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("HYBRIDBATCH_MIRROR", raising=False)
        yield folder


def lines(text: str) -> list[str]:
    """The lines that the workflow prints for a configuration, in a.yaml."""
    Path("a.yaml").write_text(text, encoding="utf-8")
    found = examine_config([Path("a.yaml")])
    _, found = examined_plan(found)
    assert not any("\n" in problem for problem in found.problems)
    return list(found.problems)


def with_base(text: str) -> str:
    """The lines of BASE whose key the text does not have, as blank lines, and the text."""
    given = {line.partition(":")[0] for line in text.splitlines()}
    kept = (line if line.partition(":")[0] not in given else "" for line in BASE.splitlines())
    return "\n".join(kept) + f"\n{text}\n"


def test_the_base_is_right() -> None:
    assert lines(BASE) == []


# What is written, and the lines that follow, each after `a.yaml:6: ` unless it has a place.
WRONG: list[tuple[str, list[str]]] = [
    # The kinds of config that once passed the dry run and ended an hour later.
    ("model: org/name@main", ["model: the revision 'main' names a branch or tag, and both may"]),
    ("model: org/name@v1.0", ["model: the revision 'v1.0' names a branch or tag"]),
    ("training: {batch_size: 2600}", ["training.batch_size: 2600 is more than the 2483 items of"]),
    ("training: {max_tokens: 513}", ["training.max_tokens: 513 is more than the 512 positions"]),
    ("encoding: {max_tokens: 600}", ["encoding.max_tokens: 600 is more than the 512 positions"]),
    ("title: x\ntitle: y", ["a.yaml:7: the key `title` appears twice (first in line 6); keep one"]),
    ("train_languages: [ar]\nsamplings: [x-y]", ["a.yaml:7: samplings[0]: x-y draws cross-ling"]),
    ("train_languages: [ar]", ["config: samplings[1]: x-y draws", "samplings[2]: hybrid draws"]),
    # What is compared.
    ("recipe: a/b", ["recipe: 'a/b' is not a name; use letters, digits and _ . @ + -"]),
    ("recipe:", ["recipe: it has no value; give it a text, or remove the key"]),
    (f"recipe: {'r' * 250}", ["recipe: together with the name of the model it is longer than"]),
    ("title: [a]", ["title: ['a'] is not of type string"]),
    ("model: org/name", ["model: 'org/name' is neither `embedded`, nor a folder, nor a hub id"]),
    ("model: embeded", ["model: 'embeded' is neither `embedded`, nor a folder, nor a hub id"]),
    ("model: ''", ["model: the text is empty; give one, or remove the key"]),
    ("model: ./nowhere", ["model: ./nowhere: no such folder; correct the path"]),
    (
        "model: ./model",
        [
            "config: training.max_tokens: 96 is more than the 64 positions",
            "config: encoding.max_tokens: its default, 128, is more than the 64 positions",
        ],
    ),
    ("model_name: my model", ["model_name: 'my model' is not a name"]),
    ("model_license: [MIT]", ["model_license: ['MIT'] is not of type string or null"]),
    ("pooling: average", ["pooling: 'average' is not one of mean, cls, max, lasttoken"]),
    ("pooling: means", ["pooling: 'means' is not one of mean, cls, max, lasttoken; did you mean"]),
    ("query_prefix: [q]", ["query_prefix: ['q'] is not of type string or null"]),
    (
        f"query_prefix: {'word ' * 96}",
        ["query_prefix: its 96 words take all of training.max_tokens, 96, so that all texts"],
    ),
    ("passage_prefix: {a: b}", ["passage_prefix: {'a': 'b'} is not of type string or null"]),
    ("sources: []", ["sources: the list is empty; name at least one"]),
    ("sources: [cldr]", ["sources[0]: 'cldr' is not of type object"]),
    ("sources: [{nam: cldr}]", ["sources[0]: unknown key `nam`; did", "sources[0]: 'name' is a r"]),
    ("sources: [{name: cdlr}]", ["sources[0]: 'cdlr' is not built in (cldr, mlqa-r, ntrex-128); "]),
    ("sources: [{name: squadshifts}]", ["sources[0]: 'squadshifts' is not built in"]),
    ("sources: [{name: cldr}, {name: cldr}]", ["sources[1]: the name 'cldr' is used twice"]),
    ("sources: [{name: cldr, path: pairs.csv}]", ["sources[0]: 'cldr' is built in; give your own"]),
    ("sources: [{name: cldr, license: MIT}]", ["sources[0]: 'cldr' is built in and its licence"]),
    ("sources: [{name: cldr, weight: 0}]", ["sources[0].weight: 0.0 is less than or equal to the"]),
    ("sources: [{name: m, path: ''}]", ["sources[0].path: the text is empty; name a file or fol"]),
    (
        "sources: [{name: m, path: gone.csv}]",
        ["sources[0].path: gone.csv: no such file or fold"],
    ),
    (
        "sources: [{name: m, path: pairs.xlsx}]",
        ["sources[0].path: pairs.xlsx: a spreadsheet; save it"],
    ),
    (
        "sources: [{name: m, path: empty}]",
        ["sources[0].path: empty: the folder holds nothing that"],
    ),
    (
        "sources: [{name: m, path: pairs.csv}]",
        ["config: training.batch_size: 32 is more than the 2 items of m; lower it to at most 2"],
    ),
    (
        "sources: [{name: m, path: pairs.tsv}]",
        ["config: training.batch_size: 32 is more than the 2 items of m; lower it to at most 2"],
    ),
    ("train_languages: []", ["train_languages: the list is empty; name at least one"]),
    ("train_languages: de", ["train_languages: 'de' is not of type array; write [de]"]),
    ("train_languages: [de, xx]", ["train_languages[1]: unknown language 'xx'; write the code"]),
    ("train_languages: [de, English]", ["train_languages[1]: 'English' is not a language code; w"]),
    ("train_languages: [de, ja]", ["train_languages[1]: no training source has 'ja'; the sources"]),
    ("train_languages: [de, no]", ["train_languages[1]: no training source has 'no'; the sources"]),
    ("train_languages: [de, zh-CN]", ["train_languages[1]: no training source has 'zh-Hans'; the"]),
    ("train_languages: [de, de]", ["train_languages: 'de' appears twice; keep one"]),
    ("train_languages: [de, deu]", ["train_languages[1]: 'deu' is the same language as 'de'; ke"]),
    ("benchmarks: [{name: xquad_r}]", ["benchmarks[0]: 'xquad_r' is not built in (cldr, xquad-r,"]),
    ("benchmarks: [{name: m, path: half}]", ["benchmarks[0].path: half: queries without passages"]),
    ("benchmarks: [{name: cldr, languages: [de]}]", ["benchmarks[0].languages: only miracl has"]),
    ("benchmarks: [{name: cldr, sharded: true}]", ["benchmarks[0].sharded: 'cldr' is built in, "]),
    ("benchmarks: [{name: cldr, sharded: perhaps}]", ["benchmarks[0].sharded: 'perhaps' is not "]),
    ("benchmarks: [{name: cldr, checksums: x}]", ["benchmarks[0].checksums: only miracl has this"]),
    (
        "benchmarks: [{name: miracl, languages: [sw, nn]}]",
        ["benchmarks[0].languages: 'nn' is not among", "config: benchmarks: miracl: the corpus"][
            :1
        ],
    ),
    ("benchmarks: [{name: miracl}]", ["config: benchmarks: miracl: the corpus has no list of ch"]),
    (
        "benchmarks: [{name: miracl, checksums: gone}]",
        ["benchmarks[0].checksums: gone: no such file"],
    ),
    (
        "benchmarks: [{name: m, path: benchmark, sharded: true, pool_languages: [de]}]",
        ["benchmarks[0].pool_languages: ['de'] is too short"],
    ),
    (
        "benchmarks: [{name: m, path: benchmark, pool_languages: [de, en]}]",
        ["benchmarks[0].pool_languages: the pool of 'm' holds all its languages; remove it, or"],
    ),
    (
        "benchmarks: [{name: m, path: benchmark, sharded: true, pool_languages: [de, German]}]",
        ["benchmarks[0].pool_languages[1]: 'German' is not a language code; write one such as de"],
    ),
    (
        "samplings: [hybird]",
        ["samplings[0]: sampling 'hybird' is not one of x-x-mono, x-y, hybrid"],
    ),
    ("samplings: [en-en]\ntrain_languages: [de]", ["samplings[0]: en-en needs `en` in train_lang"]),
    ("samplings: [x-y, x-y]", ["samplings: 'x-y' appears twice; keep one"]),
    ("alphas: [1.5]", ["alphas[0]: 1.5 is greater than the maximum of 1"]),
    ("alphas: [0.3, 0.30000001]", ["alphas[1]: 0.30000001 gives a run the same name as another"]),
    ("seeds: [-1]", ["seeds[0]: -1 is less than the minimum of 0"]),
    ("seeds: [one]", ["seeds[0]: 'one' is not of type integer"]),
    ("allow_contaminated: perhaps", ["allow_contaminated: 'perhaps' is not of type boolean"]),
    ("extensions: [own.txt]", ["extensions[0]: 'own.txt' is not a Python file; its name must end"]),
    ("extensions: [gone.py]", ["extensions[0]: gone.py: cannot be read (No such file or direct"]),
    ("extensions: [fails.py]", ["extensions[0]: fails.py: cannot be loaded: ValueError('no')"]),
    # Where it runs.
    ("device: gpu", ["device: 'gpu' is not one of auto, cpu, cuda"]),
    ("threads: 0", ["threads: 0 is less than the minimum of 1"]),
    ("mirror: gone\nsources: [{name: mlqa-r}]", ["mirror: gone: no such folder; correct it"]),
    ("memory: {trian: 5000}", ["memory: unknown key `trian`; did you mean `train`?"]),
    ("memory: {train: 50}", ["memory.train: 50 is less than the minimum of 100"]),
    ("container: [a]", ["container: ['a'] is not of type string or null"]),
    # Training.
    ("training: {batch_size: 1}", ["training.batch_size: 1 is less than the minimum of 2"]),
    ("training: {steps: 5}", ["config: training.warmup_steps: 10 is more than training.steps, 5"]),
    ("training: {processes: 64}", ["training.processes: 64 is more than training.batch_size, 32"]),
    ("training: {learning_rate: -1e-5}", ["training.learning_rate: -1e-05 is less than or equal"]),
    ("training: {validation: {source: squad}}", ["training.validation.source: 'squad' is not one"]),
    (
        "training: {mining: {negatives: 5}}",
        ["training.mining: training.hard_negatives is 0, so th"],
    ),
    (
        "training: {hard_negatives: 2, mining: {negatives: 9, depth: 5}}",
        ["training.mining.negatives: 9 is more than the candidates that are looked at, training"],
    ),
    (
        "training: {validation: {fraction: 0, patience: 2}}",
        ["training.validation.patience: nothing is validated with a fraction of 0; raise"],
    ),
    (
        "training: {validation: {patience: 10}}",
        ["training.validation.patience: 10 validations, one every 10 steps, are not fewer than"],
    ),
    # Encoding, index, retrieval, evaluation.
    (
        "encoding: {passage_template: '{title}'}",
        ["encoding.passage_template: '{title}' has no {te"],
    ),
    (
        "index: {factory: flat}",
        ["index.factory: 'flat' is not a FAISS factory string; use one suc"],
    ),
    (
        "index: {factory: 'IVF64,PQ50'}",
        ["index.factory: 'IVF64,PQ50': PQ50 cuts vectors into 50 p"],
    ),
    ("retrieval: {top_k: 5}", ["config: bias.cutoff: 10 is more than retrieval.top_k, 5; lower i"]),
    ("evaluation: {measures: [map]}", ["evaluation.measures[0]: measure 'map' is not one of"]),
    ("evaluation: {measures: ['R@1']}", ["evaluation.measures: mAP is missing; the report's tab"]),
    ("evaluation: {measures: [mAP, R]}", ["evaluation.measures[1]: measure 'R' is not one of"]),
    ("statistics: {resamples: 100, confidence: 0.999}", ["statistics.resamples: 100 are too few"]),
    ("high_resource_languages: [german]", ["high_resource_languages[0]: 'german' is not a langua"]),
    (
        "high_resource_languages: [he, iw]",
        ["high_resource_languages[1]: 'iw' is the same language"],
    ),
    (
        "claims: {bias_reduktion: 0.2}",
        ["claims: unknown key `bias_reduktion`; did you mean `bias_"],
    ),
    (
        "bias: {persistence: 1}",
        ["bias.persistence: 1.0 is greater than or equal to the maximum of"],
    ),
    ("views: {projected_items: 1}", ["views.projected_items: 1 is less than the minimum of 2"]),
    # Where a key is looked for.
    ("batch_size: 8", ["unknown key `batch_size`; did you mean `training.batch_size`?"]),
    ("train_language: [de]", ["unknown key `train_language`; did you mean `train_languages`?"]),
    ("eval: {}", ["unknown key `eval`; the keys are allow_contaminated, alphas"]),
]


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=[text[:60] for text, _ in WRONG])
def test_a_wrong_config_is_named_before_work_begins(text: str, expected: list[str]) -> None:
    found = lines(with_base(text))
    assert len(found) == len(expected), found
    for line, start in zip(found, expected, strict=True):
        # A value that the file does not have is a default, and is placed at the nearest key.
        assert start.removeprefix("config: ") in line, found
        assert line.startswith("a.yaml"), found


def test_several_problems_are_all_said_with_their_lines() -> None:
    text = """recipe: a b
sources: [{name: cdlr}, {name: mine, path: gone.csv}]
train_languages: [de, German]
benchmark: [{name: cldr}]
model: org/name@main
training:
  steps: many
  warmup_steps: 500
  max_tokens: 9000
alphas: [2]
retrieval: {top_k: 5}
alphas: [3]
"""
    found = [line.removeprefix("a.yaml:") for line in lines(text)]
    starts = [
        "12: the key `alphas` appears twice (first in line 10); keep one",
        "4: unknown key `benchmark`; did you mean `benchmarks`?",
        "a.yaml: 'benchmarks' is a required property; add it",
        "12: alphas[0]: 3.0 is greater than the maximum of 1",
        "1: recipe: 'a b' is not a name",
        "3: train_languages[1]: 'German' is not a language code; write one such as de or zh-Hans; "
        "did you mean `de` (German)?",
        "7: training.steps: 'many' is not of type integer",
        "5: model: the revision 'main' names a branch or tag",
        "2: sources[0]: 'cdlr' is not built in",
        "11: bias.cutoff: 10 is more than retrieval.top_k, 5",
    ]
    for start in starts:
        assert sum(line.startswith(start.removeprefix("a.yaml:")) for line in found) == 1, (
            start,
            found,
        )
    assert len(found) == len(starts)


SCHEMA: dict[str, Any] = yaml.safe_load(
    package_file("planning/config_schema.yaml").read_text(encoding="utf-8")
)


def leaves(schema: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of the schema that has no keys of its own, with those above it; `*` is a list."""
    schema = resolved(schema, SCHEMA)
    if "properties" in schema:
        for name, inside in schema["properties"].items():
            yield from leaves(inside, (*above, name))
    elif "properties" in schema.get("items", {}):
        yield from leaves(schema["items"], (*above, "*"))
    else:
        yield above


KEYS = tuple(leaves(SCHEMA))


def wrong_value(key: tuple[str, ...]) -> Any:
    """A value of a type that the key does not take."""
    inside: Mapping[str, Any] = SCHEMA
    for part in key:
        inside = resolved(inside["items"] if part == "*" else inside["properties"][part], SCHEMA)
    return {"a": "b"} if "object" not in types_of(inside) else ["a"]


@pytest.mark.parametrize("key", KEYS, ids=[".".join(key) for key in KEYS])
def test_every_key_refuses_a_value_of_another_type(key: tuple[str, ...]) -> None:
    value = wrong_value(key)
    for part in reversed(key[1:]):
        value = [{"name": "cldr"} | value] if part == "*" else {part: value}
    text = yaml.safe_dump({key[0]: value}, default_flow_style=True, width=1000)
    found = lines(with_base(text.strip().removeprefix("{").removesuffix("}")))
    name = ".".join(key).replace(".*", "[0]")
    assert len(found) == 1
    assert found[0].startswith(f"a.yaml:6: {name}: {wrong_value(key)} is not ")


def test_all_keys_at_once_are_a_line_each() -> None:
    """As many lines as there are wrong keys, and none more."""
    values: dict[str, Any] = {"sources": [{"name": "cldr"}], "benchmarks": [{"name": "cldr"}]}
    for key in KEYS:
        inside: Any = values
        for part in key[:-1]:
            inside = inside[0] if part == "*" else inside.setdefault(part, {})
        inside[key[-1]] = wrong_value(key)
    found = lines(yaml.safe_dump(values))
    assert len(found) == len(KEYS) > 90
    assert len({line.partition(":")[2].partition(":")[0] for line in found}) > 90


def test_what_is_not_wrong_and_good_to_know_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hybridbatch.planning.workflow_support.lacks_gpu", lambda: True)
    text = (
        "samplings: []\ndevice: cuda\ntrain_languages: [deu, en]\nhigh_resource_languages: [iw]\n"
    )
    Path("a.yaml").write_text(with_base(text))
    found = examine_config([Path("a.yaml")])
    plan, found = examined_plan(found)
    assert found.problems == ()
    assert plan.config["train_languages"] == ["de", "en"]
    assert plan.config["high_resource_languages"] == ["he"]
    starts = [
        "a.yaml:8: train_languages[0]: deu is read as de (German)",
        "a.yaml:9: high_resource_languages[0]: iw is read as he (Hebrew)",
        "a.yaml:7: device: cuda, and this machine has no GPU that torch can use; set it to auto or",
        "a.yaml:6: samplings: the list is empty: nothing is trained",
    ]
    for note, start in zip(notes_on(found, plan), starts, strict=True):
        assert note.startswith(start)
