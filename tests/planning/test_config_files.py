"""A configuration is read as it is written; a slip is one line with file, line and remedy."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from snakemake.utils import update_config

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.planning.config import Configuration, read_config
from hybridbatch.planning.config_early import check_command_line
from hybridbatch.planning.config_files import from_values, merged, read_arguments, read_file
from hybridbatch.planning.config_values import values_of
from hybridbatch.planning.plan import Plan

# Five lines; what a test adds begins in the sixth.
BASE = """recipe: demo
sources: [{name: cldr}]
train_languages: [ar, en]
benchmarks:
  - name: cldr
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(*texts: str, arguments: Sequence[str] = ()) -> Configuration:
    """The configuration of these files, a.yaml, b.yaml and so on, and of `--config`."""
    paths = [Path.cwd() / f"{name}.yaml" for name, _ in zip("abc", texts, strict=False)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return read_config(paths, arguments)


def message(*texts: str, arguments: Sequence[str] = ()) -> str:
    """The error of these files, as the workflow prints it: with those of the plan."""
    with pytest.raises(HybridBatchError) as caught:
        found = read(*texts, arguments=arguments)
        with found.placed():
            Plan(found.values)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("training: {learning_rate: 1e-5}", "training.learning_rate", 1e-5),
        ("training: {learning_rate: '3.0e-5'}", "training.learning_rate", 3e-5),
        ("training: {steps: 1e2}", "training.steps", 100),
        ("training: {steps: 1_000}", "training.steps", 1000),
        ("training: {dropout: off}", "training.dropout", False),
        ("training: {max_grad_norm: ~}", "training.max_grad_norm", None),
        ("training: {max_grad_norm: 1}", "training.max_grad_norm", 1.0),
        ("alphas: ['0.3', .5, 1]", "alphas", [0.3, 0.5, 1.0]),
        ("title: 2024", "title", "2024"),
        ("title: no", "title", "no"),
        ("title: 2024-01-01", "title", "2024-01-01"),
        ("title: 1.10", "title", "1.10"),
        ("model_license: null", "model_license", None),
        ("threads: null", "threads", None),
        ("defaults: &d {steps: 50}", None, None),
    ],
)
def test_the_key_says_what_a_value_is(line: str, key: str | None, value: Any) -> None:
    if key is None:
        assert message(BASE + line).startswith("a.yaml:6: unknown key `defaults`")
        return
    found: Any = read(BASE + line).values
    for part in key.split("."):
        found = found[part]
    assert found == value
    assert type(found) is type(value)


def test_anchors_aliases_and_merge_keys_are_followed() -> None:
    text = BASE + "training: &t {steps: 50, batch_size: 8}\nencoding: {<<: {max_tokens: 64}}\n"
    values = read(text).values
    assert (values["training"]["steps"], values["encoding"]["max_tokens"]) == (50, 64)
    own = read(BASE + "encoding:\n  <<: [{max_tokens: 64, dtype: float16}]\n  max_tokens: 32\n")
    assert own.values["encoding"]["max_tokens"] == 32
    assert own.values["encoding"]["dtype"] == "float16"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a.yaml: the file is empty; it needs keys such as `recipe:`"),
        ("# remark\n", "a.yaml: the file is empty"),
        ("- a\n", "a.yaml:1: a list; the file needs keys such as `recipe:`"),
        ("hello\n", "a.yaml:1: a single value; the file needs keys"),
        ("recipe: [1\nseeds: [1]\n", "a.yaml:2: not YAML: expected ',' or ']'"),
        ("x: 1\ntitle: A: b\n", "a.yaml:2: not YAML: mapping values are not allowed here; put"),
        ("title: 'abc\nx: 1\n", "a scalar that begins in line 1"),
        ("training:\n\tsteps: 5\n", "a.yaml:2: not YAML: the line is indented with a tab"),
        (BASE + "  x: b\n", "a.yaml:6: not YAML: the line does not fit the ones before it"),
        ("---\na: 1\n---\nb: 1\n", "a.yaml:3: not YAML: a second document begins with ---"),
        ("a: \0\n", "a.yaml: not YAML: the character U+0000 is not allowed"),
        ("seeds: *x\n", "a.yaml:1: not YAML: found undefined alias 'x'"),
        ("seeds: &a [*a]\n", "a.yaml:1: the aliases of YAML never end here"),
        ("title: !include x\n", "a.yaml:1: YAML tags such as !include are not supported"),
        ("? [a]\n: 1\n", "a.yaml:1: a key must be text, not a list or a mapping"),
        (BASE + "recipe: two\n", "a.yaml:6: the key `recipe` appears twice (first in line 1)"),
        (
            BASE + "training:\n  steps: 50\n  seed: 1\n  steps: 60\n",
            "a.yaml:9: the key `steps` appears twice (first in line 7); keep one",
        ),
        (BASE + "claims: {unseen_share: 1, unseen_share: 2}\n", "a.yaml:6: the key `unseen_share`"),
    ],
)
def test_a_file_that_is_no_configuration_is_one_line(text: str, expected: str) -> None:
    assert expected.replace("a scalar", "a quoted scalar") in message(text)


