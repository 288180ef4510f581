"""Checks that the schema cannot make: names that must exist, and keys that only some entries have.

`config_limits` checks numbers that depend on each other. Problems begin with `config: KEY:`;
`config.Configuration` puts file and line in place of `config`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hybridbatch.common import registry
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import among
from hybridbatch.common.suggest import did_you_mean
from hybridbatch.data.readers.columnnames import unknown_column
from hybridbatch.data.readers.reading import KEYS
from hybridbatch.data.sources.catalog import MIRACL, languages_of, with_role
from hybridbatch.encoding.model_names import model_kind, model_name
from hybridbatch.evaluation import measures
from hybridbatch.planning import config_limits as limits
from hybridbatch.planning.config_mending import overlap
from hybridbatch.training.samplings import SAMPLINGS

Config = Mapping[str, Any]
Problems = Iterator[str]


@dataclass(frozen=True)
class Check:
    """A check, and the keys that it reads: it is skipped if one of them has a wrong value."""

    find: Callable[[Config], Problems]
    keys: tuple[str, ...]


def value_problems(config: Config, *, broken: frozenset[str] = frozenset()) -> Problems:
    """The problems of a configuration that fulfils the schema, as `config: KEY: ...`.

    Args:
        config: the configuration, with what stands for wrong values.
        broken: the keys that have such values, without positions in lists.
    """
    wrong = set(broken)
    for check in CHECKS:
        if any(overlap(key, wrong) for key in check.keys):
            continue
        for problem in check.find(config):
            wrong.add(key_of(problem))
            yield problem


def key_of(problem: str) -> str:
    """The key that a problem names, without positions in lists."""
    key = problem.removeprefix("config: ").partition(":")[0]
    return ".".join(part.partition("[")[0] for part in key.split("."))


def _extensions(config: Config) -> Problems:
    for position, path in enumerate(config["extensions"]):
        yield from _told(f"extensions[{position}]", partial(registry.load, path))


def _told(key: str, action: Callable[[], Any]) -> Problems:
    """The error of an action, with the key in front."""
    try:
        action()
    except HybridBatchError as error:
        yield f"config: {key}: {error}"


def _model(config: Config) -> Problems:
    model = config["model"]
    try:
        kind = model_kind(model)
    except HybridBatchError as error:
        yield str(error)
        return
    revision = model.rpartition("@")[2]
    if kind == "hub" and not limits.COMMIT.fullmatch(revision):
        yield (
            f"config: model: the revision {revision!r} names a branch or tag, and both may move; "
            f"name the commit by its hexadecimal digits, as in org/name@0123abcd"
        )


def _run_names(config: Config) -> Problems:
    name = config.get("model_name") or model_name(config["model"])
    if not limits.fits_file_name(name, config["recipe"]):
        yield (
            "config: recipe: together with the name of the model it is longer than a file name "
            "may be; shorten it, or set model_name"
        )


def _sampling_names(config: Config) -> Problems:
    for position, name in enumerate(config["samplings"]):
        yield from _told(f"samplings[{position}]", partial(SAMPLINGS.__getitem__, name))


def _sampling_languages(config: Config) -> Problems:
    languages = config["train_languages"]
    for position, name in enumerate(config["samplings"]):
        where, entry = f"config: samplings[{position}]", SAMPLINGS[name]
        for language in entry.only:
            if language not in languages:
                yield f"{where}: {name} needs `{language}` in train_languages"
        if "cross-lingual" in entry.batches and len(languages) < 2:
            yield (
                f"{where}: {name} draws cross-lingual batches; name at least two "
                f"train_languages, or leave {name} out"
            )


def _source_names(config: Config) -> Problems:
    yield from _names(config["sources"], key="sources")


def _benchmark_names(config: Config) -> Problems:
    yield from _names(config["benchmarks"], key="benchmarks")


def _names(entries: Sequence[Config], *, key: str) -> Problems:
    built_in = with_role("source" if key == "sources" else "benchmark")
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        name, where = entry["name"], f"config: {key}[{position}]"
        if name in seen:
            yield f"{where}: the name {name!r} is used twice"
        seen.add(name)
        if "path" in entry and name in (*built_in, *with_role("validation")):
            yield f"{where}: {name!r} is built in; give your own data another name"
        elif "license" in entry and name in built_in:
            yield f"{where}: {name!r} is built in and its licence is known; leave out `license`"
        elif "path" not in entry and name not in built_in:
            yield (
                f"{where}: {name!r} is not built in ({', '.join(built_in)}); "
                f"add `path:` to your own data or choose one of these"
                f"{did_you_mean(name, built_in)}"
            )
        elif not entry.get("path", "path").strip():
            yield f"{where}.path: the text is empty; name a file or folder"
        for reads in KEYS:
            if reads in entry and "path" not in entry:
                yield (
                    f"{where}.{reads}: it tells how `path` is read, and there is none; remove it"
                )
        if problem := unknown_column(entry.get("columns", ())):
            yield f"{where}.columns: {problem}"


def _source_languages(config: Config) -> Problems:
    built_in = [entry["name"] for entry in config["sources"] if "path" not in entry]
    if len(built_in) < len(config["sources"]):
        return  # the user's own data is known only when it is read; training checks it
    known = sorted({language for name in built_in for language in languages_of(name)})
    for position, language in enumerate(config["train_languages"]):
        if language not in known:
            yield (
                f"config: train_languages[{position}]: no training source has {language!r}; "
                f"the sources have {', '.join(known)}{among(language, known)}"
            )


def _benchmarks(config: Config) -> Problems:
    """Keys that only some benchmarks have."""
    for position, entry in enumerate(config["benchmarks"]):
        where, miracl = f"config: benchmarks[{position}]", entry["name"] == "miracl"
        for key in ("languages", "checksums"):
            if key in entry and not miracl:
                yield f"{where}.{key}: only miracl has this key; remove it"
        if "sharded" in entry and "path" not in entry:
            yield (
                f"{where}.sharded: {entry['name']!r} is built in, and only miracl is sharded; "
                f"remove it"
            )
        sharded = miracl or entry.get("sharded", False)
        if "pool_languages" in entry and not sharded:
            yield (
                f"{where}.pool_languages: the pool of {entry['name']!r} holds all its languages; "
                f"remove it, or set `sharded: true` on your own benchmark"
            )
        if not miracl:
            continue
        for key, allowed in (("languages", MIRACL), ("pool_languages", _chosen(entry))):
            for code in entry.get(key, []):
                if code not in allowed:
                    known = ", ".join(allowed)
                    yield f"{where}.{key}: {code!r} is not among {known}{among(code, allowed)}"


def _chosen(entry: Config) -> Sequence[str]:
    """The languages of MIRACL that are evaluated; all if some are unknown, which is said anyway."""
    chosen: Sequence[str] = entry.get("languages", MIRACL)
    return chosen if set(chosen) <= set(MIRACL) else MIRACL


def _validation(config: Config) -> Problems:
    source = config["training"]["validation"]["source"]
    known = ("held-out", *with_role("validation"))
    if source not in known:
        yield (
            f"config: training.validation.source: {source!r} is not one of {', '.join(known)}"
            f"{did_you_mean(source, known)}"
        )


def _measures(config: Config) -> Problems:
    for position, name in enumerate(config["evaluation"]["measures"]):
        yield from _told(f"evaluation.measures[{position}]", partial(measures.named, [name]))


def _measures_needed(config: Config) -> Problems:
    names, key = config["evaluation"]["measures"], "evaluation.measures"
    if "mAP" not in names:
        yield f"config: {key}: mAP is missing; the report's tables by language need it: add it"
    top_k = config["retrieval"]["top_k"]
    cut = any(measure.within(top_k) for measure in measures.named(names))
    for entry in config["benchmarks"]:
        if (entry["name"] == "miracl" or entry.get("sharded")) and not cut:
            yield (
                f"config: {key}: none of them can be computed from the first {top_k} passages, "
                f"and the sharded {entry['name']!r} ranks no more; add one such as nDCG@10"
            )


_TRAINING, _VALIDATION = "training", "training.validation"
# In this order: a check that needs what an earlier one refused is skipped.
CHECKS = (
    Check(_extensions, ("extensions",)),
    Check(_model, ("model",)),
    Check(_run_names, ("model", "model_name", "recipe")),
    Check(_sampling_names, ("extensions", "samplings")),
    Check(_sampling_languages, ("extensions", "samplings", "train_languages")),
    Check(_source_names, ("extensions", "sources")),
    Check(_benchmark_names, ("extensions", "benchmarks")),
    Check(_source_languages, ("extensions", "sources", "train_languages")),
    Check(_benchmarks, ("benchmarks",)),
    Check(_validation, ("extensions", f"{_VALIDATION}.source")),
    Check(_measures, ("extensions", "evaluation.measures")),
    Check(_measures_needed, ("evaluation.measures", "benchmarks", "retrieval.top_k")),
    Check(limits.warmup, (f"{_TRAINING}.warmup_steps", f"{_TRAINING}.steps")),
    Check(limits.processes, (f"{_TRAINING}.processes", f"{_TRAINING}.batch_size")),
    Check(limits.mining, (f"{_TRAINING}.mining", f"{_TRAINING}.hard_negatives")),
    Check(limits.patience, (_VALIDATION, f"{_TRAINING}.steps")),
    Check(limits.alphas, ("alphas",)),
    Check(limits.cutoff, ("bias.cutoff", "retrieval.top_k")),
    Check(limits.resamples, ("statistics.resamples", "statistics.confidence")),
    Check(limits.factory, ("index.factory",)),
    Check(limits.factory_width, ("index.factory", "model")),
    Check(limits.positions, ("model", f"{_TRAINING}.max_tokens", "encoding.max_tokens")),
    Check(limits.prefixes, ("query_prefix", "passage_prefix", f"{_TRAINING}.max_tokens")),
    Check(limits.batch, ("sources", f"{_TRAINING}.batch_size", "train_languages")),
)
