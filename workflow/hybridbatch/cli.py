"""The command line: `hybridbatch STAGE`, the same for every stage.

A stage is a module with `add_arguments(parser)` and `run(args)`. Only the chosen stage is imported,
after its thread count has been set.
"""

import argparse
import importlib
import itertools
import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from hybridbatch.common.environment_errors import explain
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.logfile import LogFile
from hybridbatch.common.options import object_from_json
from hybridbatch.common.records import Record, making, outside_keys, read_record, record_key
from hybridbatch.common.stopping import Stop, Terminated, terminable
from hybridbatch.common.threads import export_threads
from hybridbatch.console import CONSOLE
from hybridbatch.stages import STAGES, TIMINGS, TOOLS

# Commands that people run with a configuration.
_WITH_CONFIG = ("report",)
# Stages whose threads each compute their own matrix products, with one thread per product.
_OWN_PRODUCTS = ("search",)
_MOST_THREADS = 65_536  # what the libraries can count
logger = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a stage; returns the exit code.

    0: done. 1: a bug in the project, or `check` found a problem. 2: bad input. 3: a failure of the
    machine, such as a full disk. 130 or 143: stopped by SIGINT or SIGTERM. 141: the reader of the
    output closed it.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    resumed = _stage_in(arguments) not in TOOLS
    stop = Stop()
    try:
        with terminable() as stop:
            return _run(arguments)
    except HybridBatchError as error:
        if line := explain(error):
            logger.error("error: %s", line)
            return 3
        _log_bad_input(error)
        return 2
    except (KeyboardInterrupt, Terminated):
        return _stopped(stop.number or signal.SIGINT, resumed=resumed)
    except Exception as error:
        if stop.number is not None:
            return _stopped(stop.number, resumed=resumed)
        if (number := getattr(error, "sigval", None)) is not None:
            return _stopped(
                number, resumed=resumed
            )  # torch's process launcher has its own handlers
        if line := explain(error):
            logger.error("error: %s", line)
            return 3
        logger.exception("error: an unexpected failure; please report it with this trace")
        return 1


def _log_bad_input(error: HybridBatchError) -> None:
    """A line for each problem that the error holds, and for the number of all."""
    problems, count = getattr(error, "problems", ()), getattr(error, "count", 1)
    if count == 1:
        logger.error("error: %s", error)
        return
    for problem in problems:
        logger.error("error: %s", problem)
    rest = "" if count == len(problems) else f", of which the first {len(problems)} are above"
    logger.error("error: %s problems in all%s; mend them and try again", f"{count:,}", rest)


def _stopped(number: signal.Signals, *, resumed: bool) -> int:
    again = "; run the same command again to resume" if resumed else ""
    # Before its log is open, a job of the workflow leaves this to the end that the workflow shows.
    if logging.getLogger().handlers or os.environ.get(CONSOLE) != "log":
        logger.error("stopped by %s%s", number.name, again)
    return 128 + number


def _run(arguments: Sequence[str]) -> int:
    stage = _stage_in(arguments)
    if stage is not None and stage not in STAGES | TOOLS:
        return _unknown_stage(stage)
    threads = export_threads(
        _threads_of(arguments), os.environ, of_products=1 if stage in _OWN_PRODUCTS else None
    )
    os.environ.setdefault("TQDM_DISABLE", "1")  # libraries' bars would break our progress lines
    args = _parser(stage, helps=bool({"-h", "--help"} & {*arguments})).parse_args(arguments)
    args.job = _job_of(args.log)
    if int(os.environ.get("RANK", "0")) > 0:
        args.timing = args.log = None  # only the first of a launcher's processes writes
    elif args.timing is None and (folder := os.environ.get(TIMINGS)):
        args.timing = Path(folder, f"{'/'.join(filter(None, (args.stage, args.job)))}.parquet")
    _configure_logging(args.stage, args.job, args.log)
    if args.stage in _WITH_CONFIG and args.options is None:
        args.options = _options_of_report(args.config)
    elif args.stage in STAGES and args.made_from is None and args.outside is None:
        args.options = _completed(args.stage, args.options)  # the rules give complete options
    if args.stage in TOOLS:
        return _run_tool(args, threads=threads)
    _run_measured(args, threads=threads)
    return 0


