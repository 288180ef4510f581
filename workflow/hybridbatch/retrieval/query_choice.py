"""The runs, benchmark and results that a command is asked to search, as `query` and `serve` do."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from hybridbatch.retrieval.query_results import Evaluated, choose, read_evaluated


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose them."""
    parser.add_argument(
        "--run", action="append", default=[], help="such as embedded.cldr.hybrid.s1; may be given "
        "several times, and left out if the results hold one",
    )  # fmt: skip
    parser.add_argument(
        "--benchmark", help="whose passages to search; may be left out if the runs have one"
    )
    parser.add_argument(
        "--config", type=Path, help="also refuse results that are not of this configuration"
    )
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="(default: %(default)s)"
    )


def read_chosen(args: argparse.Namespace, *, passages: Sequence[str] = ()) -> list[Evaluated]:
    """The files of each run on the benchmark, checked.

    Args:
        args: the options of `add_choice`.
        passages: as in `query_results.read_evaluated`.

    Raises:
        HybridBatchError: a name is unknown; a file is missing, or does not belong to the others or
            to the configuration.
    """
    runs, benchmark = choose(args.results, args.run, args.benchmark)
    evaluated = [read_evaluated(args.results, name, benchmark, passages=passages) for name in runs]
    if args.config is not None:
        from hybridbatch.planning.findings import check_of_config

        rankings = [path for each in evaluated for path in each.rankings]
        check_of_config(args.config, rankings, results=args.results)
    return evaluated
