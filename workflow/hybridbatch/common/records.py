"""The record that an artifact carries: what made it.

A job's record names its stage, options, code and library versions, and the digest of each input.
Their hash, `made`, identifies the artifact. The digest of an input that the workflow made is that
input's `made`; for an input from outside, it is the digest of its content. So two artifacts with
the same `made` have the same history, back to the raw data. A Parquet file holds the record in its
metadata, a folder in `hybridbatch.json`, another file in a JSON file beside it. The last two also
hold the SHA-256 of each file that was written, which is checked when the file is read.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hybridbatch.common.digests import sha256_file
from hybridbatch.common.errors import HybridBatchError

METADATA_KEY = b"hybridbatch"
FOLDER_RECORD = "hybridbatch.json"
_RESULTS = "results"


@dataclass(frozen=True)
class Record:
    """What made an artifact.

    Args:
        stage: the command, such as `train`.
        options: the stage's options, as the JSON object that it was given.
        code: hash of the stage's code.
        versions: the libraries on which its results depend, as `name==version` words.
        inputs: digest of each input, by its path in the results or its name outside.
    """

    stage: str
    options: str
    code: str
    versions: str
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def made(self) -> str:
        """The hash of all fields, as 64 hexadecimal digits."""
        parts = [self.stage, self.options, self.code, self.versions, sorted(self.inputs.items())]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON object, with `made`."""
        return {
            "made": self.made,
            "stage": self.stage,
            "options": self.options,
            "code": self.code,
            "versions": self.versions,
            "inputs": dict(sorted(self.inputs.items())),
        }

    @classmethod
    def from_json(cls, values: Any, *, origin: Path) -> "Record":
        """The record of a JSON object.

        Raises:
            HybridBatchError: it is not from `to_json`, or `made` is not the hash of its fields.
        """
        names = ("stage", "options", "code", "versions", "inputs")
        try:
            record = cls(**{name: values[name] for name in names})
            whole = record.made == values["made"]
        except (KeyError, TypeError, ValueError, AttributeError):
            whole = False
        if not whole:
            raise HybridBatchError(f"{origin}: its record is damaged; {REMEDY}")
        return record


REMEDY = "remove it and run the same command again"
# The command sets it once, and everything that writes a file uses it, as with logging.
_CURRENT: ContextVar[Record | None] = ContextVar("hybridbatch_record", default=None)


@contextmanager
def making(record: Record | None) -> Iterator[None]:
    """Put `record` into every artifact that is written in the block; None for no record."""
    token = _CURRENT.set(record)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Record | None:
    """The record that `making` set."""
    return _CURRENT.get()


def parquet_metadata() -> dict[bytes, bytes] | None:
    """The metadata of a Parquet file that is written now; None without a record."""
    record = current()
    if record is None:
        return None
    text = json.dumps(record.to_json(), ensure_ascii=False, sort_keys=True)
    return {METADATA_KEY: text.encode()}


def place_of(path: Path) -> Path:
    """The file that holds the record of an artifact that is not a Parquet file."""
    return path / FOLDER_RECORD if path.is_dir() else path.with_name(f"{path.name}.json")


def read_record(path: Path) -> Record:
    """The record of an artifact.

    Args:
        path: a Parquet file, a folder, or a file with its record beside it.

    Raises:
        HybridBatchError: the artifact is missing, has no record, or its record is damaged.
    """
    if not path.exists():
        raise HybridBatchError(f"{path}: missing; run the command that makes it")
    if path.is_file() and path.suffix == ".parquet":
        values = _of_parquet(path)
    else:
        values = _read_json(place_of(path)).get("record")
    if values is None:
        raise HybridBatchError(f"{path}: has no record of what made it; {REMEDY}")
    return Record.from_json(values, origin=path)


def record_key(path: str) -> str:
    """The name of a workflow's artifact in a record: its path from `results/` on."""
    parts = Path(path).parts
    if _RESULTS not in parts:
        return path
    return "/".join(parts[parts.index(_RESULTS) :])


def outside_keys(paths: Sequence[str]) -> dict[str, str]:
    """The names of a job's inputs from outside in its record, by path.

    A name is without the folder, which may move. Of files with equal names, as the modules of a
    model have, it is the path below the folder of them all.
    """
    names = [Path(path).name for path in paths]
    if len(set(names)) == len(names):
        return {path: f"outside/{name}" for path, name in zip(paths, names, strict=True)}
    # Links are not followed: the hub's cache holds all files in one folder, under other names.
    whole = {path: Path(path).absolute() for path in paths}
    top = os.path.commonpath([place.parent for place in whole.values()])
    return {path: f"outside/{whole[path].relative_to(top).as_posix()}" for path in paths}


def write_digests(folder: Path) -> None:
    """Write `hybridbatch.json`: the current record, and the SHA-256 of every file in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = {path.relative_to(folder).as_posix(): sha256_file(path) for path in files}
    digests.pop(FOLDER_RECORD, None)  # the record of a folder that was copied
    _write_json(folder / FOLDER_RECORD, digests)


def write_digest_of(file: Path, target: Path, *, name: str) -> None:
    """Write to `target` the current record and the SHA-256 of a file that will be called `name`."""
    _write_json(target, {name: sha256_file(file)})


def check_digests(path: Path, *, needed: bool = False) -> None:
    """Check a folder, or a file, against the SHA-256 that its record holds.

    Args:
        path: the artifact; one without a record is accepted, as it may be from elsewhere.
        needed: refuse an artifact without a record.

    Raises:
        HybridBatchError: names the file that is missing, cut or changed.
    """
    place = place_of(path)
    if not place.is_file():
        if needed:
            raise HybridBatchError(f"{path}: has no record of what made it; {REMEDY}")
        return
    base = path if path.is_dir() else path.parent
    files = _read_json(place).get("files")
    if not isinstance(files, dict):
        raise HybridBatchError(f"{place}: damaged, it lists no files; {REMEDY}")
    for name, digest in files.items():
        found = base / name
        if not found.is_file():
            raise HybridBatchError(f"{found}: missing, though {place} lists it; {_mend(path)}")
        if sha256_file(found) != digest:
            raise HybridBatchError(
                f"{found}: damaged or changed since it was written (its SHA-256 is not the one in "
                f"{place}); {_mend(path)}"
            )


def _mend(path: Path) -> str:
    return f"remove {path} and run the same command again, or restore it"


def _of_parquet(path: Path) -> Any:
    # Imported here, because that module imports this one.
    from hybridbatch.common.parquet import ParquetInput

    with ParquetInput(path) as file:
        text = file.metadata.get(METADATA_KEY)
    try:
        return None if text is None else json.loads(text)
    except ValueError as error:
        raise HybridBatchError(f"{path}: damaged ({error}); {REMEDY}") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise HybridBatchError(f"{path}: damaged ({error}); {REMEDY}") from error
    if not isinstance(values, dict):
        raise HybridBatchError(f"{path}: damaged, it is not a JSON object; {REMEDY}")
    return values


def _write_json(path: Path, files: Mapping[str, str]) -> None:
    record = current()
    values = {"files": files, "record": None if record is None else record.to_json()}
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, indent=1)
    path.unlink(missing_ok=True)  # it may be a link to the record of another folder
    path.write_text(text + "\n", encoding="utf-8")
