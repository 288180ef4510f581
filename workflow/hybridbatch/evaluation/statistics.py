"""Stage `statistics`: estimates with intervals, and every difference with its significance."""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.run_records import read_run
from hybridbatch.common.runs import group_systems
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.evaluation import comparisons
from hybridbatch.evaluation.comparisons import Design
from hybridbatch.evaluation.observations import read_observations
from hybridbatch.evaluation.questions import read_questions
from hybridbatch.evaluation.tails import least_resamples
from hybridbatch.schemas.statistics import COMPARISONS, ESTIMATES, NONINFERIORITY

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The tests. Languages other than `high_resource` count as low-resource.

    Attributes:
        margin_metrics: the metrics with the unit of `margin`: .01 is one point of mAP.
    """

    high_resource: tuple[str, ...]
    resamples: int
    seed: int
    confidence: float
    margin: float
    margin_metrics: tuple[str, ...] = ("mAP", "nDCG@10")
    threads: int | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the paths that the stage reads and writes; runs, metrics and bias in the same order."""
    parser.add_argument(
        "--runs", type=Path, nargs="+", required=True, help="run records, in the report's order"
    )
    parser.add_argument(
        "--metrics", type=Path, nargs="+", required=True, help="each run's folder of metrics"
    )
    parser.add_argument("--bias", type=Path, nargs="*", default=[], help="each run's bias folder")
    parser.add_argument("--benchmark", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument("--output", type=Path, required=True, help="folder of the three tables")


def run(args: argparse.Namespace) -> None:
    """Run the stage."""
    options = options_from_json(Options, args.options)
    set_threads(options.threads)
    design = check_design(options)
    for option, folders in (("--metrics", args.metrics), ("--bias", args.bias)):
        if folders and len(folders) != len(args.runs):
            raise HybridBatchError(
                f"{option}: {len(folders)} folders for {len(args.runs)} runs; give one for each"
            )
    folders = zip(args.metrics, args.bias, strict=True) if args.bias else zip(args.metrics)
    files = [[folder / "per_query.parquet" for folder in each] for each in folders]
    systems = group_systems([read_run(path) for path in args.runs])
    questions = read_questions(args.benchmark / "queries.parquet")

    estimates: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    verdicts: list[dict[str, Any]] = []
    for observations in read_observations(files, questions):
        resampled = comparisons.resample(observations, systems, design)
        estimates += comparisons.estimate_rows(resampled, design)
        differences += comparisons.comparison_rows(resampled, design)
        if observations.metric in options.margin_metrics:
            verdicts += comparisons.noninferiority_rows(
                resampled, design, high_resource=frozenset(options.high_resource)
            )
        logger.info(
            "%s: %d systems, %d settings, %d items, %d resamples",
            observations.metric, len(systems), len(observations.cells), len(observations.counts),
            design.resamples,
        )  # fmt: skip
    for rows, schema in (
        (estimates, ESTIMATES),
        (differences, COMPARISONS),
        (verdicts, NONINFERIORITY),
    ):
        write_table(table_from_rows(rows, schema), args.output / f"{schema.name}.parquet", schema)


def check_design(options: Options) -> Design:
    """The design that the options describe.

    Raises:
        HybridBatchError: a value is out of range, or there are too few resamples for an interval
            of this confidence.
    """
    if not 0 < options.confidence < 1:
        raise HybridBatchError(f"confidence: {options.confidence} is not between 0 and 1")
    if options.margin < 0:
        raise HybridBatchError(f"margin: {options.margin} is negative; .01 is one point of mAP")
    needed = least_resamples(confidence=options.confidence)
    if options.resamples < needed:
        raise HybridBatchError(
            f"resamples: {options.resamples} are too few for intervals of confidence "
            f"{options.confidence}; use {needed} at least, better 10000"
        )
    return Design(
        resamples=options.resamples,
        seed=options.seed,
        confidence=options.confidence,
        margin=options.margin,
    )
