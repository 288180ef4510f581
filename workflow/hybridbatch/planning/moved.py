"""One line if results come from a machine with other automatic choices."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.records import read_record
from hybridbatch.planning.plan import Plan

# Option of a stage -> the config's key; each is automatic by default.
_KEYS = {
    "train": {
        "threads": "threads",
        "device": "device",
        "precision": "training.precision",
    },
    "index": {"threads": "threads"},
}


def moved_from(plan: Plan, config: Mapping[str, Any], *, results: Path) -> str | None:
    """The note on results that another machine made; None if nothing differs.

    Args:
        plan: the configuration with its automatic choices resolved.
        config: the configuration as given. A value that it names is the user's own change.
        results: the folder of results.
    """
    for stage, folder in _artifacts(plan, results):
        try:
            found = json.loads(read_record(folder).options)
        except (HybridBatchError, ValueError):
            continue  # missing or damaged: others report it
        for option, key in _KEYS[stage].items():
            before, now = found.get(option), _at(plan.config, key)
            if before is not None and before != now and _at(config, key) in (None, "auto"):
                return (
                    f"{folder}: made with {key}: {before}, but here it is {now}, which "
                    f"changes bytes; what depends on it is made again. Set `{key}: {before}` in "
                    f"the config to keep it"
                )
    return None


def _artifacts(plan: Plan, results: Path) -> Iterator[tuple[str, Path]]:
    """Folders whose record is cheap to read."""
    for run in plan.trained_runs:
        yield "train", results / "training" / run.id / "model"
    for name, benchmark in plan.evaluations():
        if benchmark in plan.in_memory:
            yield "index", results / "indexes" / name / benchmark


def _at(config: Mapping[str, Any], key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value[part]
    return value