def test_a_few_lines_of_aliases_do_not_fill_the_memory() -> None:
    rows = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for n in range(1, 12):
        rows.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")
    assert "the aliases of YAML never end here" in message("\n".join(rows))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("trainning: {}", "a.yaml:6: unknown key `trainning`; did you mean `training`?"),
        ("training:\n  step: 5", "a.yaml:7: training: unknown key `step`; did you mean `steps`?"),
        ("learning_rate: 5", "unknown key `learning_rate`; did you mean `training.learning_rate`?"),
        ("zzz: 5", "a.yaml:6: unknown key `zzz`; the keys are allow_contaminated, alphas"),
        ("samplings: [hybird]", "x-x, en-en; did you mean `hybrid`?"),
        ("device: gpu", "a.yaml:6: device: 'gpu' is not one of auto, cpu, cuda"),
        ("device:", "a.yaml:6: device: it has no value; give it one of auto, cpu, cuda, or"),
        (
            "training:",
            "a.yaml:6: training: it has no keys; give it keys of its own, or remove",
        ),
        ("seeds:", "a.yaml:6: seeds: it has no value; give it a list, or remove the key"),
        ("seeds: 1", "a.yaml:6: seeds: 1 is not of type array; write [1]"),
        ("seeds: []", "a.yaml:6: seeds: the list is empty; name at least one"),
        ("seeds: [1, 2, 1]", "a.yaml:6: seeds: 1 appears twice; keep one"),
        ("seeds: [1:30]", "seeds[0]: '1:30' is not of type integer; write decimal digits"),
        ("training: {steps: 050}", "training.steps: '050' is not of type integer; write decimal"),
        ("training: {steps: 50.5}", "training.steps: 50.5 is not of type integer"),
        ("training: {steps: yes}", "training.steps: True is not of type integer"),
        ("training: {steps: 99999999999}", "99999999999 is greater than the maximum of 2147483647"),
        ("training: {learning_rate: .inf}", "training.learning_rate: inf is not a finite number"),
        ("training: {learning_rate: .nan}", "training.learning_rate: nan is not a finite number"),
        ("allow_contaminated: maybe", "'maybe' is not of type boolean"),
        ("title: {a: b}", "a.yaml:6: title: {'a': 'b'} is not of type string"),
        ("model: org/name", "a.yaml:6: model: 'org/name' is neither `embedded`, nor a folder"),
        ("alphas: [0.3, 0.3000000001]", "alphas[1]: 0.3000000001 gives a run the same name"),
    ],
)
def test_a_wrong_value_is_named_with_file_line_and_remedy(line: str, expected: str) -> None:
    assert expected in message(BASE + line + "\n")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("[ar, en]", "[ar, xx]", "a.yaml:3: train_languages[1]: unknown language 'xx'; write"),
        ("[ar, en]", "[ar, ja]", "a.yaml:3: train_languages[1]: no training source has 'ja'"),
        ("[{name: cldr}]", "[{name: mlqa}]", "a.yaml:2: sources[0]: 'mlqa' is not built in"),
        ("- name: cldr", "- name: xquad_r", "these; did you mean `xquad-r`?"),
        ("- name: cldr", "- nam: cldr", "benchmarks[0]: unknown key `nam`; did you mean `name`?"),
        ("recipe: demo\n", "", "a.yaml: 'recipe' is a required property; add it"),
    ],
)
def test_names_and_languages_are_looked_up(before: str, after: str, expected: str) -> None:
    assert before in BASE
    assert expected in message(BASE.replace(before, after))


