"""Checks, before anything runs, that the files a configuration names outside the workflow exist.

Snakemake would report a missing input without the key that names it. It would notice a missing
model or mirror only in the stage that reads it.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.data.mirrors import VARIABLE, mirror_folder
from hybridbatch.data.readers.layouts import find_layout
from hybridbatch.encoding.declaration import MODULES
from hybridbatch.encoding.model_folder import check_folder
from hybridbatch.encoding.model_names import local_folder
from hybridbatch.planning.config import undeclared
from hybridbatch.planning.config_mending import overlap
from hybridbatch.planning.inventory import Inventory
from hybridbatch.planning.model_limits import limits_of
from hybridbatch.planning.problems import raise_all

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
    raise_all(file_problems(inventory, mirror=mirror, raw=raw))


def file_problems(
    inventory: Inventory, *, mirror: str | None, raw: str, broken: Iterable[str] = ()
) -> Iterator[str]:
    """Every problem that `check_files` finds, except with keys that are already known as wrong."""
    data = ("extensions", "sources", "benchmarks")
    checks: tuple[tuple[tuple[str, ...], Callable[[], Iterator[str]]], ...] = (
        (("model",), lambda: _of_model(inventory)),
        (data[:2], lambda: _of_sources(inventory, raw)),
        (data[::2], lambda: _of_benchmarks(inventory, raw)),
        (("mirror", *data, "training.validation"), lambda: _of_mirror(inventory, mirror, raw)),
    )
    for keys, find in checks:
        if not any(overlap(key, broken) for key in keys):
            yield from find()


def _of_model(inventory: Inventory) -> Iterator[str]:
    yield from _told(lambda: _check_model(inventory.config["model"]))
    yield from _told(lambda: _check_braces(inventory.model_files(), key="config: model"))
    yield from _default_length(inventory.config)


def _default_length(config: Mapping[str, Any]) -> Iterator[str]:
    """The length of texts by default, for a model of fewer positions that declares none."""
    folder = local_folder(config["model"])
    if (
        folder is None
        or config["encoding"]["max_tokens"] is not None
        or (folder / MODULES).is_file()
    ):
        return
    most, length = limits_of(folder).positions, undeclared()["encoding"]["max_tokens"]
    if most is not None and length > most:
        yield (
            f"config: encoding.max_tokens: its default, {length}, is more than the {most} "
            f"positions of the model; set it to at most {most}"
        )


def _of_sources(inventory: Inventory, raw: str) -> Iterator[str]:
    for position, entry in enumerate(inventory.config["sources"]):
        if "path" in entry:
            (path,) = inventory.source_files(entry["name"], raw=raw)
            key = f"config: sources[{position}].path"
            yield from _told(partial(_check_layout, path, entry, key=key))
            yield from _told(partial(_check_braces, [path], key=key))


def _of_benchmarks(inventory: Inventory, raw: str) -> Iterator[str]:
    for position, entry in enumerate(inventory.config["benchmarks"]):
        name, key = entry["name"], f"config: benchmarks[{position}]"
        if "path" not in entry:
            checksums = Path(entry.get("checksums", "")).expanduser()
            if "checksums" in entry and not checksums.is_file():
                yield f"{key}.checksums: {checksums}: no such file; name a SHA256SUMS file"
            elif name in inventory.corpora.names:
                yield from _told(partial(inventory.corpora.parts, name))
            continue
        files = inventory.benchmark_files(name, raw=raw)
        parts = inventory.corpora.parts(name) if name in inventory.corpora.names else ()
        if len(files) == 1:  # of another format than the three Parquet files
            yield from _told(partial(_check_layout, files[0], entry, key=f"{key}.path"))
        else:
            every = [Path(file) for file in (*files, *(part.path for part in parts))]
            yield from _told(partial(_check_benchmark, every, key=f"{key}.path"))
        files = [*files, *(part.path for part in parts)]
        yield from _told(partial(_check_braces, files, key=f"{key}.path"))


def _of_mirror(inventory: Inventory, mirror: str | None, raw: str) -> Iterator[str]:
    try:
        folder = mirror_folder(mirror, key="config: mirror:")
    except HybridBatchError as error:
        yield str(error)
        return
    if folder is not None and not folder.is_dir() and _missing(inventory, raw):
        yield (
            f"config: mirror: {mirror}: no such folder; correct it ({VARIABLE} overrides "
            f"the config), or unset it to download from upstream"
        )


def _told(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except HybridBatchError as error:
        yield str(error)


def _check_model(model: str) -> None:
    folder = local_folder(model)
    if folder is not None:
        check_folder(folder, origin=f"config: model: {model}")


def _check_layout(path: str, entry: Mapping[str, Any], *, key: str) -> None:
    """Check that a path of the user's data holds files of a known format."""
    how = {name: entry.get(name, "") for name in ("format", "split")}
    try:
        find_layout(Path(path), **how, training="sources" in key)
    except HybridBatchError as error:
        raise HybridBatchError(f"{key}: {error}") from error


def _check_benchmark(files: list[Path], *, key: str) -> None:
    missing = [file for file in files if not file.is_file()]
    if missing:
        others = f", nor {', '.join(file.name for file in missing[1:])}" if missing[1:] else ""
        raise HybridBatchError(
            f"{key}: {missing[0]}: no such file{others}; a benchmark's folder holds "
            f"queries.parquet, passages.parquet and qrels.parquet"
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
