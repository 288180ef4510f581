"""Folders and jobs that one process at a time may work on.

The package filelock is not used: it does not name the process that holds a lock. On a file system
without locks it uses the existence of a file, which a killed process leaves behind.
"""

import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from hybridbatch.common.errors import HybridBatchError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)
_LOCK = ".lock"
_PATIENCE = 1.0  # seconds: the processes that a killed one started take a moment to end
# A job that a killed workflow left running is usually short. Only a training, which has
# checkpoints, is worth coming back to later.
_PATIENCE_OF_JOBS = 20.0


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Lock `folder` during the block; create it if it is missing.

    The system releases the lock when the process ends, however it ends. On a file system without
    locks the block runs without one.

    Raises:
        HybridBatchError: another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _held(folder / _LOCK, subject=str(folder), patience=_PATIENCE):
        yield


@contextmanager
def sole_job(timing: Path | None, *, job: str) -> Iterator[None]:
    """Keep a second process from the same job during the block.

    A killed workflow may leave a job running. Its output would replace that of the next workflow,
    perhaps with other options, so the next one waits for it for a limited time. The lock lies
    beside the job's timing file until the block ends; without a timing file there is no lock.

    Raises:
        HybridBatchError: another process still runs the job.
    """
    if timing is None:
        yield
        return
    timing.parent.mkdir(parents=True, exist_ok=True)
    lock = timing.parent / f".{timing.name}{_LOCK}"
    with _held(lock, subject=job, patience=_PATIENCE_OF_JOBS):
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()


@contextmanager
def _held(lock: Path, *, subject: str, patience: float) -> Iterator[None]:
    """Hold the lock on a file, created if missing; wait for it at most `patience` seconds."""
    with _taken(lock, subject=subject, patience=patience) as handle:
        handle.truncate(0)
        handle.write(f"process {os.getpid()} on {platform.node()}")
        handle.flush()
        yield


@contextmanager
def _taken(lock: Path, *, subject: str, patience: float) -> Iterator[TextIO]:
    begin, told = time.monotonic(), False
    while True:
        with lock.open("a+", encoding="utf-8") as handle:
            if _locked(handle.fileno(), lock):
                if _is_at(handle, lock):
                    yield handle
                    return
                continue  # the last holder removed the file when it ended, so this lock is void
            handle.seek(0)
            user = handle.read().strip() or "another process"
        if time.monotonic() - begin > patience:
            raise HybridBatchError(
                f"{subject}: in use by {user}; wait until it ends, or stop it, and then run the "
                "same command again"
            )
        if not told and time.monotonic() - begin > _PATIENCE:
            logger.info("waiting for %s, which still runs the same job", user)
            told = True
        time.sleep(0.05)


def _is_at(handle: TextIO, path: Path) -> bool:
    """Whether an open file is still the one at this path."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _locked(descriptor: int, lock: Path) -> bool:
    """Take the lock; False if another process has it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        logger.info("%s: cannot be locked (%s); continuing without a lock", lock.parent, error)
    return True
