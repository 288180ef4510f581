"""Command `export`: a published model with its benchmark results, as one folder to pass on.

The macro averages of every benchmark on which the run was evaluated go onto the model card and
into `benchmark_results.parquet` and `.json` beside it.
"""

import argparse
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.settings import settings_from_json
from hybridbatch.common.tables import read_table, table_from_rows, write_table
from hybridbatch.publication.card import table
from hybridbatch.publication.layout import write_json
from hybridbatch.schemas import BENCHMARK_RESULTS, SUMMARY

CARD, RESULTS = "README.md", "benchmark_results"
_MACRO = "macro"
_WHAT = {
    "monolingual": "query and passages in one language",
    "cross-lingual": "passages in one other language",
    "multilingual": "passages of all languages in one pool",
}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """The command has no settings of its own; `threads` is what every command may be given."""

    threads: int | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run, the folder to write and the results folder."""
    parser.add_argument("run", help="a trained run, such as embedded.cldr.hybrid.s1")
    parser.add_argument("dest", type=Path, help="the folder to write; it must not exist")
    parser.add_argument(
        "--from",
        dest="results",
        type=Path,
        default=Path("results"),
        help="the results folder (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> None:
    """Write the folder."""
    settings_from_json(Settings, args.settings)
    export(args.run, args.dest, results=args.results)


def export(run: str, dest: Path, *, results: Path) -> None:
    """Copy a run's published model to `dest` and add what the benchmarks found.

    Raises:
        HybridBatchError: `dest` exists, there is no such run, or a summary is malformed.
    """
    if dest.exists():
        raise HybridBatchError(f"{dest}: exists already; name a new folder")
    source = _checkpoint(run, results / "checkpoints")
    rows = read_results(run, results / "metrics")
    with atomic_folder(dest) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
        write_table(
            table_from_rows(rows, BENCHMARK_RESULTS),
            folder / f"{RESULTS}.parquet",
            BENCHMARK_RESULTS,
        )
        write_json(folder / f"{RESULTS}.json", rows)
        card = (source / CARD).read_text(encoding="utf-8")
        (folder / CARD).write_text(f"{card}\n{results_section(rows)}", encoding="utf-8")
    logger.info(
        "%s is exported to %s with results on %s",
        run, dest, ", ".join(sorted({row["benchmark"] for row in rows})) or "no benchmark",
    )  # fmt: skip


def read_results(run: str, metrics: Path) -> list[dict[str, Any]]:
    """The macro averages of a run, as rows of `schemas.BENCHMARK_RESULTS`, by benchmark."""
    rows = []
    for path in sorted(metrics.glob(f"{run}/*/summary.parquet")):
        summary = read_table(path, SUMMARY)
        macro = summary.filter(pc.equal(summary["query_language"], _MACRO))
        rows += [
            {
                "run": run,
                "benchmark": path.parent.name,
                **{key: row[key] for key in ("setting", "metric", "value", "queries")},
            }
            for row in macro.to_pylist()
            if row["queries"]
        ]
    return rows


def results_section(rows: Sequence[dict[str, Any]]) -> str:
    """The section of the model card: a table per benchmark, settings down, metrics across."""
    parts = ["## Benchmark results"]
    if not rows:
        parts.append("The model was not evaluated.")
    for benchmark in dict.fromkeys(row["benchmark"] for row in rows):
        own = [row for row in rows if row["benchmark"] == benchmark]
        values = {(row["setting"], row["metric"]): row["value"] for row in own}
        metrics = list(dict.fromkeys(metric for _, metric in values))
        lines = [
            (setting, *(_number(values.get((setting, metric))) for metric in metrics))
            for setting in dict.fromkeys(setting for setting, _ in values)
        ]
        parts.append(f"### {benchmark}\n\n{table(('setting', *metrics), lines)}")
    if rows:
        shown = "; ".join(f"{setting}: {what}" for setting, what in _WHAT.items())
        parts.append(
            f"Means over the languages, or pairs of languages, of each setting. {shown}. "
            f"rank_distance is in ranks, lower is better; the others lie in 0..1."
        )
    return "\n\n".join(parts) + "\n"


def _checkpoint(run: str, checkpoints: Path) -> Path:
    """The folder of a published run."""
    folder = checkpoints / run
    if run and (folder / CARD).is_file() and folder.parent == checkpoints:
        return folder
    found = sorted(path.parent.name for path in checkpoints.glob(f"*/{CARD}"))
    known = f"there are {', '.join(found)}" if found else "there is none yet"
    raise HybridBatchError(f"{run}: no such run in {checkpoints}; {known}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if value < 10 else f"{value:.1f}"
