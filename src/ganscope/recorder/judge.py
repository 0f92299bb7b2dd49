"""What looks at the snapshots of a run. The base class sees nothing; `ImageJudge` measures against real images."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganscope.config import RecordSettings, unmeasured
from ganscope.data import Dataset, cache_root
from ganscope.diagnosis import Finding, KnownLines, best_snapshot, diagnose, joined, quality_now, stop_reason, verdict
from ganscope.maps import MapMaker
from ganscope.metrics import Evaluator
from ganscope.progress import Progress
from ganscope.recorder.products import make_products
from ganscope.runs import GrowingLines, Run, Snapshot

FEW_FAKES = 128  # below that, numbers about the whole distribution are noise and are not given
NEED_MANY = ("frechet", "recall", "coverage", "modes", "class_kl")


class Judge:
    """Looks at every snapshot and may advise to stop. This one has nothing to say."""

    def look_at(self, snapshot: Snapshot) -> str | None:
        """Why the training should end, or None."""
        return None

    def finish(self, wait: bool) -> None:
        """After the training; `wait`: for what still runs in the background."""

    def close(self) -> None:
        """End the background work, if any is left."""

    def products(self) -> dict[str, Path]:
        """What is made of the finished run: name → file."""
        return {}

    def costs(self) -> dict[str, float]:
        """Seconds spent in this process, by purpose."""
        return {}


Callback = Callable[[Snapshot], str | None]  # of a program; text ends the training


class CallingJudge(Judge):
    """Another judge, and a program's own function after it."""

    def __init__(self, judge: Judge, callback: Callback) -> None:
        self.judge, self.callback = judge, callback

    def look_at(self, snapshot: Snapshot) -> str | None:
        advice = self.judge.look_at(snapshot)
        return self.callback(snapshot) or advice

    def finish(self, wait: bool) -> None:
        self.judge.finish(wait)

    def close(self) -> None:
        self.judge.close()

    def products(self) -> dict[str, Path]:
        return self.judge.products()

    def costs(self) -> dict[str, float]:
        return self.judge.costs()


