"""How many jobs of each stage a plan has, and how long such jobs took before."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from hybridbatch.planning.plan import Plan


def job_counts(plan: Plan) -> dict[str, int]:
    """Jobs by stage, in the order of the stages, if nothing is made yet.

    The shards of a sharded benchmark are known when its files are cut. Its jobs of `encode`,
    `index` and `search` count once for each run.
    """
    found: Counter[str] = Counter()
    found["download"] = len(set(plan.downloads()))
    found["benchmarks"] = len(plan.benchmarks)
    # The report counts the pairs of the sources, whether they are trained on or not.
    found["pairs"] = len(plan.pair_sources if plan.trained_runs else plan.sources)
    found["overlap"] = len(plan.overlaps())
    found["model"] = 1
    found["train"] = found["publish"] = len(plan.trained_runs)
    if plan.trained_runs and plan.config["training"]["mining"]["negatives"]:
        found["mine"] = len(plan.sources)
    for name in plan.benchmarks:
        runs = len(plan.runs_on(name))
        sharded = name in plan.corpora.names
        if sharded:
            found["corpus"] += len(plan.corpora.parts(name))
            found["shards"] += 1
            found["pool"] += runs if plan.corpora.pool(name) else 0
        found["encode"] += runs
        found["index"] += runs
        found["search" if sharded else "retrieve"] += runs
        found["metrics"] += runs
        found["bias"] += 0 if sharded else runs
        found["statistics"] += 1
        if not sharded:
            found["examples"] += 1
            found["projection"] += 1
    found["report"] = 1
    return {stage: count for stage, count in found.items() if count}


def recorded_seconds(timings: Path) -> dict[str, float]:
    """The mean time of a job of each stage, from the files of the schema TIMINGS in a folder."""
    from hybridbatch.common.tables import read_table
    from hybridbatch.schemas.timings import TIMINGS

    seconds: dict[str, list[float]] = {}
    for path in sorted(timings.rglob("*.parquet")):
        for row in read_table(path, TIMINGS).to_pylist():
            seconds.setdefault(row["stage"], []).append(row["wall_seconds"])
    return {stage: sum(found) / len(found) for stage, found in seconds.items()}


def estimated_seconds(jobs: Mapping[str, int], seconds: Mapping[str, float]) -> float | None:
    """The time of all jobs, one after the other; None if a stage that takes long has no record."""
    if not {"train", "encode"} & set(jobs) <= set(seconds):
        return None
    return sum(count * seconds.get(stage, 0.0) for stage, count in jobs.items())
