"""The command `verify`: which results are whole, stale, damaged or of another configuration.

It follows the chain of digests of a configuration from the raw data to the report, and reads every
byte of each artifact. With `--quick` it only compares the records.
"""

import argparse
import logging
import os
from collections import Counter
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.mirrors import choose_mirror
from hybridbatch.planning.config import read_config
from hybridbatch.planning.findings import Finding, Verification
from hybridbatch.planning.plan import Plan
from hybridbatch.planning.shard_list import ShardList
from hybridbatch.planning.tracking import lineage

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hybridbatch verify`."""
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("config/config.yaml"),
        help="the configuration to compare the results with (default: %(default)s)",
    )
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="(default: %(default)s)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="only compare the records, read no contents"
    )
    parser.add_argument(
        "--all", action="store_true", help="also list what is whole and what is of another config"
    )


def run(args: argparse.Namespace) -> None:
    """Print a line for each artifact that is not whole, and a closing count.

    Raises:
        HybridBatchError: an artifact is missing, stale or damaged.
    """
    found = read_config([args.config])
    with found.placed():
        mirror = choose_mirror(found.values["mirror"], os.environ)
        plan = Plan(found.values, mirror=mirror)
        chain = lineage(plan, shards=ShardList(args.results / "benchmarks", known_only=True))
    counts: Counter[str] = Counter()
    for finding in Verification(plan, chain, args.results).findings(contents=not args.quick):
        counts[finding.state] += 1
        if args.all or finding.state not in ("whole", "of another config"):
            print(_line(finding))
    states = ("whole", "stale", "damaged", "missing", "of another config")
    summary = ", ".join(f"{counts[state]} {state}" for state in states)
    if counts["stale"] or counts["damaged"] or counts["missing"]:
        raise HybridBatchError(f"{args.results}: {summary}; run the workflow again")
    print(f"{args.results}: {summary}")


def _line(finding: Finding) -> str:
    reason = f": {finding.reason}" if finding.reason else ""
    return f"{finding.state}: {finding.path}{reason}"
