"""The model card: what a model is, on what and how it was trained, and what its licences allow.

It is Markdown with a YAML head. The same facts give the same bytes: no time, path or version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from hybridbatch.publication.facts import TrainingSource, Validation

NOT_STATED = "not stated"


@dataclass(frozen=True)
class Origin:
    """A base model or data set that went into the model; None if a fact is not known.

    `licence_key` is the key of the configuration that states the licence.
    """

    name: str
    licence: str | None = None
    citation: str | None = None
    homepage: str | None = None
    licence_key: str | None = None

    @property
    def non_commercial(self) -> bool:
        """Whether the licence excludes commercial use, as `CC-BY-NC-4.0` does."""
        return "NC" in (self.licence or "").upper().replace(" ", "-").split("-")

    @property
    def share_alike(self) -> bool:
        """Whether adaptations must be passed on under the same terms, as with `CC-BY-SA-4.0`."""
        return "SA" in (self.licence or "").upper().replace(" ", "-").split("-")


@dataclass(frozen=True)
class Facts:
    """Everything that a card states.

    record: a row of the schema RUNS. training: the options of the stage `train`. batches: how the
    batches were drawn (see `Sampling.card`). hub_id: the base model's id on the hub, None if it is
    not there. validation_data: the data set of `validations`, None for held-out items of sources.
    """

    record: Mapping[str, Any]
    training: Mapping[str, Any]
    batches: str
    base: Origin
    hub_id: str | None
    sources: tuple[Origin, ...]
    counts: tuple[TrainingSource, ...]
    validations: tuple[Validation, ...]
    validation_data: Origin | None
    max_tokens: int
    passage_template: str


def model_card(facts: Facts) -> str:
    """The card as text."""
    record = facts.record
    sections = (
        _introduction(facts),
        ("Use", _use(facts)),
        ("Training data", _data(facts)),
        ("Batch sampling", _sampling(facts)),
        ("Hyperparameters", table(("setting", "value"), _flat(_hyperparameters(facts.training)))),
        ("Validation", _validation(facts)),
        ("Licences", _licences(facts)),
        ("Limits", _limits(facts)),
    )
    head = yaml.safe_dump(_head(facts), sort_keys=False, allow_unicode=True)
    body = [part if isinstance(part, str) else f"## {part[0]}\n\n{part[1]}" for part in sections]
    return f"---\n{head}---\n\n# {record['run']}\n\n" + "\n\n".join(body) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a bar within a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _head(facts: Facts) -> dict[str, Any]:
    base = {"base_model": facts.hub_id} if facts.hub_id else {}
    return {
        "language": list(facts.record["training_languages"]),
        # Base model and data have their own licences; no single one covers the weights.
        "license": "other",
        "license_name": "see-the-model-card",
        **base,
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        "tags": ["sentence-transformers", "feature-extraction", "retrieval", "multilingual"],
    }


def _introduction(facts: Facts) -> str:
    record = facts.record
    seen = ", ".join(record["training_languages"])
    return (
        f"A dual encoder for retrieval within and across languages: {facts.base.name}, fine-tuned "
        f"with hybridbatch by the batch sampling `{record['sampling']}`. Queries and passages of "
        f"all languages share one space of unit vectors; their dot product is the score. "
        f"Training languages: {seen}."
    )


def _use(facts: Facts) -> str:
    training = facts.training
    prefixes = f"{training['query_prefix']!r} and {training['passage_prefix']!r}"
    return (
        "```python\n"
        "from sentence_transformers import SentenceTransformer\n\n"
        f'model = SentenceTransformer("{facts.record["run"]}")  # the path of this folder\n'
        'queries = model.encode(["..."], prompt_name="query")\n'
        'passages = model.encode(["..."], prompt_name="document")\n'
        "scores = queries @ passages.T\n"
        "```\n\n"
        f"Pooling: {training['pooling']}, then normalisation to length 1. The prompts put "
        f"{prefixes} before queries and passages. A passage with a title is encoded as "
        f"`{facts.passage_template}`. Texts are cut at {facts.max_tokens} tokens; in training the "
        f"limit was {training['max_tokens']}."
    )


def _data(facts: Facts) -> str:
    weights = {source["name"]: source["weight"] for source in facts.training["sources"]}
    rows = [
        (
            counts.name,
            f"{counts.items:,}",
            f"{counts.pairs:,}",
            f"{weights[counts.name]:g}",
            " ".join(counts.languages),
        )
        for counts in facts.counts
    ]
    record = facts.record
    drawn = (
        f"An item is a question with its passage in one or more languages; a pair is an item in "
        f"one language. Training drew from {record['training_items']:,} items, "
        f"{record['training_pairs']:,} pairs; the others are held out or not drawn by this "
        f"sampling."
    )
    return table(("source", "items", "pairs", "weight", "languages"), rows) + f"\n\n{drawn}"


def _sampling(facts: Facts) -> str:
    record, exponent = facts.record, facts.training["source_exponent"]
    shown = "" if exponent == 1 else f"^{exponent:g}"
    drawn = facts.batches.replace("{exponent}", shown)
    if record["alpha"] is not None:
        drawn = drawn.replace("{alpha:g}", f"{record['alpha']:g}")
    return (
        f"`{record['sampling']}`, seed {record['seed']}. {drawn} No batch holds two pairs of one "
        f"question or of one passage."
    )


def _hyperparameters(training: Mapping[str, Any]) -> dict[str, Any]:
    """The options of training that are stated nowhere else on the card."""
    elsewhere = {
        *("run", "model", "recipe", "sampling", "drawing", "alpha", "seed", "languages"),
        "sources",
        *("pooling", "query_prefix", "passage_prefix"),
    }
    return {key: value for key, value in sorted(training.items()) if key not in elsewhere}


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"`{prefix}{key}`", "none" if value is None else str(value)))
    return rows


def _validation(facts: Facts) -> str:
    record = facts.record
    best = record["best_step"]
    reason = (
        "validation had stopped improving"
        if record["stopping_reason"] == "patience"
        else "all steps were made"
    )
    if not facts.validations:
        return (
            f"No pair was held out: the weights are those of the last step, {best}. "
            f"Training ended because {reason}."
        )
    chosen = {facts.validations[0].step, best, facts.validations[-1].step}
    kinds = list(facts.validations[0].losses)
    rows = [
        (
            f"{found.step}{' (kept)' if found.step == best else ''}",
            *(f"{found.losses[kind]:.4f}" for kind in kinds),
        )
        for found in facts.validations
        if found.step in chosen
    ]
    data = facts.validation_data.name if facts.validation_data else "items held out of the sources"
    return (
        f"InfoNCE loss on fixed batches of {data}; step 0 is the base model. The weights are those "
        f"of step {best}, the lowest loss of {len(facts.validations) - 1} validations. Training "
        f"ended because {reason}.\n\n{table(('step', *kinds), rows)}"
    )


def _licences(facts: Facts) -> str:
    parts = [("base model", facts.base), *(("training data", each) for each in facts.sources)]
    if facts.validation_data:
        parts.append(("validation data", facts.validation_data))
    rows = [(part, origin.name, _licence(origin), _reference(origin)) for part, origin in parts]
    return "No single licence covers these weights: they derive from all of these.\n\n" + table(
        ("part", "name", "licence", "reference"), rows
    )


def _reference(origin: Origin) -> str:
    return "; ".join(part for part in (origin.citation, origin.homepage) if part)


def _licence(origin: Origin) -> str:
    if origin.licence:
        return origin.licence
    return f"{NOT_STATED}; set `{origin.licence_key}`" if origin.licence_key else NOT_STATED


def _limits(facts: Facts) -> str:
    parts = (facts.base, *facts.sources)
    closed = [f"{part.name} is {part.licence}" for part in parts if part.non_commercial]
    alike = [f"{part.name} is {part.licence}" for part in parts if part.share_alike]
    unknown = [part.name for part in parts if not part.licence]
    lines = []
    if closed:
        lines.append(f"**Non-commercial use only:** {'; '.join(closed)}.")
    if alike:
        lines.append(f"Share alike: {'; '.join(alike)}. Pass adaptations on under the same terms.")
    if unknown:
        lines.append(
            f"The licence of {', '.join(unknown)} is {NOT_STATED}: ask its owner before you "
            f"publish or sell anything made with this model."
        )
    lines.append(
        "Outside the training languages, quality depends on the base model; measure before use."
    )
    lines.append(
        "Ranks in a pool of several languages may favour some of them; hybridbatch's report "
        "measures how much."
    )
    return "\n".join(f"- {line}" for line in lines)
