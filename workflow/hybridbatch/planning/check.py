"""The command `check`: reads a configuration and all that it names, and says what a run would do.

Nothing is written and Snakemake is not needed. Every problem is said, with the file and line; the
exit code is 0 if there is none, else 1.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.mirrors import VARIABLE, mirror_folder
from hybridbatch.encoding.model_names import local_folder, model_kind
from hybridbatch.planning import paths
from hybridbatch.planning.check_data import DataCheck, Findings, Raw
from hybridbatch.planning.config import Configuration, examine_config, undeclared
from hybridbatch.planning.job_counts import estimated_seconds, job_counts, recorded_seconds
from hybridbatch.planning.model_limits import EMBEDDED, limits_of
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.problems import lines_of
from hybridbatch.planning.workflow_support import examined_plan, mirror, notes_on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hybridbatch check`."""
    parser.add_argument(
        "config",
        type=Path,
        nargs="*",
        default=[Path("config/config.yaml")],
        help="the configuration; of several files, later ones change earlier ones (default: "
        "config/config.yaml)",
    )
    parser.add_argument(
        "--mirror", help=f"folder or URL of the raw files, instead of the config's and ${VARIABLE}"
    )
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="(default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Print what was found; the exit code."""
    if args.mirror:
        os.environ[VARIABLE] = args.mirror  # which overrides the config, here and in its checks
    try:
        found = examine_config(args.config)
        plan, found = examined_plan(found)
    except HybridBatchError as error:
        return _ended([f"error: {line}" for line in lines_of(error)])
    checked = _checked(found, plan, results=args.results)
    for line in checked.lines:
        print(line)
    for note in dict.fromkeys(map(found.place, checked.notes)):
        print(f"note: {note}")
    return _ended([f"error: {line}" for line in dict.fromkeys(map(found.place, checked.problems))])


def _ended(errors: list[str]) -> int:
    for line in errors:
        print(line)
    count = len(errors)
    print(f"{count} problem{'s' * (count > 1)}" if errors else "no problem found")
    return 1 if errors else 0


def _checked(found: Configuration, plan: Plan, *, results: Path) -> Findings:
    checked = Findings(notes=list(notes_on(found, plan)), problems=list(found.problems))
    if "model" not in found.broken:
        checked.lines += _model(plan, checked)
    folder = None if "mirror" in found.broken else mirror_folder(mirror(plan.config))
    raw = Raw((results / "raw", *([folder] if folder else [])))
    DataCheck(plan, raw, checked, broken=found.broken).run()
    if not found.problems:  # else the plan has other values in place of wrong ones
        checked.lines += _work(plan, results / "timings")
    return checked


def _model(plan: Plan, checked: Findings) -> Iterator[str]:
    config, model = plan.config, plan.config["model"]
    folder = local_folder(model)
    limits = EMBEDDED if model_kind(model) == "embedded" else limits_of(folder or Path())
    declared: dict[str, Any] = {}
    if folder is not None:
        from hybridbatch.encoding.model import check_checkpoint
        from hybridbatch.encoding.settings import usable_declaration

        with checked.collected():
            check_checkpoint(folder, origin=model)
            if declaration := usable_declaration(folder):
                declared = declaration.settings()
    facts, fallback = [], undeclared()
    for key in ("pooling", "query_prefix", "passage_prefix"):
        if config[key] is not None:
            facts.append(f"{key} {config[key]!r}")
        elif key in declared:
            facts.append(f"{key} {declared[key]!r} (declared)")
        elif folder is not None:
            facts.append(f"{key} {fallback[key]!r} (default)")
        else:
            facts.append(f"{key} as declared, else {fallback[key]!r}")
    if limits.positions:
        facts.append(f"at most {limits.positions} tokens")
    if model_kind(model) == "hub":
        facts.append("downloaded first")
    yield f"model {plan.model_name}: {', '.join(facts)}"


def _work(plan: Plan, timings: Path) -> Iterator[str]:
    trained = len(plan.trained_runs)
    yield (
        f"runs: {len(plan.runs)}, {trained} of them trained "
        f"({', '.join(run.id for run in plan.runs)})"
    )
    yield f"evaluations: {len(plan.evaluations())} of a run on a benchmark"
    jobs = job_counts(plan)
    listed = ", ".join(f"{stage} {count}" for stage, count in jobs.items())
    sharded = " and those of further shards" if plan.corpora.names else ""
    yield f"jobs, if nothing is made yet: {sum(jobs.values())}{sharded} ({listed})"
    seconds = estimated_seconds(jobs, recorded_seconds(timings))
    if seconds is not None:
        minutes = max(1, round(seconds / 60))
        yield (
            f"time of all jobs, one after the other: about {minutes} min, by the jobs recorded in "
            f"{timings}"
        )
    yield f"the report: {paths.REPORT}"
