"""Checks that the schema cannot make: values that depend on each other, and names that must exist.

Errors begin with `config: KEY:`; `config.Configuration` puts file and line in place of `config`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hybridbatch.common import registry
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import english_name
from hybridbatch.common.suggest import did_you_mean
from hybridbatch.data.readers.columnnames import unknown_column
from hybridbatch.data.readers.reading import KEYS
from hybridbatch.data.sources.catalog import MIRACL, XQUAD_R, with_role
from hybridbatch.evaluation import measures
from hybridbatch.evaluation.tails import least_resamples
from hybridbatch.training.samplings import SAMPLINGS


def check_values(config: Mapping[str, Any]) -> None:
    """Check a configuration that fulfils the schema.

    Raises:
        HybridBatchError: names the key and the remedy.
    """
    for position, path in enumerate(config["extensions"]):
        with _at(f"extensions[{position}]"):
            registry.load(path)
    _check_languages(config["train_languages"])
    _check_samplings(config["samplings"], languages=config["train_languages"])
    for key in ("sources", "benchmarks"):
        _check_names(config[key], key=key)
    _check_benchmarks(config["benchmarks"])
    _check_training(config["training"])
    _check_measures(config)
    _check_evaluation(config)
    _check_alphas(config["alphas"])


def _check_languages(languages: list[str]) -> None:
    for position, language in enumerate(languages):
        if not _is_language(language):
            raise HybridBatchError(
                f"config: train_languages[{position}]: unknown language {language!r}; "
                f"write the code that CLDR has for it, such as de or sw"
            )


def _is_language(code: str) -> bool:
    if code in XQUAD_R:
        return True
    try:
        return english_name(code) is not None
    except ImportError:  # no Babel beside Snakemake; training refuses a language without pairs
        return True


@contextmanager
def _at(key: str) -> Iterator[None]:
    """Put the key in front of errors of the block."""
    try:
        yield
    except HybridBatchError as error:
        raise HybridBatchError(f"config: {key}: {error}") from error


def _check_samplings(names: Sequence[str], *, languages: Sequence[str]) -> None:
    for position, name in enumerate(names):
        with _at(f"samplings[{position}]"):
            entry = SAMPLINGS[name]
        for language in entry.only:
            if language not in languages:
                raise HybridBatchError(
                    f"config: samplings: {name} needs `{language}` in train_languages"
                )
        if "cross-lingual" in entry.batches and len(languages) < 2:
            raise HybridBatchError(
                f"config: samplings: {name} draws cross-lingual batches; name at least two "
                f"train_languages, or leave {name} out"
            )


def _check_names(entries: list[dict[str, Any]], *, key: str) -> None:
    built_in = with_role("source" if key == "sources" else "benchmark")
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        name, where = entry["name"], f"config: {key}[{position}]"
        if name in seen:
            raise HybridBatchError(f"{where}: the name {name!r} is used twice")
        seen.add(name)
        if "path" in entry and name in (*built_in, *with_role("validation")):
            raise HybridBatchError(
                f"{where}: {name!r} is built in; give your own data another name"
            )
        _check_reading(entry, where=where)
        if "license" in entry and name in built_in:
            raise HybridBatchError(
                f"{where}: {name!r} is built in and its licence is known; leave out `license`"
            )
        if "path" not in entry and name not in built_in:
            raise HybridBatchError(
                f"{where}: {name!r} is not built in ({', '.join(built_in)}); "
                f"add `path:` to your own data or choose one of these"
                f"{did_you_mean(name, built_in)}"
            )


def _check_reading(entry: Mapping[str, Any], *, where: str) -> None:
    """Refuse keys that say how a path is read where there is no path."""
    for reads in KEYS:
        if reads in entry and "path" not in entry:
            raise HybridBatchError(
                f"{where}.{reads}: it tells how `path` is read, and there is none; remove it"
            )
    if problem := unknown_column(entry.get("columns", ())):
        raise HybridBatchError(f"{where}.columns: {problem}")


def _check_training(training: Mapping[str, Any]) -> None:
    """Check values that depend on each other."""
    for key, most in (("warmup_steps", "steps"), ("processes", "batch_size")):
        if training[key] > training[most]:
            raise HybridBatchError(
                f"config: training.{key}: {training[key]} is more than training.{most}, "
                f"{training[most]}; lower it or raise {most}"
            )
    source, known = training["validation"]["source"], ("held-out", *with_role("validation"))
    if source not in known:
        raise HybridBatchError(
            f"config: training.validation.source: {source!r} is not one of {', '.join(known)}"
            f"{did_you_mean(source, known)}"
        )
    if training["mining"]["negatives"] and not training["hard_negatives"]:
        raise HybridBatchError(
            "config: training.mining: training.hard_negatives is 0, so that no mined negative "
            "would be used; raise it, or set mining.negatives to 0"
        )


def _check_alphas(alphas: Sequence[float]) -> None:
    """Check that the names of runs, which hold alpha to six digits, differ."""
    for number, alpha in enumerate(alphas):
        if any(f"{alpha:g}" == f"{other:g}" for other in alphas[:number]):
            raise HybridBatchError(
                f"config: alphas[{number}]: {alpha} gives a run the same name as another alpha; "
                f"use alphas that differ in six significant digits"
            )


def _check_measures(config: Mapping[str, Any]) -> None:
    names, key = config["evaluation"]["measures"], "evaluation.measures"
    for position, name in enumerate(names):
        with _at(f"{key}[{position}]"):
            measures.named([name])
    if "mAP" not in names:
        raise HybridBatchError(
            f"config: {key}: mAP is missing; the report's tables by language need it: add it"
        )
    top_k = config["retrieval"]["top_k"]
    cut = any(measure.within(top_k) for measure in measures.named(names))
    for entry in config["benchmarks"]:
        if (entry["name"] == "miracl" or entry.get("sharded")) and not cut:
            raise HybridBatchError(
                f"config: {key}: none of them can be computed from the first {top_k} passages, "
                f"and the sharded {entry['name']!r} ranks no more; add one such as nDCG@10"
            )


def _check_evaluation(config: Mapping[str, Any]) -> None:
    """Refuse what the stages after training would refuse."""
    cutoff, top_k = config["bias"]["cutoff"], config["retrieval"]["top_k"]
    if cutoff > top_k:
        raise HybridBatchError(
            f"config: bias.cutoff: {cutoff} is more than retrieval.top_k, {top_k}; lower it or "
            f"raise top_k"
        )
    resamples, confidence = (config["statistics"][key] for key in ("resamples", "confidence"))
    least = least_resamples(confidence=confidence)
    if resamples < least:
        raise HybridBatchError(
            f"config: statistics.resamples: {resamples} are too few for intervals of confidence "
            f"{confidence}; use at least {least}, or lower statistics.confidence"
        )
    factory = config["index"]["factory"]
    if not _FACTORY.fullmatch(factory):
        raise HybridBatchError(
            f"config: index.factory: {factory!r} is not a FAISS factory string; use one such as "
            f"Flat, SQ8, HNSW32, IVF1024,Flat or IVF1024,PQ48"
        )


def _check_benchmarks(entries: list[dict[str, Any]]) -> None:
    """Check keys that only some benchmarks have."""
    for position, entry in enumerate(entries):
        where, miracl = f"config: benchmarks[{position}]", entry["name"] == "miracl"
        for key in ("languages", "checksums"):
            if key in entry and not miracl:
                raise HybridBatchError(f"{where}.{key}: only miracl has this key; remove it")
        if "sharded" in entry and "path" not in entry:
            raise HybridBatchError(
                f"{where}.sharded: {entry['name']!r} is built in, and only miracl is sharded; "
                f"remove it"
            )
        sharded = miracl or entry.get("sharded", False)
        if "pool_languages" in entry and not sharded:
            raise HybridBatchError(
                f"{where}.pool_languages: the pool of {entry['name']!r} holds all its languages; "
                f"remove it, or set `sharded: true` on your own benchmark"
            )
        chosen = entry.get("languages", MIRACL if miracl else None)
        for key, allowed in (("languages", MIRACL), ("pool_languages", chosen)):
            unknown = [code for code in entry.get(key, []) if allowed and code not in allowed]
            if unknown:
                raise HybridBatchError(
                    f"{where}.{key}: {unknown[0]!r} is not among {', '.join(allowed or ())}"
                )


# The words of FAISS factory strings. Importing FAISS would slow every command of the workflow.
_PART = (
    r"(?:R?Flat|L2norm|SQ(?:4|6|8|fp16|bf16)\w*"
    r"|(?:HNSW|NSG|IVF|PQ|OPQ|RQ|LSQ|PRQ|PLSQ|ITQ|PCA|PCAR|PCAW|PCAWR|RR)\d\w*)"
)
_FACTORY = re.compile(rf"{_PART}(?:,{_PART})*")
