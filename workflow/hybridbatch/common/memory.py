"""How the C library hands memory back."""

import ctypes
import logging

logger = logging.getLogger(__name__)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # parameters of glibc's mallopt
_LARGEST_KEPT = 32 * 2**20  # glibc refuses more
_MOST = 2**31 - 1


def keep_freed_memory() -> None:
    """Make glibc keep what is freed for the next allocation, instead of giving it back.

    A loop that allocates the same large tensors in every round otherwise has every page of them
    zeroed by the kernel again and again. Where the C library is another, nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        logger.debug("no mallopt in this C library")
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
    mallopt(_TRIM_THRESHOLD, _MOST)
