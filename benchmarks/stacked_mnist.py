"""Stacked MNIST: 1,000 modes of three digits in three colours, from one training that can be interrupted at any time.

    GANSCOPE_DATA=… python benchmarks/stacked_mnist.py --run runs/stacked [--seed 0] [--million 3] [setting=value …]
    … --table RUN …                    only the table of runs that are there

Protocol (PacGAN, Lin et al. 2018, section 4.2): 128,000 training images of 28×28×3, each channel a digit drawn from
MNIST's training images with replacement; 26,000 generated images; a classifier of single digits names each channel; a
mode is found with one image; Kullback-Leibler divergence of the found shares from the uniform ones in natural
logarithms. A perfect sampler of MNIST's own digits is scored beside it: its score is no 0.

The run is an ordinary one of ganscope's (exact resume, history, grids); every snapshot's generator is scored, and
`modes.jsonl` in the run says when each score was reached, in seconds of training alone and of everything.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganscope.config import plan
from ganscope.config.fields import Config
from ganscope.config.presets import make_config
from ganscope.data.load import cache_root, load_dataset
from ganscope.device import Backend
from ganscope.features.spaces import FeatureSpace, feature_space
from ganscope.launch.estimate import network_summary
from ganscope.progress import Progress
from ganscope.recorder import Judge, Recorder, planned
from ganscope.runs.environment import describe
from ganscope.runs.run import Run
from ganscope.runs.snapshot import Snapshot
from ganscope.training.loop import train
from ganscope.training.sampling import generate, latents
from ganscope.training.state import backend_of
from given import settings_of

TRAINING_IMAGES, SCORED_IMAGES, MODES = 128_000, 26_000, 1000
# What won in short trials of recipes (docs/log.md).
RECIPE: dict[str, Any] = dict(
    g_width=64, d_width=48, bottom=False, r1=1.0, r2=1.0, penalty_share=1.0, g_lr=1e-3,
    d_lr=1e-3, burn_in_lr=0.1, burn_in_penalty=0.1, burn_in_beta2=0.9, ema_half_life=20_000.0,
)  # fmt: skip
THRESHOLDS = (500, 900, 990, 1000)


def stacked(digits: np.ndarray, count: int, seed: int) -> np.ndarray:
    """`count` images `(count, 3, 28, 28) uint8`, each channel one of `digits`, `(N, 1, 28, 28) uint8`, at random."""
    chosen = np.random.default_rng([seed, 3]).integers(0, len(digits), (count, 3))
    return np.ascontiguousarray(digits[:, 0][chosen])


def modes_of(images: np.ndarray, space: FeatureSpace) -> np.ndarray:
    """The mode, 0 to 999, of every image `(N, 3, 28, 28) uint8`: the digits of its channels, red the hundreds."""
    digits = np.stack([space.classify(images[:, c : c + 1]).argmax(axis=1) for c in range(3)], axis=1)
    found: np.ndarray = digits @ np.array([100, 10, 1])
    return found


def score(modes: np.ndarray) -> tuple[int, float]:
    """Modes found, and the divergence of their shares from the uniform ones."""
    share = np.bincount(modes, minlength=MODES) / len(modes)
    share = share[share > 0]
    return len(share), float((share * np.log(share * MODES)).sum())


class Scorer(Judge):
    """Scores every snapshot and keeps the scores beside the run."""

    def __init__(self, run: Run, config: Config, backend: Backend, space: FeatureSpace) -> None:
        self.path, self.config, self.backend, self.space = run.path / "modes.jsonl", config, backend, space
        lines = lines_of(run.path)
        last = lines[-1] if lines else {"seconds": 0.0, "train_seconds": 0.0}
        self.before, self.train_before = last["seconds"], last["train_seconds"]
        self.started = time.monotonic()

    def look_at(self, snapshot: Snapshot) -> None:
        z = latents(self.config, SCORED_IMAGES, "modes")
        found, divergence = score(modes_of(generate(snapshot.g, z, self.backend), self.space))
        line = {
            "images_seen": snapshot.images_seen, "modes": found, "kl": divergence,
            "train_seconds": self.train_before + snapshot.train_seconds,
            "seconds": self.before + time.monotonic() - self.started,
        }  # fmt: skip
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        text = f"{snapshot.images_seen:,} images: {found} modes, KL {divergence:.4f}"
        print(f"{text}, {line['seconds']:.0f} s", flush=True)


def lines_of(path: Path) -> list[dict[str, Any]]:
    file = path / "modes.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def table(paths: list[Path], floor: tuple[int, float] | None = None) -> str:
    """Markdown: a row a run, with when each number of modes was reached."""
    reached = " | ".join(f"{count} modes" for count in THRESHOLDS)
    lines = [f"| run | images | modes | KL | best KL | {reached} | in all |", "|---|--:|--:|--:|--:|" + "--:|" * 5]
    if floor:
        lines.append(f"| a perfect sampler of MNIST's digits | | {floor[0]} | {floor[1]:.4f} | | | | | | |")
    for path in paths:
        scores = lines_of(path)
        if not scores:
            continue
        times = []
        for count in THRESHOLDS:
            first = next((s for s in scores if s["modes"] >= count), None)
            times.append(f"{first['seconds'] / 60:.1f} min" if first else "not")
        last, best = scores[-1], min(scores, key=lambda s: s["kl"])
        lines.append(
            f"| {path.name} | {last['images_seen']:,} | {last['modes']} | {last['kl']:.4f} "
            f"| {best['kl']:.4f} at {best['images_seen']:,} | {' | '.join(times)} | {last['seconds'] / 60:.0f} min |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", help="name=value: settings other than the recipe's")
    parser.add_argument("--run", type=Path, default=Path("runs/stacked"))
    parser.add_argument("--preset", default="r3dcgan")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--million", type=float, default=3.0, help="training images seen, in millions")
    parser.add_argument("--snapshots", type=int, default=24)
    parser.add_argument("--table", type=Path, nargs="+", help="train nothing")
    arguments = parser.parse_args()
    if arguments.table:
        print(table(arguments.table))
        return
    say = Progress(quiet=False)
    mnist = load_dataset("mnist", progress=say.say)
    space = feature_space(mnist.train, mnist.test, cache_root(), progress=say.say)
    print(f"digits named rightly: {space.accuracy:.2%} of MNIST's test images")
    floor = score(modes_of(stacked(mnist.test.images, SCORED_IMAGES, 1), space))
    print(f"a perfect sampler: {floor[0]} modes, KL {floor[1]:.4f}", flush=True)

    images = stacked(mnist.train.images, TRAINING_IMAGES, arguments.seed)
    settings = {**RECIPE, "burn_in": round(1e6 * arguments.million)} if arguments.preset == "r3dcgan" else {}
    settings |= settings_of(arguments.settings)
    config = plan(make_config(
        "stacked-mnist", arguments.preset, **settings, seed=arguments.seed, snapshots=arguments.snapshots,
        metrics=False, map="none", epochs=arguments.million * 1e6 / len(images), num_fakes=128,
    ), num_images=len(images), size=28, channels=3)  # fmt: skip
    backend = backend_of(config)
    if (arguments.run / "config.json").exists():
        run = Run(arguments.run)
        config = dataclasses.replace(run.config(), epochs=config.epochs)
    else:
        facts = describe(command=["stacked_mnist"], backend_reason=backend.reason, threads=backend.threads, dataset={})
        run = Run.create(arguments.run, config, facts, network_summary(config))
    torch.set_flush_denormal(True)
    with run.locked():
        scorer = Scorer(run, config, backend, space)
        step = config.images_per_iteration
        due = planned(config.snapshot_every or 1, step)
        recorder = Recorder(run, num_images=len(images), images_per_iteration=step, due=due, judge=scorer)
        outcome = train(
            run, images, stacked(mnist.test.images, 2000, 2), config, backend, recorder,
            data_hash=f"stacked {arguments.seed}", progress=say,
        )  # fmt: skip
    print(outcome.status)
    print(table([arguments.run], floor))


if __name__ == "__main__":
    main()
