"""Reads and checks a configuration: one clear line for whatever is wrong with it."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.languages import MIRACL, NAMES
from hybridbatch.evaluation.resampling import least_resamples
from hybridbatch.sources.catalog import VALIDATION


def load_config(path: Path) -> dict[str, Any]:
    """Read a YAML file and return the checked configuration with its defaults filled in.

    Raises:
        HybridBatchError: the file is missing, is not YAML, or breaks the schema.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HybridBatchError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise HybridBatchError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise HybridBatchError(f"{path}: expected keys such as `recipe:` and `sources:`")
    return check_config(values, origin=str(path))


def check_config(values: Mapping[str, Any], *, origin: str = "config") -> dict[str, Any]:
    """Check a configuration against the schema and return a copy with defaults filled in.

    Raises:
        HybridBatchError: an unknown key, a wrong type, a value out of range, an unknown language,
            a name used twice; the message names the key and the remedy.
    """
    config: dict[str, Any] = _plain(values)
    errors = sorted(_Validator(_schema()).iter_errors(config), key=lambda error: list(error.path))
    if errors:
        raise HybridBatchError(f"{origin}: {_explain(errors[0])}")
    _check_languages(config["train_languages"], origin=origin)
    for key in ("sources", "benchmarks"):
        _check_names(config[key], key=key, origin=origin)
    _check_benchmarks(config["benchmarks"], origin=origin)
    _check_training(config["training"], origin=origin)
    _check_evaluation(config, origin=origin)
    if "en-en" in config["samplings"] and "en" not in config["train_languages"]:
        raise HybridBatchError(f"{origin}: sampling en-en needs `en` in train_languages")
    return config


def _schema() -> dict[str, Any]:
    text = files("hybridbatch").joinpath("config_schema.yaml").read_text(encoding="utf-8")
    schema: dict[str, Any] = yaml.safe_load(text)
    return schema


def _plain(value: Any) -> Any:
    # Snakemake hands over its own dictionary classes; defaults are filled into this copy.
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _fill_defaults(
    validator: Any, properties: Mapping[str, Any], instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name, subschema in properties.items():
            if "default" in subschema:
                instance.setdefault(name, _plain(subschema["default"]))
    yield from Draft202012Validator.VALIDATORS["properties"](
        validator, properties, instance, schema
    )


_Validator = validators.extend(Draft202012Validator, {"properties": _fill_defaults})


def _explain(error: ValidationError) -> str:
    where = _key(error)
    value, kind = error.instance, error.validator
    if kind == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(name for name in value if name not in known)
        inside = f"{where}: " if where else ""
        return f"{inside}unknown key `{unknown}`; the keys are {', '.join(sorted(known))}"
    if kind == "required":
        return f"{where + ': ' if where else ''}{error.message}; add it"
    if kind == "enum":
        return f"{where}: {value!r} is not one of {', '.join(map(str, error.validator_value))}"
    if kind == "type":
        wanted = error.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        hint = "; YAML reads 1e-5 as text, write 1.0e-5" if _looks_numeric(value) else ""
        return f"{where}: {value!r} is not of type {wanted}{hint}"
    if kind == "pattern" and error.schema.get("pattern", "").startswith("^[A-Za-z0-9]"):
        return f"{where}: {value!r} is no name; use letters, digits and _ . @ + -"
    if kind == "pattern" and "language" in where:
        return f"{where}: {value!r} is no language code; known are {', '.join(NAMES)}"
    return f"{where}: {error.message}"


def _key(error: ValidationError) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.path]
    return "".join(parts).lstrip(".")


