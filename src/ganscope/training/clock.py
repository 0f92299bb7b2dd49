"""The time that a training takes, and the signals that end it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType


class Clock:
    """Seconds of training, without those spent on snapshots and checkpoints."""

    def __init__(self) -> None:
        self.started, self.paused_seconds = time.monotonic(), 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started - self.paused_seconds

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.paused_seconds += time.monotonic() - start


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C, SIGTERM and a closed terminal finish the step: a function that says whether one came.

    A second signal ends at once; the newest checkpoint stays.
    """
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    previous = {}
    with contextlib.suppress(ValueError):  # not the main thread: the caller decides about signals
        for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            previous[number] = signal.signal(number, remember)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
