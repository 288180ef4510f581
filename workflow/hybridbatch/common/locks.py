"""Folders and jobs that one process at a time may work on.

The package filelock is not used: it does not name the process that holds a lock, and on a file
system without locks it takes the existence of a file for one, which a killed process leaves behind.
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
# A job that a killed workflow left running is usually a short one; only training has checkpoints
# that make it worthwhile to come back later.
_PATIENCE_OF_JOBS = 20.0


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Lock `folder`, which is created if it is missing, for the length of the block.

    The system releases the lock when the process ends, in whatever way. On a file system without
    locks the block runs without one.

    Raises:
        HybridBatchError: another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _held(folder / _LOCK, subject=str(folder), patience=_PATIENCE):
        yield


@contextmanager
def sole_job(timing: Path | None, *, job: str) -> Iterator[None]:
    """Keep a second process from the same job for the length of the block.

    A killed workflow may leave a job running, whose output would take the place of what the next
    workflow makes, perhaps with other options. The next one waits for it, for a limited time. The
    job is known by the file of its timing, beside which the lock lies until the block ends; without
    such a file there is no lock.

    Raises:
        HybridBatchError: another process still does the job.
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
    """Hold the lock on a file, which is made if need be; wait for it `patience` seconds."""
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
            logger.info("waits for %s, which was left running at the same job", user)
            told = True
        time.sleep(0.05)


def _is_at(handle: TextIO, path: Path) -> bool:
    """Whether an open file is the one that has this name now."""
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
        logger.info("%s: cannot be locked (%s); going on without", lock.parent, error)
    return True
