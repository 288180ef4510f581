"""Runs all stages of a configuration in this process, in the order of the workflow."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hybridbatch.cli import main
from hybridbatch.planning import paths
from hybridbatch.planning.config import check_config
from hybridbatch.planning.plan import Plan
from hybridbatch.reporting import report


def report_of(values: Mapping[str, Any]) -> str:
    """Make everything that the report needs in `results/` of the working folder; the page.

    Model and pairs are made once for a folder, all else each time.
    """
    plan = Plan(check_config(values))
    for source in plan.sources:
        inputs = plan.source_files(source, raw=paths.RAW)
        target = paths.PAIRS.format(source=source)
        stage("pairs", plan.pairs_options(source), "--input", *inputs, "--output", target)
    model, record = paths.MODEL.format(model=plan.model_name), plan.untrained.id
    if not Path(model).is_dir():
        stage("model", plan.model_options(), "--output", model,
              "--run-record", paths.RUN.format(run=record))  # fmt: skip
    for benchmark in plan.benchmarks:
        files = plan.benchmark_files(benchmark, raw=paths.RAW)
        folder = str(Path(paths.QUERIES.format(benchmark=benchmark)).parent)
        options = plan.benchmarks_options(benchmark)
        stage("benchmarks", options, "--input", *files, "--output", folder)
    for benchmark in plan.overlaps():
        folder = str(Path(paths.QUERIES.format(benchmark=benchmark)).parent)
        target = paths.OVERLAP.format(recipe=plan.config["recipe"], benchmark=benchmark)
        stage("overlap", plan.overlap_options(benchmark), "--pairs", *plan.training_pairs,
              "--benchmark", folder, "--output", target)  # fmt: skip
    for run in plan.trained_runs:
        stage("train", plan.train_options(run.id), "--pairs", *plan.training_pairs,
              "--model", model, "--output", paths.TRAINED.format(run=run.id),
              "--train-log", paths.TRAIN_LOG.format(run=run.id),
              "--run-record", paths.RUN.format(run=run.id))  # fmt: skip
    for run_id, benchmark in plan.evaluations():
        trained = plan.run(run_id).trained
        _evaluate(plan, run_id, benchmark, paths.TRAINED.format(run=run_id) if trained else model)
    for benchmark in plan.benchmarks:
        _compare(plan, benchmark)
    # Directly, since these artifacts have no records, for which the command asks.
    parser = argparse.ArgumentParser()
    report.add_arguments(parser)
    args = parser.parse_args(["--from", paths.RESULTS])
    args.options = plan.report_options()
    report.run(args)
    return Path(paths.REPORT).read_text(encoding="utf-8")


def _evaluate(plan: Plan, run: str, benchmark: str, model: str) -> None:
    where = {"run": run, "benchmark": benchmark}
    data = Path(paths.QUERIES.format(**where)).parent
    vectors = [path.format(**where) for path in (paths.QUERY_VECTORS, paths.PASSAGE_VECTORS)]
    index, rankings = paths.INDEXES.format(**where), paths.RANKINGS.format(**where)
    stage("encode", plan.encode_options(), "--model", model, "--queries", data / "queries.parquet",
          "--passages", data / "passages.parquet", "--output", *vectors)  # fmt: skip
    stage("index", plan.index_options(), "--embeddings", vectors[1], "--output", index)
    stage("retrieve", plan.retrieve_options(), "--benchmark", data,
          "--embeddings", Path(vectors[0]).parent, "--indexes", index, "--output", rankings,
          "--quality", paths.INDEX_QUALITY.format(**where))  # fmt: skip
    stage("metrics", plan.metrics_options(benchmark), "--benchmark", data, "--rankings", rankings,
          "--output", Path(paths.SUMMARY.format(**where)).parent)  # fmt: skip
    stage("bias", plan.bias_options(), "--benchmark", data, "--rankings", rankings,
          "--output", paths.BIAS.format(**where))  # fmt: skip


def _compare(plan: Plan, benchmark: str) -> None:
    runs = [run.id for run in plan.runs_on(benchmark)]
    data = Path(paths.QUERIES.format(benchmark=benchmark)).parent
    where = {"group": plan.group, "benchmark": benchmark}

    def of_runs(path: str) -> list[str]:
        return [path.format(run=run, benchmark=benchmark) for run in runs]

    metrics = [str(Path(path).parent) for path in of_runs(paths.SUMMARY)]
    stage("statistics", plan.statistics_options(), "--runs", *of_runs(paths.RUN),
          "--metrics", *metrics, "--bias", *of_runs(paths.BIAS), "--benchmark", data,
          "--output", Path(paths.ESTIMATES.format(**where)).parent)  # fmt: skip
    stage("examples", plan.examples_options(benchmark), "--benchmark", data,
          "--rankings", *of_runs(paths.RANKINGS), "--metrics", *metrics,
          "--output", paths.EXAMPLES.format(**where))  # fmt: skip
    stage("projection", plan.projection_options(benchmark), "--benchmark", data,
          "--embeddings", *(str(Path(path).parent) for path in of_runs(paths.QUERY_VECTORS)),
          "--output", Path(paths.PROJECTION.format(**where)).parent)  # fmt: skip


def stage(name: str, options: str, *words: object) -> None:
    """Run a stage as its rule does, without a record."""
    given = json.loads(options)
    arguments: Sequence[str] = [name, "--options", json.dumps(given), *map(str, words)]
    assert main(arguments) == 0, f"{name} failed"
