"""Time and memory of the stage `statistics` on simulated per-query metrics shaped like XQuAD-R.

    python performance/statistics_stage.py [--items 1190] [--resamples 10000] [--json FILE]

11 languages, 121 settings of two languages and 11 pools, three samplings with one seed each, all
six metrics. Prints lines `name value unit`. This file is not named statistics.py, because the
scripts in this folder would import it instead of Python's own module.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hybridbatch.common.run_records import read_run
from hybridbatch.common.runs import group_systems
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.data.sources.catalog import XQUAD_R
from hybridbatch.evaluation import comparisons, resampling, statistics
from hybridbatch.evaluation.observations import read_observations
from hybridbatch.evaluation.questions import read_questions
from hybridbatch.planning.config import defaults
from hybridbatch.planning.stage_options import completed
from hybridbatch.schemas import every as schemas

SAMPLINGS = {"x-x-mono": 1.0, "x-y": 0.0, "hybrid": 0.5}
METRICS = tuple(defaults()["evaluation"]["measures"])
HIGH = ("de", "en", "es", "ru", "zh")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1190)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), items=args.items, resamples=args.resamples)
    for name, (value, unit) in figures.items():
        print(f"{name} {value:.2f} {unit}")
    if args.json:
        args.json.write_text(json.dumps({name: value for name, (value, _) in figures.items()}))


def measure(folder: Path, *, items: int, resamples: int) -> dict[str, tuple[float, str]]:
    paths = write_inputs(folder, items=items)
    options = completed("statistics", {"resamples": resamples, "high_resource": HIGH})
    args = argparse.Namespace(**paths, options=json.dumps(options), output=folder / "out")
    begin, begin_cpu = time.perf_counter(), time.process_time()
    statistics.run(args)
    stage, stage_cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "statistics_stage_all_metrics": (stage, "s"),
        "statistics_stage_all_metrics_cpu": (stage_cpu, "s"),
        "statistics_one_metric": (one_metric(paths, resamples=resamples), "s"),
        "statistics_peak_memory": (peak, "MB"),
        "statistics_comparisons": (
            float(pq.read_metadata(folder / "out" / "comparisons.parquet").num_rows),
            "rows",
        ),
        **kernels(items=items, resamples=resamples),
    }


def one_metric(paths: dict, *, resamples: int) -> float:
    """Intervals and tests of mAP alone: every setting, three pairs of samplings."""
    questions = read_questions(paths["benchmark"] / "queries.parquet")
    files = [[path / "per_query.parquet"] for path in paths["metrics"]]
    systems = group_systems([read_run(path) for path in paths["runs"]])
    observations = next(
        found for found in read_observations(files, questions) if found.metric == "mAP"
    )
    design = comparisons.Design(resamples=resamples, seed=1, confidence=0.95, margin=0.01)
    begin = time.perf_counter()
    resampled = comparisons.resample(observations, systems, design)
    comparisons.estimate_rows(resampled, design)
    comparisons.comparison_rows(resampled, design)
    return time.perf_counter() - begin


def kernels(*, items: int, resamples: int) -> dict[str, tuple[float, str]]:
    """The two matrix products alone, for 396 columns (132 settings, 3 samplings or pairs)."""
    sums = np.random.default_rng(1).random((3, items, 132))
    figures = {}
    begin = time.perf_counter()
    resampling.bootstrap_means(sums, np.ones((items, 132)), resamples=resamples, seed=1)
    figures["bootstrap_396_columns"] = (time.perf_counter() - begin, "s")
    shares = sums.transpose(1, 0, 2).reshape(items, -1) - 0.5
    begin = time.perf_counter()
    resampling.randomisation_p(shares, resamples=resamples, seed=1)
    figures["randomisation_396_columns"] = (time.perf_counter() - begin, "s")
    return figures


def write_inputs(folder: Path, *, items: int) -> dict:
    """A benchmark's queries, and per-query metrics that depend on the item, setting and run."""
    random = np.random.default_rng(1)
    ids = [f"{code}:{i}" for code in XQUAD_R for i in range(items)]
    codes = np.repeat(np.arange(len(XQUAD_R)), items)
    benchmark = folder / "benchmark"
    columns = [ids, [f"item:{i % items}" for i in range(len(ids))], [XQUAD_R[c] for c in codes]]
    queries = pa.table([*columns, ["?"] * len(ids)], schema=schemas.QUERIES.arrow)
    write_table(queries, benchmark / "queries.parquet", schemas.QUERIES)
    hardness = random.normal(size=items)
    metrics, runs = [], []
    for sampling, alpha in SAMPLINGS.items():
        run = f"m.r.{sampling}.s1"
        record = {"run": run, "model": "m", "recipe": "r", "sampling": sampling, "alpha": alpha}
        record |= {"seed": 1, "training_languages": ["en"], "sources": [], "best_step": 1}
        record |= {"training_items": 1, "training_pairs": 1}
        runs.append(folder / f"{run}.parquet")
        write_table(table_from_rows([record], schemas.RUNS), runs[-1], schemas.RUNS)
        parts = []
        for setting in (*XQUAD_R, "all"):
            for metric in METRICS if setting == "all" else METRICS[:-1]:
                noise = random.normal(size=len(ids)) + np.tile(hardness, len(XQUAD_R))
                values = 1 / (1 + np.exp(-noise))
                names = [[XQUAD_R[c] for c in codes], [setting] * len(ids), [metric] * len(ids)]
                parts.append(pa.table([ids, *names, values], schema=schemas.PER_QUERY.arrow))
        metrics.append(folder / run)
        metrics[-1].mkdir()
        pq.write_table(pa.concat_tables(parts), metrics[-1] / "per_query.parquet")
    return {"benchmark": benchmark, "metrics": metrics, "runs": runs, "bias": []}


if __name__ == "__main__":
    main()
