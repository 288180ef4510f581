"""A folder that one process at a time may use."""

import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybridbatch.common.errors import HybridBatchError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)
_LOCK = ".lock"
_PATIENCE = 1.0  # seconds: the processes that a killed one started take a moment to end


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Lock `folder`, which is made if need be, for the length of the block.

    The system lets go of the lock when its process ends, however that ends. Where a file system
    has no locks, the block runs without one.

    Raises:
        HybridBatchError: another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a+", encoding="utf-8") as handle:
        begin = time.monotonic()
        while not (locked := _locked(handle.fileno(), folder)):
            if time.monotonic() - begin > _PATIENCE:
                break
            time.sleep(0.05)
        if not locked:
            handle.seek(0)
            raise HybridBatchError(
                f"{folder}: in use by {handle.read().strip() or 'another process'}; wait until it "
                "ends, or stop it, and then run the same command again"
            )
        handle.truncate(0)
        handle.write(f"process {os.getpid()} on {platform.node()}")
        handle.flush()
        yield


def _locked(descriptor: int, folder: Path) -> bool:
    """Take the lock; False if another process has it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        logger.info("%s: cannot be locked (%s); going on without", folder, error)
    return True
