"""Progress lines of long loops: share done, speed and time left."""

import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Progress:
    """Logs at most one line in `interval` seconds, and one when all is done.

    `Progress("encode passages", 13014, "texts").update(512)` logs
    `encode passages: 512/13,014 texts (4 %), 250 texts/s, 50 s left`. Rate and time left count only
    the work of this process: `begun` units were finished before it.
    """

    def __init__(
        self,
        label: str,
        total: int,
        unit: str,
        *,
        begun: int = 0,
        interval: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._begun, self._interval, self._clock = begun, interval, clock
        self._begin = self._last = clock()

    def callback(self, done: int, total: int) -> None:
        """`update` for callers that also pass the total."""
        self._total = total
        self.update(done)

    def update(self, done: int, note: str = "") -> None:
        """Record that `done` units are finished in total; `note` is added to the line."""
        now = self._clock()
        if done < self._total and now - self._last < self._interval:
            return
        self._last = now
        elapsed = max(now - self._begin, 1e-9)
        rate = (done - self._begun) / elapsed
        left = (
            f"{(self._total - done) / rate:,.0f} s left"
            if self._begun < done < self._total
            else f"{elapsed:,.1f} s"
        )
        share = 100 * done // max(self._total, 1)
        logger.info(
            "%s: %s/%s %s (%d %%), %s %s/s, %s%s",
            self._label,
            f"{done:,}",
            f"{self._total:,}",
            self._unit,
            share,
            f"{rate:,.0f}" if rate >= 10 else f"{rate:.2f}",
            self._unit,
            left,
            f", {note}" if note else "",
        )
