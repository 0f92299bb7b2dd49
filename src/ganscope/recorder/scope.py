"""Watching a training that is not ours: `ganscope.watch`, the lines that somebody adds to a loop of their own.

    scope = ganscope.watch(reals, out="runs/mine")
    for step, batch in …:
        …
        scope.log(images_seen, g_loss=…, d_loss=…)
        if scope.due(images_seen):
            scope.snapshot(images_seen, lambda z: netG(z), latent_shape=(100, 1, 1))
    scope.close()

The loop pays for making the fakes and writing them down; a process beside it measures (`worker`). Nothing that goes
wrong in here ends the training: it is said once, and the loop continues.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import numpy as np

from ganscope.config import Watched
from ganscope.data import Dataset, dataset_of
from ganscope.diagnosis import Finding, stop_reason
from ganscope.errors import ConfigError, DataError, GanscopeError, RunError
from ganscope.progress import Progress, duration
from ganscope.recorder.latents import asked_of, fixed_latents, images_of, takes_labels
from ganscope.recorder.pace import Pace
from ganscope.recorder.pictures import BYTES, SIGNED, UNIT, Range, as_array, channels_first, extremes, over_white
from ganscope.recorder.products import save_curves
from ganscope.recorder.reals import LARGEST_SIDE, fitted
from ganscope.recorder.recorder import Recorder
from ganscope.recorder.scalars import Scalars
from ganscope.recorder.worker import Beside, alone
from ganscope.runs import Run
from ganscope.trackers import Bridge

OPEN: set[Path] = set()  # runs that scopes of this process write
SURE = 16  # images that lie in a part of the reals' range, from which on that is said

P = ParamSpec("P")
R = TypeVar("R")


def harmless(method: Callable[Concatenate[Scope, P], R]) -> Callable[Concatenate[Scope, P], R | None]:
    """What goes wrong in here is said once, and the training continues; the time it takes is counted."""

    @functools.wraps(method)
    def guarded(self: Scope, *args: P.args, **kwargs: P.kwargs) -> R | None:
        if self.closed or os.getpid() != self._process:  # a forked worker has a copy, which is not the training's
            return None
        with self.pace.spending():
            try:
                return method(self, *args, **kwargs)
            except Exception as error:
                self.complain(method.__name__, error)
                return None

    return cast("Callable[Concatenate[Scope, P], R | None]", guarded)


def number_of_images(images_seen: Any) -> int:
    """Images seen as a whole number.

    Raises:
        ConfigError: it is none, or below 0.
    """
    try:
        seen = int(images_seen)
    except (TypeError, ValueError, OverflowError):
        seen = -1
    if seen < 0:
        todo = "count the images that D has seen: step * batch_size"
        raise ConfigError("images_seen is no number of images", found=repr(images_seen)[:40], todo=todo)
    return seen


class Scope:
    """One watched training. Made by `watch`.

    Attributes:
        run: the run that it leaves. closed: whether it takes no more.
    """

    def __init__(
        self,
        run: Run,
        settings: Watched,
        dataset: Dataset,
        known: Range | None,
        progress: Progress,
        log_to: Sequence[str] = (),
    ) -> None:
        self.run, self.settings, self.dataset, self.progress = run, settings, dataset, progress
        self._process = os.getpid()
        self._lock = contextlib.ExitStack()
        if (where := run.path.resolve()) in OPEN:
            todo = "close the earlier one first: scope.close(wait=False)"
            raise RunError(f"{run.path} is in use by this program's own watch", found="it is not closed", todo=todo)
        self._lock.enter_context(run.locked())
        OPEN.add(where)
        self._lock.callback(OPEN.discard, where)
        self.closed = False
        self._beside = Beside(run, progress)
        self.pace = Pace(beside=lambda: self._beside.spent(since=self._started_at))
        self._recorder = Recorder(
            run,
            num_images=len(dataset.train.images),
            images_per_iteration=settings.batch_size or 1,
            judge=self._beside,
            bridge=Bridge(run, log_to, progress.say) if log_to else None,
        )
        self._scalars = Scalars(probabilities=settings.objective != "wasserstein")
        self._fake_range, self._fakes_known = known, known is not None and known != BYTES
        self._complaints: set[str] = set()
        self._newest, self._opened = -1, False
        last = [line["images_seen"] for name in ("history", "evals") for line in run.lines(name)[-1:]]
        self._recorded = max([*last, *run.samples()[-1:]], default=-1)
        self._started_at = max([line.get("train_seconds") or 0.0 for line in run.lines("timing")], default=0.0)
        self._latents: dict[tuple[Any, ...], np.ndarray] = {}
        self._one_hot = False
        self._again: Callable[[int], None] | None = None  # a snapshot of the generator that was shown last
        atexit.register(self._at_exit)

    # ---- what a loop calls -------------------------------------------------------------------------------------------
    @harmless
    def log(self, images_seen: int, /, **scalars: Any) -> None:
        """Numbers of one step by name: `g_loss`, `d_loss`, D's mean scores `d_real` and `d_fake`, and any other.

        Floats or tensors, whose mean counts; tensors are read once a line, not at every step. Scores are probabilities,
        or logits where any lies outside [0, 1].
        """
        seen = self._at(images_seen)
        try:
            self._scalars.add(scalars)
        finally:  # what is wrong is left out, the rest is kept
            if self._scalars.due:
                self._write_line(seen)

    def due(self, images_seen: int) -> bool:
        """Whether a snapshot is due now: as often as a tenth of the time allows."""
        if self.closed or os.getpid() != self._process:
            return False
        try:
            return self.pace.due(number_of_images(images_seen))
        except Exception as error:
            self.complain("due", error)
            return False

    @harmless
    def snapshot(
        self,
        images_seen: int,
        fakes: Any,
        *,
        latent_shape: tuple[int, ...] | int | None = None,
        labels: Any = None,
        scores: Any = None,
        latent: str = "normal",
        batch: int = 100,
    ) -> None:
        """Images of the generator as it is now.

        Args:
            fakes: a function from latents to images, called on the same latents every time; or images, which keep
                their identity where they come from the same latents.
            latent_shape: of one latent, for a function: 100, or (100, 1, 1).
            labels: `(M,)`, by their places among the reals' classes, for a function of latents and labels (None: all
                classes in turn), or what images were asked for.
            scores: D's probabilities of these images `(M,)`, where known. latent: normal, or uniform on [-1, 1].
        """
        seen = self._at(images_seen)
        if seen in self.run.samples():
            raise ConfigError(
                f"there is a snapshot at {seen:,} images already", todo="count every image that D has seen"
            )
        start = self.pace.spent_now()
        images = self._made(fakes, latent_shape, labels, latent, batch) if callable(fakes) else as_array(fakes)
        if not len(images):
            raise DataError("a snapshot needs images", found=f"shape {images.shape}")
        self._again = None
        if callable(fakes):
            again = dict(latent_shape=latent_shape, labels=labels, latent=latent, batch=batch)
            self._again = functools.partial(self.snapshot, fakes=fakes, **again)
        pixels = self._pixels(images)[: self.settings.num_fakes]
        self._agree(pixels)
        self._write_line(seen)
        marks = None if scores is None else as_array(scores).reshape(-1).astype(np.float32)[: len(pixels)]
        taken = fitted(pixels, self.settings.size, self.settings.channels)
        asked = asked_of(fakes, labels, len(taken), len(self.dataset.train.class_names))
        spent = self._started_at + self.pace.elapsed
        self._recorder.snapshot(seen, taken, labels=asked, scores=marks, train_seconds=spent)
        self.pace.took(seen, self.pace.spent_now() - start)

    def close(self, wait: bool = True) -> None:
        """Measure what waits, lay out the map, write the page, and say what watching cost.

        The end of the training is a snapshot, due or not, where the last one was given a function.

        Args:
            wait: False leaves what waits for the next start of this run, and writes no page.
        """
        if self.closed or os.getpid() != self._process:
            return
        if wait and self._again is not None and self._newest > max(self.run.samples(), default=-1):
            self._again(self._newest)
        self._again = None
        cost, elapsed = self.pace.spent, self.pace.elapsed
        try:
            if self._newest >= 0:
                self._write_line(self._newest)
        except Exception as error:
            self.complain("log", error)
        try:
            self._beside.finish(wait)
            whole = duration(elapsed) if elapsed > 10 else f"{elapsed:.1f} s"
            measured, _ = self._beside.spent(since=self._started_at)
            self.progress.say(
                f"watching took {cost / max(elapsed, 1e-9):.1%} of the loop's time ({cost:.1f} s of "
                f"{whole}); measuring beside it {measured:.1f} s of another process"
            )
            if wait and (self.run.samples() or self.run.history()):
                self.run.mark_finished(  # before the page, which says whether it is
                    {"status": "finished", "reason": "", "images_seen": max(self._newest, 0), "train_seconds": elapsed}
                )
                self._products()
            if self._recorder.bridge is not None:
                self._recorder.bridge.finish(self.run.product("report.html") if wait else None)
        except Exception as error:
            self.complain("close", error)
        finally:
            self.closed = True
            atexit.unregister(self._at_exit)
            self._lock.close()

    def __enter__(self) -> Scope:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close(wait=kind is None)

    # ---- what it knows -----------------------------------------------------------------------------------------------
    @property
    def verdict(self) -> str:
        """The newest verdict in one line; empty before the first measurement."""
        return self.run.verdict()

    @property
    def findings(self) -> list[Finding]:
        """What the newest measured snapshot shows, gravest first."""
        keys = [one.name for one in dataclasses.fields(Finding)]
        lines = [line for evaluation in self.run.evals()[-1:] for line in evaluation.get("findings", ())]
        return [Finding(**{key: line[key] for key in keys if key in line}) for line in lines]

    @property
    def stop_reason(self) -> str | None:
        """Why it is time to stop, with the figures; None to go on."""
        facts = {**self.settings.to_dict(), "num_images": len(self.dataset.train.images)}
        return stop_reason(self.run.history(), self.run.lines("test"), self.run.evals(), facts)

    def page(self, out: Path | str | None = None) -> Path:
        """Write the run as one HTML file; returns its path."""
        from ganscope.page import write_report

        return write_report(self.run, None if out is None else Path(out))

    def complain(self, doing: str, error: Exception) -> None:
        """Say once what went wrong."""
        text = str(error) if isinstance(error, GanscopeError) else f"{type(error).__name__}: {error}"
        if text not in self._complaints:
            self._complaints.add(text)
            Progress().say(f"ganscope: {doing} failed, the training continues: {text}")  # quiet or not

    # ---- how ---------------------------------------------------------------------------------------------------------
    def _at(self, images_seen: int) -> int:
        """The first moment of a start decides what of an earlier one still holds; later ones give the batch's size.

        Raises:
            ConfigError: no number of images, or one that has gone back.
        """
        seen = number_of_images(images_seen)
        if seen < self._newest:
            raise ConfigError(
                "images_seen has gone back: what comes with it is left out until it has passed the newest again",
                found=f"{seen:,} after {self._newest:,}",
                todo="count the images that D has seen since the training began, through all its epochs",
            )
        if not self._opened:
            self._opened = True
            self.run.unmark_finished()
            if seen <= self._recorded:
                self.progress.say(
                    f"{self.run.path} had got to {self._recorded:,} images, the training continues at {seen:,}: "
                    "what came after is dropped"
                )
                with alone(self.run):
                    self.run.rewind(seen - 1)
        if seen > self._newest >= 0 and self.settings.batch_size is None:
            step, known = seen - self._newest, self._recorder.images_per_iteration
            self._recorder.images_per_iteration = step if known == 1 else min(step, known)
        self._newest = max(self._newest, seen)
        return seen

    def _write_line(self, images_seen: int) -> None:
        if self._scalars.due or self._scalars.waiting:
            logits = self._scalars.logits
            self._recorder.log(int(images_seen), self._scalars.line())
            if self._scalars.logits and not logits:
                self.progress.say("D's scores are logits: shown as their sigmoid")

    def _made(
        self, make: Callable[..., Any], shape: tuple[int, ...] | int | None, labels: Any, latent: str, batch: int
    ) -> np.ndarray:
        if shape is None:
            raise ConfigError(
                "a snapshot from a function needs the shape of a latent",
                found="latent_shape is not given",
                todo="for example: scope.snapshot(images_seen, netG, latent_shape=(100, 1, 1))",
            )
        key = ((shape,) if isinstance(shape, int) else tuple(shape), latent)
        if key not in self._latents:
            self._latents[key] = fixed_latents(self.settings.num_fakes, key[0], self.settings.seed, latent)
        z, classes = self._latents[key], len(self.dataset.train.class_names)
        marks = np.arange(len(z)) % max(1, classes) if labels is None else as_array(labels).astype(np.int64)
        z = z[: len(marks)]
        if self._one_hot:
            return images_of(make, z, np.eye(classes, dtype=np.float32)[marks], batch=batch)
        try:
            return images_of(make, z, marks, batch=batch)
        except Exception as error:
            if not (takes_labels(make) and classes > 1 and labels is None):
                raise
            try:
                made = images_of(make, z, np.eye(classes, dtype=np.float32)[marks], batch=batch)
            except Exception:
                raise error from None
            self._one_hot = True
            self.progress.say(f"the generator takes its labels as one-hot rows of {classes}")
            return made

    def _pixels(self, images: np.ndarray) -> np.ndarray:
        """`(M, C, H, W) uint8` of whatever a generator gives, in the range that it shares with the reals."""
        known: Range | None
        low, high = extremes(images)
        if np.isnan(low):
            self.complain("measuring", DataError("every value of the fakes is no number: the generator has diverged"))
            low = high = 0.0
        if images.dtype == np.uint8:
            known = BYTES
        elif self._fake_range is None or not self._fakes_known:
            known = next((r for r in (UNIT, SIGNED) if r.holds(low, high)), BYTES if low >= 0 and high < 256 else None)
            if known is None:
                found = f"values from {low:.4g} to {high:.4g}"
                raise DataError(
                    "the fakes have no range that is known", found=found, todo="give value_range=(low, high)"
                )
            if self._fake_range not in (None, BYTES, known):
                known = SIGNED  # the first pictures of a tanh may all be positive
            if self._fake_range != known:
                self.progress.say(f"the fakes' values are read as {known}")
            self._fake_range = known
        else:
            known = self._fake_range
            if known == SIGNED and low >= 0 and high > 0.5 and len(images) >= SURE:
                self.complain(
                    "sharing one range",
                    DataError(
                        "all the fakes' values lie in [0, 1], the reals' in [-1, 1]: they are read as the reals' are",
                        todo="end G in tanh, or give the reals in [0, 1]; hand over what G makes, not what is shown",
                    ),
                )
            if not known.holds(low, high):
                self.complain(
                    "sharing one range",
                    DataError(
                        "the fakes have values that no real image has: D can tell them by these alone",
                        found=f"fakes from {low:.3g} to {high:.3g}, reals in {known}",
                        todo="end G in the reals' range (tanh: [-1, 1], sigmoid: [0, 1]); they are cut off here",
                    ),
                )
        train = self.dataset.train.images.shape[1:]
        first = channels_first(images, (int(train[0]), int(train[1]), int(train[2])), "the fakes")
        return over_white(known.to_uint8(first))

    def _agree(self, pixels: np.ndarray) -> None:
        """At the first snapshot: reals of the fakes' size, and as many fakes as there are."""
        if self.run.samples() or self.run.fakes(unseen=True):
            return
        size, count = min(LARGEST_SIDE, *pixels.shape[2:]), min(len(pixels), self.settings.num_fakes)
        changed = dataclasses.replace(self.settings, num_fakes=count)
        if size < self.settings.size and not self.settings.stored:
            self.progress.say(f"the fakes are {size}×{size}: so are the reals that they are held against")
            changed = dataclasses.replace(changed, size=size)
            self.dataset = dataset_of(changed, self.progress.say)
        if changed != self.settings:
            self.settings = changed
            self.run.store_config(changed)

    def _products(self) -> None:
        for make in (lambda: save_curves(self.run), self.page):
            try:
                path = make()
            except GanscopeError as error:
                self.progress.say(f"ganscope: {error}")
        self.progress.say(f"ganscope: {path}")

    def _at_exit(self) -> None:
        self._again = None  # the program is ending: its generator is let be
        self.close(wait=not hasattr(sys, "last_value"))
