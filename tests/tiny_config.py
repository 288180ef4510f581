"""A small configuration, checked and completed with the defaults."""

from typing import Any

from hybridbatch.planning.config import check_config

MINIMAL: dict[str, Any] = {
    "recipe": "demo",
    "sources": [{"name": "cldr"}],
    "train_languages": ["ar", "en"],
    "benchmarks": [{"name": "cldr"}],
}


def config(**changes: Any) -> dict[str, Any]:
    return check_config(MINIMAL | changes)