class ImageJudge(Judge):
    """Measures each snapshot against real images, names what goes wrong, places its fakes on the map, and advises.

    What it needs of the reals is gathered at the first snapshot, which comes a few iterations into the training, so
    that the first step does not wait for it.

    Args:
        yields: it runs in a process that lets others go first: while it waits for a core it costs the training nothing.
    """

    def __init__(
        self, run: Run, dataset: Dataset, settings: RecordSettings, progress: Progress, yields: bool = False
    ) -> None:
        self._yields = yields
        self.run, self.dataset, self.settings, self.progress = run, dataset, settings, progress
        self._facts: dict[str, Any] = {
            **settings.to_dict(),
            "num_images": len(dataset.train.images),
            "class_names": list(dataset.train.class_names),
        }
        self.also: Callable[[int], tuple[dict[str, Any], list[Finding]]] = lambda images_seen: ({}, [])
        # Each line is read once: a thousand snapshots are not to cost the square of what one costs.
        self._lines = {name: GrowingLines(run, name) for name in ("history", "test", "evals")}
        self._known: dict[str, KnownLines] = {}
        self._seconds = {"metrics": 0.0, "map": 0.0}
        self._monitor: Evaluator | None = None
        self._map: MapMaker | None = None
        self._wanted = settings.metrics or settings.map != "none"
        if unmeasured(len(dataset.train.images)):
            progress.say(unmeasured(len(dataset.train.images)))
            self._wanted = False
        self._top = ""

    def look_at(self, snapshot: Snapshot) -> str | None:
        if not self._wanted:
            return None
        if self._monitor is None:
            self._gather()
        return self._judge(snapshot)

    def _gather(self) -> None:
        """Everything about the reals, and the start of their layout."""
        from ganscope.features import feature_space, recalled  # torch: not before it is needed

        cache, data = cache_root(), self.dataset
        space = feature_space(data.train, data.test, cache, progress=self.progress.say)
        pixels = feature_space(data.train, data.test, cache, name="pca", progress=self.progress.say)
        # Without labels nothing says which space ranks rightly, so that there are two: texture and structure.
        shapes = None if space.num_classes else feature_space(data.train, data.test, cache, name="structure")
        self._monitor = Evaluator(
            data.train, data.test, space, pixels, num_fake=self.settings.num_fakes, seed=self.settings.seed,
            structure=shapes, recall=functools.partial(recalled, cache=cache),
        )  # fmt: skip
        self._facts["class_names"] = list(self._monitor.kind_names)
        if self.settings.map != "none":
            self._map = MapMaker(self.run, data, self._monitor, self.settings)

    def _judge(self, snapshot: Snapshot) -> str | None:
        assert self._monitor is not None
        start = self._now()
        reason = None
        if self.settings.metrics:
            seen = self._monitor.observe(snapshot.fakes, snapshot.labels)
            features, labels = seen.pop("features"), seen.pop("labels")
            if len(snapshot.fakes) < FEW_FAKES:
                for name in NEED_MANY:
                    seen["metrics"].pop(name, None)
                seen.pop("class_share", None)
            reason = self._record(snapshot, seen)
        else:
            features, labels = self._monitor.places(snapshot.fakes)
        measured = self._now()
        if self._map is not None:
            self._map.place(snapshot, features, labels)
        placed = self._now()
        spent = {"metrics": self._between(start, measured), "map": self._between(measured, placed)}
        for name, seconds in spent.items():
            self._seconds[name] += seconds
        self.run.append(
            "timing",
            {
                "images_seen": snapshot.images_seen,
                "kind": "snapshot",
                "metrics_seconds": spent["metrics"],
                "map_seconds": spent["map"],
                "train_seconds": snapshot.train_seconds,
            },
        )
        return reason

    @staticmethod
    def _now() -> tuple[float, float]:
        """Seconds of the clock on the wall, and of this process on any core."""
        return time.monotonic(), time.process_time()

    def _between(self, start: tuple[float, float], end: tuple[float, float]) -> float:
        wall, cores = end[0] - start[0], end[1] - start[1]
        return min(wall, cores) if self._yields else wall

    def _record(self, snapshot: Snapshot, seen: dict[str, Any]) -> str | None:
        """One line of evals.jsonl: metrics, findings, the verdict, the best snapshot so far."""
        more, warnings = self.also(snapshot.images_seen)
        seen["metrics"] |= more
        line: dict[str, Any] = {
            "images_seen": snapshot.images_seen, "iteration": snapshot.iteration, "epoch": snapshot.epoch, **seen,
        }  # fmt: skip
        for name, lines in self._lines.items():
            newest = [line] if name == "evals" else []
            self._known[name] = KnownLines(lines.lines(), newest, before=self._known.get(name))
        evals = self._known["evals"]
        known = self._known["history"], self._known["test"], evals, self._facts
        findings = joined(diagnose(*known), warnings)
        line["findings"] = [finding.to_dict() for finding in findings]
        line["quality"] = quality_now(evals).to_dict()
        line["verdict"] = verdict(findings, evals, self._facts)
        if len(snapshot.fakes) < FEW_FAKES:
            line["verdict"] += f" {len(snapshot.fakes)} images a snapshot are too few for Fréchet, recall and coverage."
        line["best"] = best_snapshot(evals, self.settings.best_by)
        self.run.append("evals", line)
        top = findings[0].id if findings else ""
        if top != self._top:
            self._top = top
            self.progress.say(f"at {snapshot.images_seen:,} images: {line['verdict']}")
        return stop_reason(*known) if self.settings.stop == "auto" else None

    def finish(self, wait: bool) -> None:
        """Wait for the map where it is still being laid out, and place what waited for it."""
        if self._map is not None and wait:
            self._map.finish(self.progress.say)
        if wait and self.settings.metrics and self.run.verdict():
            self.progress.say(f"verdict: {self.run.verdict()}")

    def close(self) -> None:
        if self._map is not None:
            self._map.close()

    def products(self) -> dict[str, Path]:
        """Curves, films and the page of the run."""
        return make_products(self.run, self.progress)

    def costs(self) -> dict[str, float]:
        """Seconds spent on metrics and on the map."""
        return {f"{name}_seconds": seconds for name, seconds in self._seconds.items()}
