"""How often a training that is not ours may be interrupted: so that watching it costs at most a share of its time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

SHARE = 0.1
MOST_WAITING = 3  # snapshots that nobody has measured yet, so that it is known what they cost
SPACING = 1 / 64  # of the images seen, at least, between two snapshots: a long training has some hundreds


class Pace:
    """Counts what watching costs.

    Args:
        beside: seconds that another process has spent measuring since the start, and on how many snapshots; they count
            as well, and so do the snapshots that it has yet to measure.
        clock: seconds from any start.
    """

    def __init__(
        self,
        share: float = SHARE,
        beside: Callable[[], tuple[float, int]] = lambda: (0.0, 0),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.share, self._beside, self._clock = share, beside, clock
        self.started = clock()
        self.spent = 0.0  # seconds inside the program's loop
        self.snapshots = 0
        self._entered: float | None = None
        self._last_cost = self._last_seen = 0.0
        self._looked = -1e9
        self._measuring, self._measured = 0.0, 0

    @property
    def elapsed(self) -> float:
        return self._clock() - self.started

    @property
    def cost(self) -> float:
        """Share of the time spent inside the loop."""
        return self.spent / max(self.elapsed, 1e-9)

    def spent_now(self) -> float:
        """Seconds spent in the loop, those of the call at hand with them."""
        return self.spent + (0.0 if self._entered is None else self._clock() - self._entered)

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Count the time spent in here."""
        self._entered = start = self._clock()
        try:
            yield
        finally:
            self.spent += self._clock() - start
            self._entered = None

    def took(self, images_seen: int, seconds: float) -> None:
        """A snapshot was taken and cost so many seconds of the loop."""
        self.snapshots += 1
        self._last_cost, self._last_seen = seconds, float(images_seen)

    def due(self, images_seen: int) -> bool:
        """Whether a snapshot is affordable, and far enough from the newest one. The first is."""
        if not self.snapshots:
            return True
        if images_seen < self._last_seen * (1 + SPACING) and images_seen >= self._last_seen:
            return False
        now = self._clock()
        allowed = self.share * (now - self.started)
        if self.spent + self._last_cost > allowed:
            return False
        if now - self._looked > 1.0:  # it reads a file
            self._looked, (self._measuring, self._measured) = now, self._beside()
        waiting = self.snapshots - self._measured
        each = self._measuring / max(1, self._measured)
        return waiting < MOST_WAITING and self.spent + self._last_cost + (self.snapshots + 1) * each <= allowed
