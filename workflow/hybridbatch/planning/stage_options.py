"""The keys of the configuration that each stage takes as options, and their defaults.

Only the configuration's schema holds defaults. A stage that is run by hand with some of its options
gets the others here.
"""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hybridbatch.data.sources import catalog
from hybridbatch.encoding.declaration import UNDECLARED
from hybridbatch.planning.config import defaults, undeclared
from hybridbatch.training import samplings

_ENCODER = ("pooling", "query_prefix", "passage_prefix", "device", "threads")
_SEARCH = ("retrieval.*", "!full_ranks_up_to", "index.factory", "index.seed", "threads")
# KEY, whose last part names the option; NAME=KEY; SECTION.* for all its keys; !NAME to drop one.
_TAKEN = {
    "benchmarks": ("most_passages=retrieval.full_ranks_up_to",),
    "corpus": ("encoding.shard_passages",),
    "mine": (
        *_ENCODER,
        "training.mining.*",
        "training.max_tokens",
        "encoding.tokens_per_batch",
        "encoding.precision",
    ),
    "train": (*_ENCODER, "training.*", "!tensorboard", "!mining"),
    "publish": ("encoding.max_tokens", "encoding.passage_template"),
    "encode": (*_ENCODER, "encoding.*", "!shard_passages"),
    "index": ("index.*", "threads"),
    "retrieve": _SEARCH,
    "search": (*_SEARCH, "!query_block"),
    "pool": ("retrieval.top_k", "threads"),
    "metrics": ("evaluation.measures", "threads"),
    "bias": ("bias.*", "threads"),
    "statistics": ("statistics.*", "high_resource=high_resource_languages", "threads"),
    "examples": ("per_rule=views.examples_per_rule",),
    "projection": ("items=views.projected_items", "threads"),
}
STAGES = tuple(_TAKEN)


def taken(stage: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a stage that are keys of the configuration.

    `undeclared` holds a default for each option that the config leaves to the model's folder, for a
    folder that declares nothing; `encoding.settings` reads it in the stage.
    """
    found = _ruled(_TAKEN.get(stage, ()), config)
    fallback = _fallback(stage).items()
    if still := {name: value for name, value in fallback if found[name] is None}:
        found[UNDECLARED] = still
    return found


@dataclass(frozen=True)
class Described:
    """A key of the configuration's schema, with its type, default and description."""

    schema: Mapping[str, Any]


def described(stage: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """What the schema says of a stage's options, by their names: `Described`, or such a mapping.

    Every stage takes `threads`.
    """
    everything = _described(schema)
    return {"threads": everything["threads"], **_ruled(_TAKEN.get(stage, ()), everything)}


def _described(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _described(inside) if "properties" in inside else Described(inside)
        for name, inside in schema["properties"].items()
    }


@functools.cache  # Each of 20,000 jobs asks for it; the schema does not change.
def _fallback(stage: str) -> dict[str, Any]:
    given = undeclared()
    return _ruled([rule for rule in _TAKEN.get(stage, ()) if _is_undeclared(rule, given)], given)


def _ruled(rules: Sequence[str], config: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for rule in rules for name, value in _found(rule, config)}
    return {name: value for name, value in found.items() if f"!{name}" not in rules}


def _is_undeclared(rule: str, given: Mapping[str, Any]) -> bool:
    inside: Any = given
    for part in rule.removesuffix(".*").split("."):
        inside = inside.get(part) if isinstance(inside, dict) else None
    return inside not in (None, {})


def with_embedded(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration; what it leaves to the model is set if that is the embedded one.

    The embedded model declares nothing, so a config that names these values runs nothing again.
    """
    filled = {**config}
    if config["model"] == "embedded":
        _fill(filled, undeclared())
    return filled


def _fill(config: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, dict):
            config[key] = {**config[key]}
            _fill(config[key], value)
        elif config[key] is None:
            config[key] = value


def _found(rule: str, config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if rule.startswith("!"):
        return
    name, _, key = rule.rpartition("=")
    *above, last = key.split(".")
    inside: Any = config
    for part in above:
        inside = inside[part]
    if last == "*":
        yield from inside.items()
    else:
        yield name or last, inside[last]


def completed(stage: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given options, and defaults for the others.

    `train` also gets the values that its sampling sets.

    Raises:
        HybridBatchError: there is no such sampling.
    """
    options = _over(taken(stage, defaults()), given)
    fallback = options.pop(UNDECLARED, {})
    if still := {name: value for name, value in fallback.items() if options[name] is None}:
        options[UNDECLARED] = still
    if stage == "train" and "sampling" in options and "drawing" not in options:
        name = str(options["sampling"])
        options["drawing"] = samplings.drawing(name)
        if not samplings.SAMPLINGS[name].sweeps:
            options["alpha"] = samplings.SAMPLINGS[name].alpha
    if stage in ("pairs", "benchmarks") and str(options.get("kind")) in catalog.DATASETS:
        options = catalog.reader(options["kind"], pairs=stage == "pairs") | options
    return options


def completed_text(stage: str, text: str) -> str:
    """`completed` from JSON to JSON; anything else stays as it is, and the stage refuses it."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(given, dict):
        return text
    return json.dumps(completed(stage, given), sort_keys=True, ensure_ascii=False)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`, at any depth."""
    joined = dict(below)
    for name, value in above.items():
        old = joined.get(name)
        both = isinstance(old, dict) and isinstance(value, dict)
        joined[name] = _over(dict(old or {}), value) if both else value
    return joined
