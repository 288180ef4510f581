"""Stage `publish`: a trained model as a folder to use and pass on.

The folder holds the checkpoint, the files that sentence-transformers needs, and the model card.
This is a separate stage, so that a licence, a word on the card or the length limit of encoding can
be changed without training again. If the file system allows it, the weights are hard links to the
trained ones and take no extra disk space.
"""

import argparse
import logging
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.records import FOLDER_RECORD, check_digests
from hybridbatch.encoding.declaration import WEIGHTS, Declaration, Dense, read_declaration
from hybridbatch.encoding.given_files import read_json
from hybridbatch.encoding.layout import write_json, write_layout
from hybridbatch.encoding.model_config import token_width
from hybridbatch.encoding.settings import settled, settled_text
from hybridbatch.publication.card import Facts, Origin, model_card
from hybridbatch.publication.facts import read_record, read_validations, training_source

CARD, TOKENIZER_SETTINGS = "README.md", "tokenizer_config.json"
_OF_LOADING = ("local_files_only", "is_local", "name_or_path")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the model card says.

    Attributes:
        training: all options of the stage `train`.
        batches: how the batches were drawn.
        base: where the base model comes from (see `card.Origin`).
        sources: where the training sources come from.
        max_tokens: as in encoding.
        passage_template: as in encoding.
        hub_id: the base model's id on the hub.
        validation_data: where the validation pairs come from.
    """

    training: dict  # type: ignore[type-arg]  # shown as it is, whatever keys training has
    batches: str
    base: Origin
    sources: tuple[Origin, ...]
    max_tokens: int
    passage_template: str
    hub_id: str | None = None
    validation_data: Origin | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the paths that the stage reads and writes."""
    parser.add_argument("--model", type=Path, required=True, help="folder of the trained model")
    parser.add_argument("--run-record", type=Path, required=True, help="Parquet record of the run")
    parser.add_argument("--train-log", type=Path, required=True, help="Parquet log of the steps")
    parser.add_argument(
        "--pairs",
        type=Path,
        nargs="+",
        required=True,
        help="files of pairs, one per source, in the order of the options' sources",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")


def run(args: argparse.Namespace) -> None:
    """Write the folder."""
    options = _options(args.options, args.model)
    facts = read_facts(options, record=args.run_record, train_log=args.train_log, pairs=args.pairs)
    with atomic_folder(args.output) as folder:
        link_files(args.model, folder)
        declared = read_declaration(args.model)
        published = replace(
            declared or Declaration(options.training["pooling"]),
            pooling=options.training["pooling"],
            query_prefix=options.training["query_prefix"],
            passage_prefix=options.training["passage_prefix"],
            max_tokens=options.max_tokens,
        )
        _settle_tokenizer(folder / TOKENIZER_SETTINGS, max_tokens=options.max_tokens)
        dense = write_layout(folder, published, width=token_width(args.model))
        own = [step.folder for step in published.steps if isinstance(step, Dense)]
        for name, target in zip(own, dense, strict=True):
            _link(args.model / name / WEIGHTS, target / WEIGHTS)
        (folder / CARD).write_text(model_card(facts), encoding="utf-8")
    logger.info("%s is published in %s", facts.record["run"], args.output)


def _options(text: str, model: Path) -> Options:
    """The options, with what the config leaves to the model's folder filled in."""
    options = options_from_json(Options, settled_text(text, model))
    return replace(options, training=settled(options.training, read_declaration(model)))


def read_facts(options: Options, *, record: Path, train_log: Path, pairs: list[Path]) -> Facts:
    """What the card states, from the options and the files of the training.

    Raises:
        HybridBatchError: a file is missing or malformed, or belongs to another run or source.
    """
    if len(pairs) != len(options.sources):
        raise HybridBatchError(
            f"--pairs: {len(pairs)} files for {len(options.sources)} sources; give one per source"
        )
    return Facts(
        record=read_record(record, run=options.training["run"]),
        training=options.training,
        batches=options.batches,
        base=options.base,
        hub_id=options.hub_id,
        sources=options.sources,
        counts=tuple(
            training_source(path, name=source.name, languages=options.training["languages"])
            for path, source in zip(pairs, options.sources, strict=True)
        ),
        validations=read_validations(train_log),
        validation_data=options.validation_data,
        max_tokens=options.max_tokens,
        passage_template=options.passage_template,
    )


def link_files(source: Path, folder: Path) -> None:
    """Hard links in `folder` to the files of `source`; copies if links are not possible.

    Raises:
        HybridBatchError: `source` is not a checkpoint folder.
    """
    if not (source / "config.json").is_file():
        raise HybridBatchError(f"{source}: no config.json; name the folder of a trained model")
    check_digests(source)
    for path in sorted(source.iterdir()):
        if not path.is_file() or path.name.startswith(".") or path.name == FOLDER_RECORD:
            continue
        _link(path, folder / path.name)


def _settle_tokenizer(path: Path, *, max_tokens: int) -> None:
    """Cut texts where encoding does, and drop how and where transformers loaded the tokenizer.

    A base model may state another length than the one that its vectors were made with.
    """
    if not path.is_file():
        return
    values = read_json(path.parent, path.name, origin=str(path.parent))
    kept = {key: value for key, value in values.items() if key not in _OF_LOADING}
    write_json(path, {**kept, "model_max_length": max_tokens})


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