@pytest.mark.parametrize(
    ("entry", "key", "value"),
    [
        ("alphas=[0.3]", "alphas", [0.3]),
        ('training={"steps": 12}', "training", {"steps": 12}),
        ("training={validation: {patience: null}}", "training", {"validation": {"patience": None}}),
        ("threads=null", "threads", None),
        ("threads=", "threads", None),
        ("allow_contaminated=true", "allow_contaminated", True),
        ("recipe=2024", "recipe", "2024"),
        ("recipe=007", "recipe", "007"),
        ("recipe=1.10", "recipe", "1.10"),
        ("recipe=True", "recipe", "True"),
        ("recipe='2024'", "recipe", "2024"),
        ("title=A: b # c", "title", "A: b # c"),
        ("query_prefix=query: ", "query_prefix", "query: "),
        ("query_prefix=", "query_prefix", ""),
        ("title=[draft] of it", "title", "[draft] of it"),
        ("title=a=b", "title", "a=b"),
    ],
)
def test_values_of_the_command_line_are_what_was_typed(entry: str, key: str, value: Any) -> None:
    found = read(BASE, arguments=[entry]).values[key]
    if isinstance(value, dict):
        assert found.items() >= {k: v for k, v in value.items() if not isinstance(v, dict)}.items()
        return
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("alphas=[1.5]", "--config: alphas[0]: 1.5 is greater than the maximum of 1"),
        ("alfas=[1]", "--config: unknown key `alfas`; did you mean `alphas`?"),
        ("alphas=0.3", "--config: alphas: 0.3 is not of type array; write [0.3]"),
        ("seeds=[1", "--config: seeds: '[1' is not of type array; the list is incomplete"),
        ("recipe=", "--config: recipe: '' is not a name; use letters"),
        ("recipe=null", "--config: recipe: it has no value; give it a text"),
        ("nothing", "--config: 'nothing' is not a key=value pair; write recipe=mine"),
        ("training={steps: 5, steps: 6}", "--config: the key `steps` appears twice; keep one"),
        ("training={warmup_steps: 500}", "--config: training.warmup_steps: 500 is more than"),
    ],
)
def test_a_wrong_value_of_the_command_line_says_so(entry: str, expected: str) -> None:
    assert expected in message(BASE, arguments=[entry])


def test_of_several_files_the_one_with_the_value_is_named() -> None:
    second = "training:\n  steps: 60\nalphas: [0.3]\n"
    values = read(BASE + "training: {batch_size: 4}\nalphas: [0.5, 0.7]\n", second).values
    assert (values["training"]["batch_size"], values["training"]["steps"]) == (4, 60)
    assert values["alphas"] == [0.3]
    assert message(BASE + "alphas: [2]\n", "seeds: [1]\n").startswith("a.yaml:6: alphas[0]")
    assert message(BASE, "seeds: [1]\nalphas: [2]\n").startswith("b.yaml:2: alphas[0]")
    assert message("seeds: [1]\n", "title: x\n").startswith("a.yaml, b.yaml: 'recipe' is a")


def test_json_may_have_tabs_and_characters_of_two_halves() -> None:
    text = '{\n\t"title": "\\ud83d\\ude00\\/",\n' + '\t"recipe": "demo", "seeds": [1.0],'
    rest = '"sources": [{"name": "cldr"}], "train_languages": ["ar", "en"],'
    rest += '"benchmarks": [{"name":"cldr"}]}'
    values = read(text + rest).values
    assert (values["title"], values["seeds"]) == ("😀/", [1])
    wrong = (text + rest).replace("[1.0]", "[-1]")
    assert message(wrong).startswith("a.yaml:3: seeds[0]: -1 is less than")


