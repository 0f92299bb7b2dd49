"""The time that a training takes, and the signals that end it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

from ganscope.processes import started_by_torchrun

SAME_SECONDS = 5.0


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

    A second signal ends at once; the newest checkpoint stays. Torchrun's processes each get a Ctrl-C twice, from
    the terminal and from torchrun: there only one that comes SAME_SECONDS later is a second one.
    """
    came: list[float] = []

    def remember(number: int, frame: FrameType | None) -> None:
        if came and not (started_by_torchrun() and time.monotonic() - came[0] < SAME_SECONDS):
            raise KeyboardInterrupt
        came.append(time.monotonic())

    previous = {}
    with contextlib.suppress(ValueError):  # not the main thread: the caller decides about signals
        for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            previous[number] = signal.signal(number, remember)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in previous.items():
            if signal.getsignal(number) == remember:  # else what came meanwhile decided otherwise: see World.hearing
                signal.signal(number, handler)
