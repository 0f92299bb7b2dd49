"""The judge of a toy: for every snapshot a frame beside the theory and the paper's scores; then film and page."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np

from ganscope.config import Config, Plan
from ganscope.data import Dataset, ImageSet
from ganscope.drawing import draw_curves
from ganscope.errors import ConfigError
from ganscope.files import atomic
from ganscope.progress import Progress
from ganscope.recorder import Judge
from ganscope.runs import Run, Snapshot
from ganscope.toys.classes import tiled
from ganscope.toys.containers import write_frame, write_scene
from ganscope.toys.distributions import TOYS, Toy
from ganscope.toys.page import final_scores, frame_maker_of, write_toy_report
from ganscope.toys.shown import Shown

NUM_TRAIN, NUM_TEST = 100_000, 10_000  # points; PacGAN's tables train on as many


def toy_dataset(toy: Toy, *, classes: bool = False) -> Dataset:
    """The toy's points `(N, d) float32` as a data set, on request with classes; drawn once, whatever the run's seed."""
    known = tiled(toy) if classes else None

    def drawn(count: int, seed: int) -> ImageSet:
        points, labels = known.sample(count, seed) if known else (toy.sample(count, seed), None)
        return ImageSet(points, labels, known.names if known else (), f"toy {toy.name}", None)

    return Dataset(toy.name, drawn(NUM_TRAIN, 0), drawn(NUM_TEST, 1), ())


def require_points(config: Config, toy: Toy) -> None:
    """Raises ConfigError: networks or settings for images; classes of a toy that has none."""
    if config.conditional and tiled(toy) is None:
        known = ", ".join(name for name, one in TOYS.items() if tiled(one))
        raise ConfigError(
            "--conditional needs several classes", found=f"the toy {toy.name}, one class", todo=f"use one of: {known}"
        )
    if config.network != "toy" or config.flip:
        raise ConfigError(
            f"{toy.name} has points, not images",
            found="--flip" if config.flip else f"--network {config.network}",
            todo="leave --preset, --network and --flip out",
        )


def scaled(config: Plan, toy: Toy) -> Plan:
    """The config with its penalty weights in the toy's own scale: a gradient's square goes with 1 / E|x|²."""
    return dataclasses.replace(config, r1=config.r1 * toy.mean_square, r2=config.r2 * toy.mean_square)


class ToyJudge(Judge):
    """Draws every snapshot beside the theory and scores it; never ends a training."""

    def __init__(self, run: Run, toy: Toy, config: Plan, progress: Progress) -> None:
        self.run, self.config, self.progress = run, config, progress
        run.toy_path.mkdir(exist_ok=True)
        self.game = Shown.of(toy, config)
        self.toy = self.game.toy
        self._frames = frame_maker_of(run)

    def look_at(self, snapshot: Snapshot) -> str | None:
        assert snapshot.g is not None and snapshot.d is not None
        training = snapshot.d.training
        snapshot.d.eval(), snapshot.g.eval()
        if not (self.run.toy_path / "scene.glv").is_file():
            write_scene(self.run, self._frames)
        frame = self._frames.record(snapshot.images_seen, self.game.g(snapshot.g), self.game.d(snapshot.d))
        write_frame(self.run, frame, self._frames.scene)
        snapshot.d.train(training), snapshot.g.train(training)
        names = ("value", "best_value", "jsd", "jsd_floor", "modes", "high_quality", "reverse_kl", "spread")
        numbers = {name: float(np.asarray(getattr(frame, name))) for name in names}
        self.run.append(
            "evals",
            {
                "images_seen": snapshot.images_seen,
                "iteration": snapshot.iteration,
                "epoch": snapshot.epoch,
                "toy": {name: value if np.isfinite(value) else None for name, value in numbers.items()},
                "metrics": {},
                "findings": [],
                "verdict": self._verdict(numbers),
                "best": None,
            },
        )
        return None

    def _verdict(self, numbers: dict[str, float]) -> str:
        ceiling = self.toy.high_quality_ceiling
        modes = f"{numbers['modes']:.0f} of {self.toy.num_modes} modes, " if self.toy.separated else ""
        width = numbers["spread"]
        spread = f"spread {width:.2f} of the true one" if np.isfinite(width) else "no sample near a mode yet"
        return (
            f"{modes}{100 * numbers['high_quality']:.1f} % within 3σ (a perfect sampler: {100 * ceiling:.2f} %), "
            f"{spread}; V = {numbers['value']:.3f} (−log 4 = {-np.log(4):.3f}), "
            f"JSD {numbers['jsd']:.4f} (sampling alone: {numbers['jsd_floor']:.4f})"
        )

    def finish(self, wait: bool) -> None:
        if wait and self.run.verdict():
            self.progress.say(f"verdict: {self.run.verdict()}")

    def products(self) -> dict[str, Path]:
        """The scores of the newest generator, the curves, the film beside the theory, and the page with all of them."""
        run, found = self.run, final_scores(self.run)
        curves, film, scores = run.product("curves.png"), run.product("film.mp4"), run.product("scores.json")
        with atomic(curves) as file:
            draw_curves(file, run.history(), run.lines("test"), f"{self.toy.name}: {self.toy.doc}")
        with atomic(scores, "w") as file:
            json.dump(
                {name: float(value) if np.isfinite(value) else None for name, value in found.to_dict().items()}, file
            )
        self._frames.film(film, run.product("film.gif"))
        return {"scores": scores, "curves": curves, "film": film, "page": write_toy_report(run, finished=True)}
