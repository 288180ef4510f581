"""The published figures that the report shows beside its own."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError

COLUMNS = ("source", "dataset", "model", "sampling", "language", "setting", "metric", "value")
# The names that the file uses -> those of this project.
METRICS = {"MAP": "mAP", "rank-distance": "rank_distance"}
SAMPLINGS = {
    "X-X-mono": "x-x-mono",
    "X-Y": "x-y",
    "Hybrid": "hybrid",
    "X-X": "x-x",
    "En-En": "en-en",
}
# Rows of the printed tables that summarise languages; we average the languages instead.
AGGREGATES = frozenset({"mean", "median"})


@dataclass(frozen=True)
class Published:
    """The figures of one published model.

    Attributes:
        source: where they are published.
        model: the base model.
        sampling: how it was trained.
        macro: (setting, metric) -> macro average over languages.
        by_language: (setting, metric, language) -> value.
    """

    source: str
    model: str
    sampling: str
    macro: Mapping[tuple[str, str], float]
    by_language: Mapping[tuple[str, str, str], float] = field(default_factory=dict)


Literature = Mapping[str, tuple[Published, ...]]


def read_literature(path: Path) -> Literature:
    """Read the published figures, by benchmark.

    Raises:
        HybridBatchError: the file is missing, has other columns, or a value is not a number.
    """
    if not path.is_file():
        raise HybridBatchError(f"{path}: no such file; it should hold the published figures")
    languages: dict[tuple[str, str, str, str], dict[tuple[str, str], dict[str, float]]] = {}
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise HybridBatchError(f"{path}: row 1: the columns must be {','.join(COLUMNS)}")
        for number, row in enumerate(reader, start=2):
            if row["language"] in AGGREGATES:
                continue
            model = (row["dataset"], row["source"], row["model"], row["sampling"])
            measure = (row["setting"], METRICS.get(row["metric"], row["metric"]))
            values = languages.setdefault(model, {}).setdefault(measure, {})
            try:
                values[row["language"]] = float(row["value"])
            except (TypeError, ValueError) as error:
                raise HybridBatchError(
                    f"{path}: row {number}: value {row['value']!r} is not a number"
                ) from error
    found: dict[str, list[Published]] = {}
    for (dataset, source, name, sampling), measures in languages.items():
        macro = {key: sum(each.values()) / len(each) for key, each in measures.items()}
        single = {(*key, code): v for key, each in measures.items() for code, v in each.items()}
        published = Published(source, name, SAMPLINGS.get(sampling, sampling), macro, single)
        found.setdefault(dataset, []).append(published)
    return {dataset: tuple(rows) for dataset, rows in found.items()}
