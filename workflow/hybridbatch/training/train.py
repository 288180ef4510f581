"""Stage `train`: fine-tune a dual encoder with one batch sampling and one seed."""

import argparse
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.locks import sole_user
from hybridbatch.common.options import options_from_json
from hybridbatch.common.records import current, making
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.common.threads import set_threads
from hybridbatch.encoding.encoder import DualEncoder, resolve_device
from hybridbatch.encoding.settings import log_settings, settled_text
from hybridbatch.encoding.token_limits import check_max_tokens
from hybridbatch.schemas.runs import RUNS
from hybridbatch.schemas.train_log import TRAIN_LOG
from hybridbatch.training.checkpoints import Checkpoints, fingerprint
from hybridbatch.training.data import PairData, read_training_data
from hybridbatch.training.events import check_available, watched
from hybridbatch.training.loop import train_encoder
from hybridbatch.training.lora import check_available as check_peft
from hybridbatch.training.options import Options, check_processes
from hybridbatch.training.processes import Processes, joined, launch, launched
from hybridbatch.training.sampling import CROSS_LINGUAL

# An environment variable, because a changed param would repeat the training for the same result.
TENSORBOARD_VARIABLE = "HYBRIDBATCH_TENSORBOARD"
logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `hybridbatch train`."""
    parser.add_argument(
        "--pairs",
        type=Path,
        nargs="+",
        required=True,
        help="files of pairs, one per source, in the order of the options' sources",
    )
    parser.add_argument(
        "--validation",
        type=Path,
        nargs="*",
        default=[],
        help="pairs to validate on, unless the options' validation.source is held-out",
    )
    parser.add_argument("--model", type=Path, required=True, help="checkpoint folder to start from")
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--train-log", type=Path, required=True, help="Parquet log of the steps")
    parser.add_argument("--run-record", type=Path, required=True, help="Parquet record of the run")
    parser.add_argument(
        "--state",
        type=Path,
        help="folder for this run's checkpoints, from which it resumes; removed when it is done",
    )
    parser.add_argument(
        "--tensorboard",
        type=Path,
        default=os.environ.get(TENSORBOARD_VARIABLE) or None,
        help="folder for TensorBoard's event files, with a subfolder for each run; by default "
        f"the environment variable {TENSORBOARD_VARIABLE}, else no files",
    )


def run(args: argparse.Namespace) -> None:
    """Train the run that the options describe, in the number of processes that they give.

    If a launcher such as torchrun started this process as one of several, it starts no others.
    """
    options = options_from_json(Options, settled_text(args.options, args.model))
    check_available(args.tensorboard)
    check_peft(options.lora)
    if options.processes > 1 and not launched(os.environ):
        launch(_run_here, args, count=options.processes)
    else:
        _run_here(args)


def _run_here(args: argparse.Namespace) -> None:
    options = options_from_json(Options, settled_text(args.options, args.model))
    device = resolve_device(options.device)
    # A process that `launch` started has the command's arguments, but not its context.
    with making(getattr(args, "record", None) or current()), joined(device) as processes:
        check_processes(processes.count, batch_size=options.batch_size)
        set_threads(max(1, set_threads(options.threads) // processes.here))
        with _locked(args.state, processes):
            _train(args, options, device, processes)


@contextmanager
def _locked(state: Path | None, processes: Processes) -> Iterator[None]:
    """Lock the state's folder, because a training of a killed workflow may still run.

    Raises:
        HybridBatchError: another training uses the folder; all processes raise this.
    """
    problem = None
    with ExitStack() as stack:
        if state is not None and processes.first:
            try:
                stack.enter_context(sole_user(state))
            except HybridBatchError as error:
                problem = str(error)
        processes.check(problem)
        yield


def _train(args: argparse.Namespace, options: Options, device: str, processes: Processes) -> None:
    validation = validation_pairs(args.validation, source=options.validation.source)
    data = read_training_data(
        args.pairs,
        sources=tuple(source.name for source in options.sources),
        languages=options.languages,
        validation_fraction=options.validation.fraction,
        validation=validation,
        with_negatives=options.hard_negatives > 0,
    )
    if options.hard_negatives and not len(data.training.negatives.texts):
        logger.warning(
            "hard_negatives is %d, and no pair to train on has any: the training goes without them",
            options.hard_negatives,
        )
    encoder = DualEncoder.load(args.model, pooling=options.pooling, device=device)
    check_max_tokens(encoder, options.max_tokens, key="training.max_tokens")
    if processes.first:
        log_settings(args.options, args.model, keys=("pooling", "query_prefix", "passage_prefix"))
    checkpoints = None
    if args.state is not None and options.checkpoint_every is not None:
        checkpoints = Checkpoints(args.state, fingerprint=_fingerprint(args, options, processes))
    # Only the first process writes.
    watch = args.tensorboard is not None and processes.first
    with watched(args.tensorboard / options.run if watch else None) as events:
        outcome = train_encoder(
            encoder,
            data,
            options,
            processes=processes,
            checkpoints=checkpoints,
            events=events,
        )
    if not processes.first:
        return
    with atomic_folder(args.output) as folder:
        encoder.save(
            folder, query_prefix=options.query_prefix, passage_prefix=options.passage_prefix
        )
    write_table(outcome.log, args.train_log, TRAIN_LOG)
    record = run_record(
        options,
        data.training,
        best_step=outcome.best_step,
        stopping_reason=outcome.stopping_reason,
    )
    write_table(table_from_rows([record], RUNS), args.run_record, RUNS)
    if args.state is not None:
        shutil.rmtree(args.state, ignore_errors=True)
    logger.info(
        "%s is ready in %s: kept step %d, stopping reason %s",
        options.run, args.output, outcome.best_step, outcome.stopping_reason,
    )  # fmt: skip


def _fingerprint(args: argparse.Namespace, options: Options, processes: Processes) -> str:
    """The fingerprint of the run; it is the same in all processes.

    Raises:
        HybridBatchError: a process has other options, files, code or torch than the first one.
    """
    mark = fingerprint(
        options,
        pairs=[*args.pairs, *args.validation],
        model=args.model,
        threads=processes.gathered(torch.get_num_threads()),
    )
    same = mark == processes.gathered(mark)[0]
    problem = (
        f"{options.run}: process {processes.rank} has other options, pairs, base model, code or "
        "torch than process 0; make them the same on all machines"
    )
    processes.check(None if same else problem)
    return mark


def validation_pairs(paths: Sequence[Path], *, source: str) -> Path | None:
    """The file of pairs to validate on; None if items of the training sources are held out.

    Raises:
        HybridBatchError: the source needs a file and there is none, or the other way round.
    """
    wanted = 0 if source == "held-out" else 1
    if len(paths) != wanted:
        raise HybridBatchError(
            f"--validation: {len(paths)} files; validation.source {source} takes {wanted}"
        )
    return paths[0] if paths else None


def run_record(
    options: Options, training: PairData, *, best_step: int, stopping_reason: str
) -> dict[str, Any]:
    """The run as a row of the schema RUNS.

    Languages, items and pairs are only those that the sampling can draw: it may draw some languages
    only, and cross-lingual batches alone need items in two languages.
    """
    drawing = options.drawing
    has_language = training.items.has_language
    names = training.items.languages
    drawn_languages = drawing.languages or names
    columns = [i for i, name in enumerate(names) if name in drawn_languages]
    drawable = has_language[:, columns]
    least = 2 if set(drawing.batches) == {CROSS_LINGUAL} else 1
    drawable = drawable[drawable.sum(axis=1) >= least]
    return {
        "run": options.run,
        "model": options.model,
        "recipe": options.recipe,
        "sampling": options.sampling,
        "alpha": options.alpha,
        "seed": options.seed,
        "training_languages": [
            names[i] for i, drawn in zip(columns, drawable.any(axis=0), strict=True) if drawn
        ],
        "sources": [source.name for source in options.sources],
        "training_items": len(drawable),
        "training_pairs": int(drawable.sum()),
        "best_step": best_step,
        "stopping_reason": stopping_reason,
    }
