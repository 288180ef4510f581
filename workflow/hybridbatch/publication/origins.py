"""The origin of a model, from the catalog and the configuration."""

from collections.abc import Mapping
from typing import Any

from hybridbatch.data.sources import catalog


def base_model(config: Mapping[str, Any], *, kind: str, name: str) -> dict[str, Any]:
    """The base model as the fields of `card.Origin`.

    Args:
        config: the checked configuration.
        kind: embedded, local or hub.
        name: the model's part of the run ids; for a local folder, it is shown instead of the path.
    """
    if kind == "embedded":
        model = catalog.EMBEDDED_MODEL
        return {
            "name": model.name,
            "licence": model.licence,
            "citation": model.citation,
            "homepage": model.homepage,
        }
    return {
        "name": config["model"] if kind == "hub" else name,
        "licence": config["model_license"],
        "licence_key": "model_license:",
    }


def hub_id(config: Mapping[str, Any], *, kind: str) -> str | None:
    """The base model's id on the hub, without its revision; None for a local folder."""
    if kind == "embedded":
        return catalog.EMBEDDED_MODEL.hub_id
    return str(config["model"]).partition("@")[0] if kind == "hub" else None


def source(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A training source of the configuration as the fields of `card.Origin`."""
    if "path" in entry:
        return {
            "name": entry["name"],
            "licence": entry.get("license"),
            "licence_key": "license:",
        }
    return data_set(entry["name"])


def data_set(name: str) -> dict[str, Any]:
    """A built-in data set as the fields of `card.Origin`."""
    known = catalog.dataset(name)
    return {
        "name": known.name,
        "licence": known.licence,
        "citation": known.citation,
        "homepage": known.homepage,
    }
