"""Files and folders that appear under their final name only when they are complete."""

import glob
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError
from hybridbatch.common.records import write_digests

_WRITING = "while writing "
# Snakemake puts this file into a folder that a rule makes; such a folder is made as a whole.
_FOLDER_MARK = ".snakemake_timestamp"


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    A reader sees the old file or the whole new one, never a part. The temporary file is removed
    when the block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
    except Exception as error:
        error.add_note(f"{_WRITING}{path}")
        raise
    finally:
        with suppress(
            OSError
        ):  # for example on a read-only file system; the first error matters more
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; it takes the place of `path` on success.

    The folder then holds `hybridbatch.json` with the SHA-256 of every file and, within
    `records.making`, the record of what made it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    temporary.mkdir()
    try:
        yield temporary
        write_digests(temporary)
        for entry in temporary.rglob("*"):
            if entry.is_file():
                _sync(entry)
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    except Exception as error:
        error.add_note(f"{_WRITING}{path}")
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def file_in_writing(error: BaseException) -> str | None:
    """The path of the innermost `atomic_file` or `atomic_folder` that an error passed through."""
    notes = getattr(error, "__notes__", ())
    return next((n.removeprefix(_WRITING) for n in notes if n.startswith(_WRITING)), None)


def damaged(path: Path, reason: str, *, given: bool = False) -> HybridBatchError:
    """The error for a damaged file: restore a user's file, or make a result again."""
    if given:
        return HybridBatchError(f"{path}: damaged: {reason}; restore it from where it came from")
    folders = [folder for folder in path.parents if (folder / _FOLDER_MARK).is_file()]
    what = f"the folder {folders[0]}" if folders else "it"
    return HybridBatchError(f"{path}: damaged: {reason}; remove {what} and run the workflow again")


def _beside(path: Path) -> Path:
    """This process's name for an unfinished `path`; remove those that killed processes left.

    The names hold machine and process, so that the files of a running process are kept.
    """
    own = f".{path.name}.{platform.node()}"
    for left in path.parent.glob(f"{glob.escape(own)}.*.part"):
        number = left.name.removeprefix(f"{own}.").removesuffix(".part")
        if not number.isdecimal() or (int(number) != os.getpid() and _runs(int(number))):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with suppress(OSError):  # a leftover does no harm
                left.unlink()
    return path.parent / f"{own}.{os.getpid()}.part"


def _runs(pid: int) -> bool:
    """Whether a process of this machine runs; true if that is unknown."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # the process of another user
        return True
    return True


def _sync(path: Path) -> None:
    # Without this a power loss may leave the new name on an empty file.
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
