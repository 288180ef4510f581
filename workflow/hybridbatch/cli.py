"""The command line: `hybridbatch STAGE`, the same for every stage.

A stage is a module with `add_arguments(parser)` and `run(args)`. It is imported only when it is
asked for, after its thread count has been set.
"""

import argparse
import importlib
import itertools
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from hybridbatch.common.environment_errors import explain
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.logfile import LogFile
from hybridbatch.common.stopping import Terminated, terminable
from hybridbatch.common.threads import export_threads

STAGES = {
    "download": "fetch one raw file, checked against its SHA-256",
    "benchmarks": "queries, passages and qrels of a benchmark",
    "corpus": "cut a file of a large corpus into shards of passages",
    "shards": "list the shards of a corpus and check it as a whole",
    "pairs": "parallel question-passage pairs of a training source",
    "overlap": "what the training pairs share with a benchmark",
    "model": "the base model as a Hugging Face checkpoint",
    "mine": "hard negatives for a training source, by the base model's index",
    "train": "fine-tune a dual encoder with a batch sampling",
    "publish": "a trained model with sentence-transformers' files and a model card",
    "encode": "vectors of a benchmark's queries and passages",
    "index": "a FAISS index for each passage language",
    "retrieve": "rank every query against every language and the pool",
    "search": "the first k of a passage language of a sharded benchmark",
    "pool": "merge the languages of a sharded benchmark's pool",
    "metrics": "mAP, recall, nDCG and rank distance",
    "trec": "runs and qrels of any setting in TREC format",
    "bias": "language bias: distances, exposure, preference, fairness, agreement",
    "statistics": "intervals, significance and non-inferiority over the runs of a benchmark",
    "examples": "a few queries, by a stated rule, with the top of the pool under each run",
    "projection": "the embedding space in two dimensions, before and after training",
    "report": "results/report.html",
    "export": "a trained model with its benchmark results, as a folder to pass on",
}
# Stages each of whose threads multiplies by itself.
_OWN_PRODUCTS = ("search",)
logger = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a stage; returns the exit code.

    0 done, 1 a failure of the project's own, 2 bad input, 3 a failure of the machine such as a
    full disk, 130 or 143 stopped by SIGINT or SIGTERM, 141 when nobody reads the output.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with terminable():
            return _run(arguments)
    except HybridBatchError as error:
        line = explain(error)
        logger.error("error: %s", line or error)
        return 3 if line else 2
    except (KeyboardInterrupt, Terminated) as stop:
        return _stopped(signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT)
    except Exception as error:
        if (number := getattr(error, "sigval", None)) is not None:
            return _stopped(number)  # torch's launcher of processes has handlers of its own
        if line := explain(error):
            logger.error("error: %s", line)
            return 3
        logger.exception("error: an unexpected failure; please report it with this trace")
        return 1


def _stopped(number: signal.Signals) -> int:
    logger.error("stopped by %s; run the same command again to go on", number.name)
    return 128 + number


def _run(arguments: Sequence[str]) -> int:
    stage = next((word for word in arguments if not word.startswith("-")), None)
    if stage == "schemas":
        return _print_schemas()
    threads = export_threads(
        _threads_of(arguments), os.environ, of_products=1 if stage in _OWN_PRODUCTS else None
    )
    os.environ.setdefault("TQDM_DISABLE", "1")  # libraries' bars would break our progress lines
    args = _parser(stage).parse_args(arguments)
    if int(os.environ.get("RANK", "0")) > 0:
        args.timing = args.log = None  # one of a launcher's processes, whose first one writes
    _configure_logging(args.stage, args.job, args.log)
    if args.settings is None:
        args.settings = _settings_of_report(args.config)
    _run_measured(args, threads=threads)
    return 0


def _print_schemas() -> int:
    from hybridbatch import schemas, schemas_report, schemas_views

    tables = (*schemas.ALL, *schemas_report.REPORT_SCHEMAS, *schemas_views.VIEW_SCHEMAS)
    try:
        print(schemas.markdown(tables), flush=True)
    except OSError as error:
        # What is left in the buffer would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise
        return 128 + signal.SIGPIPE
    return 0


def _run_measured(args: argparse.Namespace, *, threads: int) -> None:
    from hybridbatch.common.locks import sole_job
    from hybridbatch.common.measure import measured

    module = importlib.import_module(f"hybridbatch.{args.stage}")
    job = args.job or args.stage
    with (
        sole_job(args.timing, job=f"{args.stage} {job}"),
        measured(args.stage, job=job, threads=threads, path=args.timing),
    ):
        module.run(args)


def _parser(stage: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hybridbatch",
        description="The stages of hybridbatch; the Snakemake workflow runs them in order.",
        epilog="`hybridbatch schemas` prints the schema of every Parquet file.",
    )
    commands = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name, text in STAGES.items():
        command = commands.add_parser(name, help=text, description=text)
        if name != stage:
            continue  # only the chosen stage is imported, so that the others cost nothing
        _add_settings(command, stage)
        command.add_argument("--job", default="", help="names the job in the timing and progress")
        command.add_argument("--timing", type=Path, help="Parquet file for time and memory")
        command.add_argument("--log", type=Path, help="log file, beside the console")
        importlib.import_module(f"hybridbatch.{name}").add_arguments(command)
    return parser


def _add_settings(command: argparse.ArgumentParser, stage: str) -> None:
    text = "the stage's settings, as JSON"
    if stage != "report":
        command.add_argument("--settings", default="{}", help=text)
        return
    # People rebuild the page by hand; they have a configuration and no settings.
    command.add_argument("--settings", help=f"{text}; by default made from --config")
    command.add_argument(
        "--config",
        type=Path,
        default=Path("config/config.yaml"),
        help="the configuration of the results (default: %(default)s)",
    )


def _settings_of_report(config: Path) -> str:
    # Imported here, not by the stage: its code hash is not to follow the configuration's modules.
    from hybridbatch.config import load_config
    from hybridbatch.plan import Plan

    return Plan(load_config(config)).report_settings()


def _threads_of(arguments: Sequence[str]) -> int | None:
    # Numerical libraries read their thread count when imported, so it is needed before parsing.
    for flag, value in itertools.pairwise(arguments):
        if flag == "--settings":
            try:
                settings = json.loads(value)
            except json.JSONDecodeError:
                return None
            threads = settings.get("threads") if isinstance(settings, dict) else None
            return threads if isinstance(threads, int) else None
    return None


def _configure_logging(stage: str, job: str, log: Path | None) -> None:
    label = f"{stage} {job}".strip()
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(logging.Formatter(f"[{label}] %(message)s"))
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(LogFile(log, mode="w", encoding="utf-8"))
        handlers[1].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    first = int(os.environ.get("RANK", "0")) == 0
    level = logging.INFO if first else logging.WARNING
    logging.basicConfig(level=level, handlers=handlers, force=True)
    # A line for every HTTP request or font look-up would drown the progress.
    for noisy in ("httpx", "httpx2", "urllib3", "matplotlib", "fontTools", "filelock"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