def test_a_template_of_yte_is_rendered_as_snakemake_does() -> None:
    template = BASE + "__use_yte__: true\n?if 1 + 1 == 2:\n  seeds: [5]\n"
    assert read(template).values["seeds"] == [5]
    assert message(template.replace("[5]", "[-5]")).startswith("a.yaml: seeds[0]: -5 is less")


def test_a_file_in_another_encoding_is_named_with_its_line(folder: Path) -> None:
    path = folder / "a.yaml"
    path.write_bytes(b"recipe: x\ntitle: \xe9\n")
    with pytest.raises(HybridBatchError, match=r"^a\.yaml:2: not UTF-8; save the file as UTF-8$"):
        read_file(path)
    path.write_bytes(b"\xef\xbb\xbfrecipe: x\n")
    assert values_of(read_file(path), {}) == {"recipe": "x"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--configfile", "missing.yaml", "--", "x"], "missing.yaml: cannot be read (No such file"),
        (["-n", "--configfile=missing.yaml"], "missing.yaml: cannot be read (No such file"),
        (["--configfiles", "good.yaml", "missing.yaml"], "missing.yaml: cannot be read"),
        (["--configfile", "."], ".: cannot be read (Is a directory); correct the path"),
        (["--config", "recipe=x", "bad", "-n"], "--config: 'bad' is not a key=value pair"),
        (["--config", "a=1"], "--config: 'a' is not a key"),
        (["-C", "title=#x"], "--config: title: '#x' is a comment in YAML; put it in quotation"),
    ],
)
def test_the_command_line_is_checked_before_snakemake_reads_it(
    folder: Path, words: list[str], expected: str
) -> None:
    (folder / "good.yaml").write_text(BASE)
    with pytest.raises(SystemExit) as caught:
        check_command_line(words)
    assert str(caught.value).startswith(f"hybridbatch: error: {expected}")


def test_a_command_line_that_can_be_read_is_let_through(folder: Path) -> None:
    (folder / "good.yaml").write_text(BASE)
    check_command_line(["--configfile", "good.yaml", "--config", "recipe=x", "--", "missing.yaml"])
    check_command_line(["-n", "results/report.html"])


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=5)
floats = st.floats(allow_nan=False, allow_infinity=False)
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts,
    lambda inside: st.lists(inside, max_size=1) | st.dictionaries(texts, inside, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(texts, trees, max_size=3)


@given(values=mappings.filter(lambda values: values and "__use_yte__" not in values))
def test_a_json_file_reads_back_as_it_was_written(values: dict[str, Any]) -> None:
    path = Path("json.yaml")
    path.write_text(json.dumps(values, indent=1))
    assert values_of(read_file(path), _schema_of(values)) == values


@given(first=mappings, second=mappings)
@example(first={"a": None, "b": [1]}, second={"a": {}, "b": {}})
def test_files_are_merged_as_snakemake_merges_them(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    theirs = copy.deepcopy(first)
    update_config(theirs, second)
    assert values_of(merged(from_values(first), from_values(second)), {}) == theirs


@given(number=st.integers(-(2**31), 2**31) | st.floats(allow_nan=False, allow_infinity=False))
def test_text_becomes_the_number_that_it_is(number: float) -> None:
    kind = "integer" if isinstance(number, int) else "number"
    schema = {"properties": {"key": {"type": kind}}}
    assert values_of(read_arguments([f"key={number}"]), schema) == {"key": number}


def _schema_of(value: Any) -> dict[str, Any]:
    """A schema that wants just this value."""
    if isinstance(value, dict):
        return {"type": "object", "properties": {k: _schema_of(v) for k, v in value.items()}}
    if isinstance(value, list):
        return {"type": "array", "items": _schema_of(value[0]) if value else {}}
    names = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string"}
    return {"type": names[type(value)]}
