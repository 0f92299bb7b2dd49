"""A run told to trackers as it grows: each line, image and finding once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ganscope.errors import ConfigError, did_you_mean
from ganscope.runs import Run
from ganscope.trackers.services import TRACKERS, Tracker, start

POSITION = ("images_seen", "iteration", "epoch")


def tracker_names(text: str) -> tuple[str, ...]:
    """`tensorboard,wandb` as names.

    Raises:
        ConfigError: a tracker that is not known.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in TRACKERS:
            raise ConfigError(f"--log-to knows no {name!r}", found=name, todo=did_you_mean(name, TRACKERS))
    return names


class Bridge:
    """Tells what is new in a run. A tracker that fails is said once and left out; the training goes on.

    Raises:
        DependencyError: a tracker's package is not installed.
    """

    def __init__(self, run: Run, names: Sequence[str], say: Callable[[str], None]) -> None:
        self.run, self._say = run, say
        self._trackers: dict[str, Tracker] = {name: start(name, run) for name in names}
        self._told = {"history": -1, "evals": -1, "images": -1}
        self._findings: set[str] = set()

    def update(self) -> None:
        """Tell the lines and images that were not there before."""
        if not self._trackers:
            return
        for line in self._new("history", self.run.history()):
            self._each("scalars", _numbers(line), line["images_seen"])
        for seen in [seen for seen in self.run.samples() if seen > self._told["images"]]:
            self._told["images"] = seen
            if self.run.sample_path(seen).is_file():
                self._each("image", "images", self.run.sample_path(seen), seen)
        for line in self._new("evals", self.run.evals()):
            values = {name: metric.get("value") for name, metric in (line.get("metrics") or {}).items()}
            self._each("scalars", _numbers(values), line["images_seen"])
            names = {finding["id"] for finding in line.get("findings", ())}
            for finding in line.get("findings", ()):
                if finding["id"] not in self._findings:
                    self._each("finding", finding, line["images_seen"])
            self._findings = names  # one that comes back is told again

    def finish(self, page: Path | None = None) -> None:
        """The rest, the page, and the end."""
        self.update()
        if page is not None and page.is_file():
            self._each("page", page)
        self._each("close")
        self._trackers = {}

    def _new(self, name: str, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = [line for line in lines if line.get("images_seen", -1) > self._told[name]]
        if found:
            self._told[name] = found[-1]["images_seen"]
        return found

    def _each(self, method: str, *given: Any) -> None:
        for name, tracker in list(self._trackers.items()):
            try:
                getattr(tracker, method)(*given)
            except Exception as error:
                self._say(f"--log-to {name} has failed and is left out: {type(error).__name__}: {error}")
                del self._trackers[name]


def _numbers(line: dict[str, Any]) -> dict[str, float]:
    """The finite numbers of a line, without its position."""
    return {
        name: float(value)
        for name, value in line.items()
        if name not in POSITION and isinstance(value, int | float) and math.isfinite(value)
    }
