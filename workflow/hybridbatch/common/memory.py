"""Controls whether the C library returns freed memory to the system."""

import ctypes
import logging

logger = logging.getLogger(__name__)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # parameters of glibc's mallopt
_LARGEST_KEPT = 32 * 2**20  # glibc refuses more
_MOST = 2**31 - 1


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the next allocation instead of returning it.

    Otherwise, in a loop that allocates the same large tensors in every round, the kernel zeroes all
    their pages each time. With another C library nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        logger.debug("no mallopt in this C library")
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
    mallopt(_TRIM_THRESHOLD, _MOST)
