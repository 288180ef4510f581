"""Checks, before anything runs, that the files a configuration names outside the workflow exist.

Snakemake would report a missing input without the key that names it. It would notice a missing
model or mirror only in the stage that reads it.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.mirrors import VARIABLE, mirror_folder
from hybridbatch.data.readers.layouts import find_layout
from hybridbatch.encoding.declaration import read_declaration
from hybridbatch.encoding.model_names import local_folder
from hybridbatch.encoding.refusals import refuse_unsupported
from hybridbatch.planning.inventory import Inventory

# Snakemake takes this for a wildcard in any path of a rule, and offers no way to escape it.
_WILDCARD = re.compile(r"\{\s*[.\w]+\s*(,[^{}]*)?\}")


def check_files(inventory: Inventory, *, mirror: str | None, raw: str) -> None:
    """Check that the model, the user's pairs and benchmarks, and the mirror are there.

    Args:
        inventory: the runs and files of the configuration.
        mirror: where raw files come from, if not from upstream.
        raw: the folder of downloads; if all files are there, the mirror may be missing.

    Raises:
        HybridBatchError: names the key, what is missing there, and the remedy.
    """
    _check_model(inventory.config["model"])
    _check_braces(inventory.model_files(), key="config: model")
    for position, entry in enumerate(inventory.config["sources"]):
        if "path" in entry:
            (path,) = inventory.source_files(entry["name"], raw=raw)
            _check_layout(path, entry, key=f"config: sources[{position}].path")
            _check_braces([path], key=f"config: sources[{position}].path")
    for position, entry in enumerate(inventory.config["benchmarks"]):
        if "path" in entry:
            name, files = entry["name"], inventory.benchmark_files(entry["name"], raw=raw)
            parts = inventory.corpora.parts(name) if name in inventory.corpora.names else ()
            whole = len(files) == 1  # of another format than the three Parquet files
            files = [*files, *(part.path for part in parts)]
            if whole:
                _check_layout(files[0], entry, key=f"config: benchmarks[{position}].path")
            else:
                _check_benchmark(
                    [Path(file) for file in files], key=f"config: benchmarks[{position}].path"
                )
            _check_braces(files, key=f"config: benchmarks[{position}].path")
    folder = mirror_folder(mirror, key="config: mirror:")
    if folder is not None and not folder.is_dir() and _missing(inventory, raw):
        raise HybridBatchError(
            f"config: mirror: {mirror}: no such folder; correct it ({VARIABLE} overrides "
            f"the config), or unset it to download from upstream"
        )


def _check_model(model: str) -> None:
    folder = local_folder(model)
    if folder is not None:
        refuse_unsupported(folder, origin=f"config: model: {model}")
    if folder is not None and not (folder / "config.json").is_file():
        raise HybridBatchError(
            f"config: model: {model}: no config.json in this folder; name the folder of a "
            f"transformers model"
        )
    if folder is not None:
        read_declaration(folder, origin=f"config: model: {model}")


def _check_layout(path: str, entry: Mapping[str, Any], *, key: str) -> None:
    """Check that a path of the user's data holds files of a known format."""
    try:
        find_layout(Path(path), format=entry.get("format", ""), split=entry.get("split", ""))
    except HybridBatchError as error:
        raise HybridBatchError(f"{key}: {error}") from error


def _check_benchmark(files: list[Path], *, key: str) -> None:
    for file in files:
        if not file.is_file():
            raise HybridBatchError(
                f"{key}: {file}: no such file; a benchmark's folder holds queries.parquet, "
                f"passages.parquet and qrels.parquet"
            )


def _check_braces(files: Iterable[str], *, key: str) -> None:
    for file in files:
        if found := _WILDCARD.search(file):
            raise HybridBatchError(
                f"{key}: {file}: Snakemake takes {found[0]} for a wildcard; rename the folder or "
                f"file, or name a link to it (ln -s) without braces"
            )


def _missing(inventory: Inventory, raw: str) -> bool:
    """Whether a file must still be fetched."""
    built_in = [
        *(f for name in inventory.pair_sources for f in inventory.source_files(name, raw=raw)),
        *(f for name in inventory.benchmarks for f in inventory.benchmark_files(name, raw=raw)),
    ]
    return any(file.startswith(f"{raw}/") and not Path(file).is_file() for file in built_in)


def check_writable(*folders: str) -> None:
    """Refuse to start if a folder of results, or one inside it, cannot be written.

    Otherwise Snakemake ends with a traceback when it removes old outputs, before any job runs.

    Raises:
        HybridBatchError: for the first such folder.
    """
    for top in map(Path, folders):
        for folder in (top, *(path for path in top.rglob("*") if path.is_dir())):
            if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
                raise HybridBatchError(f"{folder}: {_why_not_writable(folder)}")


def _why_not_writable(folder: Path) -> str:
    if hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY:
        why = "the file system is read-only; make it writable, or work in another folder,"
    else:
        why = "permission denied; make it writable for yourself"
    return f"{why} and run the same command again"
