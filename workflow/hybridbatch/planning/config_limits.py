"""Checks of numbers that depend on each other, on the model, or on the number of training items.

Problems begin with `config: KEY:`, as in `config_checks`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hybridbatch.encoding.model_names import local_folder, model_kind
from hybridbatch.evaluation.tails import least_resamples
from hybridbatch.planning.item_counts import items_in
from hybridbatch.planning.model_limits import EMBEDDED, Limits, limits_of

Config = Mapping[str, Any]
Problems = Iterator[str]

# What names a commit of the hub for good; a branch or a tag may move.
COMMIT = re.compile(r"[0-9a-f]{7,40}")
# The longest name of a file that common file systems take, and what follows a run's name in it.
_LONGEST, _AFTER = 255, len(".x-x-mono0.333333.s4294967295.parquet.partial")
# The words of FAISS factory strings. Importing FAISS would slow every command of the workflow.
_PART = (
    r"(?:R?Flat|L2norm|SQ(?:4|6|8|fp16|bf16)\w*"
    r"|(?:HNSW|NSG|IVF|PQ|OPQ|RQ|LSQ|PRQ|PLSQ|ITQ|PCA|PCAR|PCAW|PCAWR|RR)\d\w*)"
)
_FACTORY = re.compile(rf"{_PART}(?:,{_PART})*")
_PRODUCT = re.compile(r"(?:^|,)PQ(\d+)")
_CHANGES_WIDTH = re.compile(r"PCA|OPQ|ITQ|RR\d")


def fits_file_name(model: str, recipe: str) -> bool:
    """Whether the names of runs are short enough for files and folders."""
    return len(f"{model}.{recipe}".encode()) + _AFTER <= _LONGEST


def warmup(config: Config) -> Problems:
    """The warm-up is no longer than the training."""
    yield from _at_most(config["training"], "warmup_steps", "steps")


def processes(config: Config) -> Problems:
    """Each process gets a pair of the batch."""
    yield from _at_most(config["training"], "processes", "batch_size")


def _at_most(training: Config, key: str, most: str) -> Problems:
    if training[key] > training[most]:
        yield (
            f"config: training.{key}: {training[key]} is more than training.{most}, "
            f"{training[most]}; lower it or raise {most}"
        )


def mining(config: Config) -> Problems:
    """Mined negatives are used, and there are candidates enough."""
    training = config["training"]
    mined = training["mining"]
    if mined["negatives"] and not training["hard_negatives"]:
        yield (
            "config: training.mining: training.hard_negatives is 0, so that no mined negative "
            "would be used; raise it, or set mining.negatives to 0"
        )
    if mined["negatives"] > mined["depth"]:
        yield (
            f"config: training.mining.negatives: {mined['negatives']} is more than the candidates "
            f"that are looked at, training.mining.depth, {mined['depth']}; lower it or raise depth"
        )


def patience(config: Config) -> Problems:
    """Where training may stop early, it is validated."""
    validation = config["training"]["validation"]
    if validation["patience"] is None:
        return
    if validation["source"] == "held-out" and not validation["fraction"]:
        yield (
            "config: training.validation.patience: nothing is validated with a fraction of 0; "
            "raise training.validation.fraction, or remove patience"
        )
    elif validation["every"] * validation["patience"] >= config["training"]["steps"]:
        yield (
            f"config: training.validation.patience: {validation['patience']} validations, one "
            f"every {validation['every']} steps, are not fewer than training.steps, "
            f"{config['training']['steps']}, so that training never stops early; lower patience "
            f"or every, or remove patience"
        )


def alphas(config: Config) -> Problems:
    """The names of runs, which hold alpha to six digits, differ."""
    given = config["alphas"]
    for number, alpha in enumerate(given):
        if any(f"{alpha:g}" == f"{other:g}" for other in given[:number]):
            yield (
                f"config: alphas[{number}]: {alpha} gives a run the same name as another alpha; "
                f"use alphas that differ in six significant digits"
            )


def cutoff(config: Config) -> Problems:
    """The language bias is measured within the ranks that are written."""
    found, top_k = config["bias"]["cutoff"], config["retrieval"]["top_k"]
    if found > top_k:
        yield (
            f"config: bias.cutoff: {found} is more than retrieval.top_k, {top_k}; lower it or "
            f"raise top_k"
        )


def resamples(config: Config) -> Problems:
    """The tails of the bootstrap hold enough resamples."""
    found, confidence = (config["statistics"][key] for key in ("resamples", "confidence"))
    least = least_resamples(confidence=confidence)
    if found < least:
        yield (
            f"config: statistics.resamples: {found} are too few for intervals of confidence "
            f"{confidence}; use at least {least}, or lower statistics.confidence"
        )


def factory(config: Config) -> Problems:
    """The index is one that FAISS can make."""
    found = config["index"]["factory"]
    if not _FACTORY.fullmatch(found):
        yield (
            f"config: index.factory: {found!r} is not a FAISS factory string; use one such as "
            f"Flat, SQ8, HNSW32, IVF1024,Flat or IVF1024,PQ48"
        )


def factory_width(config: Config) -> Problems:
    """A product quantiser cuts the vectors into parts of equal width."""
    found = config["index"]["factory"]
    limits = _limits(config["model"])
    product = _PRODUCT.search(found)
    if limits.width is None or product is None or _CHANGES_WIDTH.search(found):
        return
    if limits.width % int(product[1]):
        yield (
            f"config: index.factory: {found!r}: PQ{product[1]} cuts vectors into {product[1]} "
            f"parts of equal width, and those of the model have {limits.width} values; name a "
            f"number that divides {limits.width}"
        )


def positions(config: Config) -> Problems:
    """The model has a position for each token."""
    most = _limits(config["model"]).positions
    if most is None:
        return
    for section in ("training", "encoding"):
        found = config[section]["max_tokens"]
        if found is not None and found > most:
            yield (
                f"config: {section}.max_tokens: {found} is more than the {most} positions of the "
                f"model; lower it to at most {most}"
            )


def prefixes(config: Config) -> Problems:
    """A prefix leaves room for the text: each token holds at least one letter of it."""
    for key in ("query_prefix", "passage_prefix"):
        words = len((config[key] or "").split())
        for section in ("training", "encoding"):
            most = config[section]["max_tokens"]
            if most is not None and words >= most:
                yield (
                    f"config: {key}: its {words} words take all of {section}.max_tokens, {most}, "
                    f"so that all texts would be equal; shorten it or raise max_tokens"
                )


def batch(config: Config) -> Problems:
    """The sources have as many items as a batch: all pairs of a batch are of different items.

    Only what is cheap to count is counted; training checks the rest.
    """
    counts = [items_in(entry) for entry in config["sources"]]
    if any(count is None for count in counts):
        return
    total, size = sum(count or 0 for count in counts), config["training"]["batch_size"]
    if config["samplings"] and total < size:
        yield (
            f"config: training.batch_size: {size} is more than the {total} items of "
            f"{', '.join(entry['name'] for entry in config['sources'])}; lower it to at most "
            f"{total}, or give more pairs"
        )


def _limits(model: str) -> Limits:
    if model_kind(model) == "embedded":
        return EMBEDDED
    folder = local_folder(model)
    return Limits() if folder is None else limits_of(folder)
