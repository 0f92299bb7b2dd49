"""The tables of the papers on toys with known modes: 2-D ring and 2-D grid, with PacGAN's data and scoring.

    python benchmarks/papers.py ring grid             trains what is missing (10 seeds each) and prints the table
    python benchmarks/papers.py ring --seeds 3        fewer seeds
    python benchmarks/papers.py --table               only the table of what is there

A seed is one JSON file in `--out`; one that exists is not trained again, so the benchmark can be interrupted at any
time and goes on where it was. The iteration is ganscope's own (`step.train_iteration`).

Protocol (Lin et al. 2018, section 4.1, and its published code): 100,000 training points; 2,500 samples scored; a sample
is good within 3 σ of the nearest centre, a mode is found with one good sample, reverse KL compares the good samples'
shares of the modes with the true ones. Beside it the spread inside a mode against the true σ, because samples nearer to
the centres than the data's score higher and are wrong.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganscope.config import plan
from ganscope.config.presets import make_config
from ganscope.device import choose_backend
from ganscope.toys import distributions
from ganscope.toys.distributions import TOYS, Toy
from ganscope.training.batches import Batches
from ganscope.training.sampling import generate, latents, sampler
from ganscope.training.state import new_state
from ganscope.training.step import Game, train_iteration

TRAINING_POINTS, SCORED_SAMPLES, CONTROL_SAMPLES = 100_000, 2_500, 100_000
PUBLISHED = {
    "ring": "7.9 ± 0.1 | 97.7 ± 0.3 % | 0.07 ± 0.03",  # the best of each column, from PacGAN2 to PacGAN4
    "grid": "24.8 ± 0.2 | 94.2 ± 0.4 % | 0.04 ± 0.01",
}
ITERATIONS = {"ring": 6_000, "grid": 10_000}
BATCH = 512
PARTS = 10  # points of the curve of scores


def train_once(toy: Toy, seed: int, iterations: int) -> dict[str, Any]:
    """Train on `toy` and score: the scores at 2,500 samples, and at many more."""
    points = toy.sample(TRAINING_POINTS, np.random.default_rng([seed, 1]))
    # The preset of `ganscope train ring` or `grid`, its schedule stretched, its batches larger; γ goes with E|x|².
    config = make_config(
        toy.name, seed=seed, batch_size=BATCH, burn_in_lr=0.003, ema_half_life=100_000.0,
        num_fakes=SCORED_SAMPLES, precision="float32", threads=1,
    )  # fmt: skip
    config = plan(dataclasses.replace(
        config, epochs=iterations * config.batch_size / len(points), burn_in=iterations * config.batch_size,
        r1=config.r1 * toy.mean_square, r2=config.r2 * toy.mean_square,
    ), num_images=len(points), size=1, channels=toy.dim)  # fmt: skip
    backend = choose_backend(device="cpu", precision="float32", threads=1, convolutional=False)
    state, batches = new_state(config, backend), Batches(points, config, backend)
    start, cpu_start = time.perf_counter(), time.process_time()
    curve = []
    for _ in range(PARTS):
        for _ in range(iterations // PARTS):
            train_iteration(Game.of(config, backend), state, batches)
        g = sampler(state, config, backend)
        scores = distributions.score(toy, generate(g, latents(config, SCORED_SAMPLES, "score"), backend))
        curve.append([state.images_seen, scores.modes, scores.high_quality, scores.reverse_kl, scores.spread])
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    control = distributions.score(toy, generate(g, latents(config, CONTROL_SAMPLES, "many"), backend))
    return {
        "toy": toy.name, "seed": seed, "iterations": iterations, "samples_seen": state.images_seen,
        "seconds": seconds, "cpu_seconds": cpu_seconds, "scores": scores.to_dict(),
        "scores_100k": control.to_dict(), "curve": curve, "torch": torch.__version__,
    }  # fmt: skip


def spread_of(values: list[float], digits: int, scale: float = 1.0) -> str:
    """Mean ± standard error, as PacGAN prints them."""
    array = scale * np.array(values)
    error = array.std(ddof=1) / math.sqrt(len(array)) if len(array) > 1 else float("nan")
    return f"{array.mean():.{digits}f} ± {error:.{digits}f}"


def table(out: Path) -> str:
    """Markdown: a row for the published best, for a perfect sampler under the same scoring, and for ganscope."""
    lines = [
        "| task | system | seeds | modes | worst seed | within 3σ | reverse KL | spread / true | narrow | CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in PUBLISHED:
        results = [json.loads(path.read_text()) for path in sorted(out.glob(f"{name}-*.json"))]
        modes, high_quality, kl = PUBLISHED[name].split(" | ")
        lines.append(
            f"| {name} | PacGAN, best of each column | 10 | {modes} | | {high_quality} | {kl} | not given | | |"
        )
        perfect = [
            distributions.score(TOYS[name], TOYS[name].sample(SCORED_SAMPLES, seed)).to_dict() for seed in range(10)
        ]
        for system, scores, seconds in (
            ("a perfect sampler", perfect, ""),
            ("ganscope", [r["scores"] for r in results], f"{np.mean([r['cpu_seconds'] for r in results] or [0]):.0f}"),
        ):
            if not scores:
                continue
            narrow = sum(distributions.ToyScores(**s).too_narrow for s in scores)
            lines.append(
                f"| {name} | {system} | {len(scores)} | {spread_of([s['modes'] for s in scores], 1)} "
                f"| {min(s['modes'] for s in scores)} | {spread_of([s['high_quality'] for s in scores], 2, 100)} % "
                f"| {spread_of([s['reverse_kl'] for s in scores], 4)} | {spread_of([s['spread'] for s in scores], 3)} "
                f"| {narrow} | {seconds} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", choices=[*PUBLISHED, []], help="ring, grid")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--iterations", type=int, help="instead of the recipe's, at most PacGAN's 400,000")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/papers"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_flush_denormal(True)  # weights that decay to denormals would slow the products tenfold
    for task in [] if arguments.table else arguments.tasks:
        for seed in range(arguments.seeds):
            path = arguments.out / f"{task}-{seed}.json"
            if path.exists():
                continue
            result = train_once(TOYS[task], seed, arguments.iterations or ITERATIONS[task])
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(result, default=float))
            temporary.replace(path)
            s = result["scores"]
            print(
                f"{task} seed {seed}: {s['modes']} modes, {s['high_quality']:.2%} within 3σ, reverse KL "
                f"{s['reverse_kl']:.4f}, spread {s['spread']:.3f}, {result['cpu_seconds']:.0f} CPU s",
                flush=True,
            )
    print(table(arguments.out))


if __name__ == "__main__":
    main()