def _looks_numeric(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


def _check_languages(languages: list[str], *, origin: str) -> None:
    for position, language in enumerate(languages):
        if language not in NAMES:
            raise HybridBatchError(
                f"{origin}: train_languages[{position}]: unknown language {language!r}; "
                f"known are {', '.join(NAMES)}"
            )


def _check_names(entries: list[dict[str, Any]], *, key: str, origin: str) -> None:
    built_in = BUILT_IN_SOURCES if key == "sources" else BUILT_IN_BENCHMARKS
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        name, where = entry["name"], f"{origin}: {key}[{position}]"
        if name in seen:
            raise HybridBatchError(f"{where}: the name {name!r} is used twice")
        seen.add(name)
        if "path" in entry and name in (*built_in, VALIDATION):
            raise HybridBatchError(
                f"{where}: {name!r} is built in; give your own data another name"
            )
        if "license" in entry and name in built_in:
            raise HybridBatchError(
                f"{where}: {name!r} is built in and its licence known; leave out `license`"
            )
        if "path" not in entry and name not in built_in:
            raise HybridBatchError(
                f"{where}: {name!r} is not built in ({', '.join(built_in)}); "
                f"add `path:` to your own data or choose one of these"
            )


def _check_training(training: Mapping[str, Any], *, origin: str) -> None:
    """Values that need each other."""
    for key, most in (("warmup_steps", "steps"), ("processes", "batch_size")):
        if training[key] > training[most]:
            raise HybridBatchError(
                f"{origin}: training.{key}: {training[key]} is more than training.{most}, "
                f"{training[most]}; lower it or raise {most}"
            )
    if training["mining"]["negatives"] and not training["hard_negatives"]:
        raise HybridBatchError(
            f"{origin}: training.mining: what is mined is drawn with training.hard_negatives, "
            f"which is 0; raise it, or set mining.negatives to 0"
        )


def _check_evaluation(config: Mapping[str, Any], *, origin: str) -> None:
    """What the stages after training would refuse."""
    cutoff, top_k = config["bias"]["cutoff"], config["retrieval"]["top_k"]
    if cutoff > top_k:
        raise HybridBatchError(
            f"{origin}: bias.cutoff: {cutoff} is more than retrieval.top_k, {top_k}; lower it or "
            f"raise top_k"
        )
    resamples, confidence = (config["statistics"][key] for key in ("resamples", "confidence"))
    least = least_resamples(confidence=confidence)
    if resamples < least:
        raise HybridBatchError(
            f"{origin}: statistics.resamples: {resamples} are too few for intervals of confidence "
            f"{confidence}; use {least} at least, or lower statistics.confidence"
        )
    factory = config["index"]["factory"]
    if not _FACTORY.fullmatch(factory):
        raise HybridBatchError(
            f"{origin}: index.factory: {factory!r} is no FAISS factory string; use one such as "
            f"Flat, SQ8, HNSW32, IVF1024,Flat or IVF1024,PQ48"
        )


def _check_benchmarks(entries: list[dict[str, Any]], *, origin: str) -> None:
    """Keys that only some benchmarks have."""
    for position, entry in enumerate(entries):
        where, miracl = f"{origin}: benchmarks[{position}]", entry["name"] == "miracl"
        for key in ("languages", "checksums"):
            if key in entry and not miracl:
                raise HybridBatchError(f"{where}.{key}: only miracl has this key; remove it")
        if "sharded" in entry and "path" not in entry:
            raise HybridBatchError(
                f"{where}.sharded: {entry['name']!r} is built in, and miracl alone is sharded; "
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


# The words of FAISS factory strings; FAISS itself would slow every command of the workflow.
_PART = (
    r"(?:R?Flat|L2norm|SQ(?:4|6|8|fp16|bf16)\w*"
    r"|(?:HNSW|NSG|IVF|PQ|OPQ|RQ|LSQ|PRQ|PLSQ|ITQ|PCA|PCAR|PCAW|PCAWR|RR)\d\w*)"
)
_FACTORY = re.compile(rf"{_PART}(?:,{_PART})*")
BUILT_IN_SOURCES = ("cldr", "mlqa-r", "ntrex-128")
BUILT_IN_BENCHMARKS = ("cldr", "xquad-r", "mlqa-r", "miracl")
