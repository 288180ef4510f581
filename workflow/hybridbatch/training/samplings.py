"""The batch samplings: one entry each, with everything about a sampling in one place.

Planning, the model card and the report read this table. The stage `train` does not: its options
name the batches to draw, so that a new entry or another colour does not repeat any training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridbatch.common.meaning import Meaning
from hybridbatch.common.registry import Registry, reference
from hybridbatch.common.vocabulary import UNTRAINED, USUAL_ALPHA

SAMPLER = "hybridbatch.training.sampling:Sampler"


@dataclass(frozen=True)
class Look:
    """How charts show a series: its colours in print, on a light and on a dark page; its marker."""

    color: str
    light: str
    dark: str
    marker: str


@dataclass(frozen=True)
class Sampling:
    """A way to draw batches.

    Attributes:
        name: its name in the configuration, the run ids and the files.
        batches: the kinds of batch that it draws: `monolingual`, `cross-lingual` or `mixed`. With
            two kinds, each batch is of the first kind with probability alpha.
        card: how it draws, for the model card. `{exponent}` and `{alpha:g}` are filled in.
        look: its series in the charts.
        meaning: its entry in the report's glossary.
        alpha: its fixed share of monolingual batches; None if it has no fixed share.
        sweeps: whether there is a run for each alpha of the configuration.
        only: the languages that it draws; empty for all training languages.
        label: its name in the report; empty if that is `name`.
        sampler: the class or function of its sampler, MODULE:NAME, or :NAME in the same extension.
            It has the arguments and methods of `training.sampling.Sampler`.
    """

    name: str
    batches: tuple[str, ...]
    card: str
    look: Look
    meaning: Meaning
    alpha: float | None = None
    sweeps: bool = False
    only: tuple[str, ...] = ()
    label: str = ""
    sampler: str = SAMPLER


_PAPER = ("Elmahdy, Lin and Ahmad, 2024", "https://arxiv.org/abs/2408.10536")
_LAREQA = ("Roy et al., LAReQA, 2020", "https://arxiv.org/abs/2004.05484")
_SAME_LANGUAGE = Meaning(
    "Batch samplings with question and passage in the same language: one language per batch, "
    "languages mixed within a batch, or English alone.",
    *_LAREQA,
)
_MONOLINGUAL = (
    "A language is drawn uniformly from the training languages, then a source that has it, with "
    "probability proportional to weight × items{exponent}, then the items, without replacement "
    "until all have been drawn. The question and the passage of every pair are in that language."
)
_CROSS_LINGUAL = (
    "A source is drawn with probability proportional to weight × items{exponent}, counting its "
    "items in at least two training languages, then the items, without replacement until all have "
    "been drawn, then for each item an ordered pair of two different languages, uniformly from "
    "those that the item has."
)

SAMPLINGS = Registry(
    "sampling",
    (
        Sampling(
            name="x-x-mono",
            batches=("monolingual",),
            alpha=1.0,
            card=f"Every batch is monolingual. {_MONOLINGUAL}",
            look=Look("#d55e00", "#c85200", "#ff8b3d", "o"),
            meaning=_SAME_LANGUAGE,
        ),
        Sampling(
            name="x-y",
            batches=("cross-lingual",),
            alpha=0.0,
            card=f"Every batch is cross-lingual. {_CROSS_LINGUAL}",
            look=Look("#0072b2", "#0072b2", "#56a8e8", "s"),
            meaning=Meaning(
                "Batch sampling where the question and the passage of every pair differ in "
                "language.",
                *_LAREQA,
            ),
        ),
        Sampling(
            name="hybrid",
            batches=("monolingual", "cross-lingual"),
            sweeps=True,
            card="Each batch is monolingual with probability α = {alpha:g}, else cross-lingual. "
            f"*Monolingual:* {_MONOLINGUAL} *Cross-lingual:* {_CROSS_LINGUAL}",
            look=Look("#009e73", "#00845f", "#2fc794", "D"),
            meaning=Meaning(
                "Each batch is x-x-mono with probability α, else x-y; α is 0.5 if the name gives "
                "no number.",
                *_PAPER,
            ),
        ),
        Sampling(
            name="x-x",
            batches=("mixed",),
            card="A source is drawn with probability proportional to weight × items{exponent}, "
            "then the items, without replacement until all have been drawn, then for each item one "
            "of its training languages, uniformly, for both the question and the passage.",
            look=Look("#cc79a7", "#b4558c", "#e38fc0", "^"),
            meaning=_SAME_LANGUAGE,
        ),
        Sampling(
            name="en-en",
            batches=("monolingual",),
            only=("en",),
            card="Every batch is English. A source is drawn with probability proportional to "
            "weight × items{exponent}, then the items, without replacement until all have been "
            "drawn.",
            look=Look("#56b4e9", "#2f86bd", "#8fd0f5", "v"),
            meaning=_SAME_LANGUAGE,
        ),
    ),
)


def drawing(name: str) -> dict[str, Any]:
    """The fields of the options' `Drawing` of the stage `train`, for a sampling.

    Raises:
        HybridBatchError: the sampling does not exist, or its sampler is not MODULE:NAME.
    """
    entry = SAMPLINGS[name]
    told: dict[str, Any] = {"batches": list(entry.batches), "languages": list(entry.only)}
    if entry.sampler != SAMPLER:
        told |= {"sampler": entry.sampler, **reference(entry.sampler, SAMPLINGS.origin(name))}
    return told


def alphas(name: str, swept: list[float]) -> list[float | None]:
    """The alphas of a sampling's runs; `swept` are those of the configuration."""
    entry = SAMPLINGS[name]
    return [*swept] if entry.sweeps else [entry.alpha]


def run_label(name: str, alpha: float | None) -> str:
    """A sampling's part of the run id: `hybrid`, `hybrid0.3`."""
    sweeps = name in SAMPLINGS and SAMPLINGS[name].sweeps
    return f"{name}{alpha:g}" if sweeps and alpha not in (None, USUAL_ALPHA) else name


def looks() -> Mapping[str, Look]:
    """The look of each sampling in charts, that of the untrained model first."""
    untrained = Look("#6e7781", "#6e7781", "#9aa4ae", "X")
    return {UNTRAINED: untrained, **{entry.name: entry.look for entry in SAMPLINGS}}