def _stage_in(arguments: Sequence[str]) -> str | None:
    return next((word for word in arguments if not word.startswith("-")), None)


def _job_of(log: Path | None) -> str:
    """The name of a job: the part of its log's path after `logs/` and the rule's name."""
    if log is None or "logs" not in log.parts:
        return ""
    after = log.with_suffix("").parts[log.parts.index("logs") + 1 :]
    return "/".join(after[1:])


def _unknown_stage(stage: str) -> int:
    from hybridbatch.common.suggest import did_you_mean

    known = (*STAGES, *TOOLS)
    hint = did_you_mean(stage, known) or f"; the stages are {', '.join(known)}"
    print(f"hybridbatch: error: unknown stage `{stage}`{hint}", file=sys.stderr)
    return 2


def _run_tool(args: argparse.Namespace, *, threads: int) -> int:
    """Run a command that prints its result; returns the exit code."""
    try:
        code = _run_measured(args, threads=threads)
        _flush()
    except OSError as error:
        try:
            _flush()
        except OSError:
            # What is left in the buffer would fail again when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise
        return 128 + signal.SIGPIPE
    return code or 0


def _flush() -> None:
    """Write what is left in the buffer; an output that was closed from the start has none."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _run_measured(args: argparse.Namespace, *, threads: int) -> int | None:
    """Run a command; the exit code that it returns, if it returns one."""
    from hybridbatch.common.locks import sole_job
    from hybridbatch.common.measure import measured

    module = importlib.import_module((STAGES | TOOLS)[args.stage].module)
    job = args.job or args.stage
    with (
        sole_job(args.timing, job=f"{args.stage} {job}"),
        measured(args.stage, job=job, threads=threads, path=args.timing),
    ):
        # Processes that a stage starts take the record from its arguments.
        args.record = _record(args, module)
        with making(args.record):
            code: int | None = module.run(args)
    return code


def _record(args: argparse.Namespace, module: ModuleType) -> Record | None:
    """The record for the artifacts of this job; None for a command run outside the workflow."""
    if args.stage == "report":
        return _record_of_report(args)
    if args.made_from is None and args.outside is None:
        return None
    from hybridbatch.common.contents import CACHE, ContentDigests
    from hybridbatch.planning.downloads import check_download
    from hybridbatch.planning.tracking import stage_codes, stage_versions

    made_from = [*(args.made_from or ()), *getattr(module, "made_from", lambda _: ())(args)]
    digests = ContentDigests(CACHE if CACHE.parent.parent.is_dir() else None)
    inputs = {record_key(str(path)): read_record(path).made for path in made_from}
    outside = outside_keys([str(path) for path in args.outside or ()])
    for path, key in outside.items():
        inputs[key] = digests.of(Path(path))
        check_download(Path(path), inputs[key])
    return Record(
        stage=args.stage,
        options=args.options,
        code=stage_codes([args.stage])[args.stage],
        versions=stage_versions(args.stage),
        inputs=inputs,
    )


def _record_of_report(args: argparse.Namespace) -> Record | None:
    """The record of the report, after a check that its inputs belong to its configuration."""
    from hybridbatch.planning.findings import checked_report_record

    options = object_from_json(args.options)
    if (config := options.get("config")) is None:
        return None
    if not isinstance(config, dict) or "title" not in options:
        raise HybridBatchError(
            "--options: `config` is an object, and `title` stands beside it; leave --options out "
            "and name the file with --config"
        )
    # The title is a separate option: the page shows it in its head, not in the configuration.
    return checked_report_record(config | {"title": options["title"]}, results=args.results)


def _parser(stage: str | None, *, helps: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hybridbatch",
        description="The stages of hybridbatch; the Snakemake workflow runs them in order.",
        epilog="docs/files.md describes every Parquet file.",
    )
    commands = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name, entry in (STAGES | TOOLS).items():
        command = commands.add_parser(name, help=entry.help, description=entry.help)
        if name != stage:
            continue  # only the chosen stage is imported, so that the others cost nothing
        module = importlib.import_module(entry.module)
        _add_options(command, stage, has_keys=hasattr(module, "Options"))
        command.add_argument("--log", type=Path, help="log file, as well as the console; in the "
                             "workflow, its path names the job")  # fmt: skip
        command.add_argument("--timing", type=Path, help="Parquet file for time and memory; "
                             f"by default {{stage}}/{{job}}.parquet in ${TIMINGS}")  # fmt: skip
        _add_inputs(command)
        module.add_arguments(command)
        if helps and hasattr(module, "Options"):
            command.formatter_class = argparse.RawDescriptionHelpFormatter
            command.epilog = _help_of_options(name, module.Options)
    return parser


def _help_of_options(stage: str, options: type) -> str:
    # Imported here, since only the help needs it.
    from hybridbatch.planning.option_help import epilog

    return epilog(stage, options, width=shutil.get_terminal_size().columns - 2)


def _add_inputs(command: argparse.ArgumentParser) -> None:
    """Add the options that say what the artifacts are made from (see `common.records`)."""
    command.add_argument(
        "--made-from",
        type=Path,
        nargs="*",
        help="artifacts of the workflow that the stage reads; the rules set this, and the "
        "stage's own artifacts then carry a record of what made them",
    )
    command.add_argument(
        "--outside", type=Path, nargs="*", help="the same for downloads and the user's own files"
    )


def _add_options(command: argparse.ArgumentParser, stage: str, *, has_keys: bool) -> None:
    text = "the stage's options, as JSON; the keys are listed below"
    if not has_keys:
        text = argparse.SUPPRESS
    if stage != "report":
        command.add_argument("--options", default="{}", help=text)
        return
    # People rebuild the page by hand; they have a configuration and no options.
    command.add_argument("--options", help=f"{text}; by default made from --config")
    command.add_argument(
        "--config",
        type=Path,
        default=Path("config/config.yaml"),
        help="the configuration of the results (default: %(default)s)",
    )


def _options_of_report(config: Path) -> str:
    # Imported here and not by the stage, so that the stage's code digest does not cover them.
    from hybridbatch.planning.config import read_config
    from hybridbatch.planning.plan import Plan

    found = read_config([config])
    with found.placed():
        return Plan(found.values).report_options()


def _completed(stage: str, options: str) -> str:
    # Imported here for the same reason.
    from hybridbatch.planning.stage_options import completed_text

    return completed_text(stage, options)


def _threads_of(arguments: Sequence[str]) -> int | None:
    # Numerical libraries read their thread count on import, so it must be set before.
    for flag, value in itertools.pairwise(arguments):
        if flag == "--options":
            try:
                options = json.loads(value)
            except (ValueError, RecursionError):
                return None
            threads = options.get("threads") if isinstance(options, dict) else None
            if not isinstance(threads, int) or isinstance(threads, bool):
                return None
            if not 1 <= threads <= _MOST_THREADS:
                raise HybridBatchError(
                    f"--options: threads: give a number from 1 to {_MOST_THREADS:,}"
                )
            return threads
    return None


def _configure_logging(stage: str, job: str, log: Path | None) -> None:
    label = f"{stage} {job}".strip()
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(logging.Formatter(f"[{label}] %(message)s"))
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        file = LogFile(log, mode="w", encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        # First, so that the console gets what the file could not take.
        handlers.insert(0, file)
        if os.environ.get(CONSOLE) == "log":
            handlers[1].addFilter(lambda record: file.lost)
        elif os.environ.get(CONSOLE) == "errors":
            handlers[1].setLevel(logging.ERROR)
    first = int(os.environ.get("RANK", "0")) == 0
    level = logging.INFO if first else logging.WARNING
    logging.basicConfig(level=level, handlers=handlers, force=True)
    # A line for every HTTP request, font or instruction set would hide the progress.
    for noisy in (
        "httpx", "httpx2", "urllib3", "matplotlib", "fontTools", "filelock", "faiss", "onnx_ir",
        "onnxscript",
    ):  # fmt: skip
        logging.getLogger(noisy).setLevel(logging.WARNING)
