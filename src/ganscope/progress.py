"""The live line of a training: rewritten in place on a terminal, one line every few seconds in a log file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from ganscope.errors import plain

Say = Callable[[str], None]  # what a slow function tells while it works: one short line at a time

LOG_FILE_SECONDS = 10.0  # between lines where nothing can be rewritten in place
TERMINAL_SECONDS = 0.2


@dataclass(frozen=True)
class Status:
    """Where a training stands; losses and scores are means over the last logging interval."""

    epoch: float
    epochs: float
    images_per_second: float
    seconds_left: float
    d_loss: float
    g_loss: float
    d_real: float
    d_fake_before: float
    d_fake_after: float


def line_of(status: Status) -> str:
    """One line of at most about 110 characters."""
    return (
        f"epoch {status.epoch:.2f}/{status.epochs:g} · {status.images_per_second:,.0f} images/s · "
        f"{duration(status.seconds_left)} left · loss D {status.d_loss:.3f} G {status.g_loss:.3f} · "
        f"D(x) {status.d_real:.2f} · D(G(z)) {status.d_fake_before:.2f} → {status.d_fake_after:.2f}"
    )


def duration(seconds: float) -> str:
    """`42 s`, `3:07`, `1:02:09`, or `?` before it can be known."""
    if not 0 <= seconds < 1e8:
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


class Progress:
    """Writes statuses to a stream; `say` writes a line that stays."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self.stream = stream or sys.stderr
        self.terminal = self.stream.isatty()
        self.quiet = quiet
        self._width = 0
        self._last = 0.0

    def update(self, status: Status, force: bool = False) -> None:
        """Show `status`, if the last one is old enough."""
        now = time.monotonic()
        if self.quiet or (not force and now - self._last < (TERMINAL_SECONDS if self.terminal else LOG_FILE_SECONDS)):
            return
        self._last = now
        line = line_of(status)
        if self.terminal:
            self.stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self.stream.write(line + "\n")
        self.stream.flush()

    def say(self, text: str) -> None:
        """A line that stays above the live one."""
        if self.quiet:
            return
        if self._width:
            self.stream.write("\r" + " " * self._width + "\r")
            self._width = 0
        self.stream.write(plain(text) + "\n")
        self.stream.flush()

    def close(self) -> None:
        """End the live line."""
        if self._width and not self.quiet:
            self.stream.write("\n")
            self._width = 0
