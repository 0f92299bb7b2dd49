"""Which recipe should a user get who names only the data? Equal time, Fréchet distance, several seeds.

    GANSCOPE_DATA=… python benchmarks/default_recipe.py [--data mnist lfw] [--recipes plain r3dcgan] [--seeds 3]
    … --marks 5 10                     minutes after which the best snapshot so far is measured
    … --whole                          each recipe's own number of epochs instead, however long it takes
    … --table                          only the table of what is there

Protocol: each training has so many minutes of one core for its iterations (`--jobs` trainings at once, a core each;
measurements are not counted). Every half minute 2,000 fakes are measured against the reals; at a mark the best of them
so far, as a run keeps it, is measured with 10,000 other fakes. Features: the classifier's of the data where it has
labels, else random convolutions; the floor is the same number for held-out reals. One JSON file a training; what is
there is not made again.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

DATA = ("digits", "mnist", "fashion-mnist", "lfw")
# Candidates: a preset and what differs from it.
RECIPES: dict[str, dict[str, Any]] = {
    "dcgan": dict(preset="dcgan"),
    "dcgan + EMA": dict(preset="dcgan", ema_half_life=10_000.0),
    "dcgan / 2 + EMA": dict(preset="dcgan", g_width=32, d_width=32, g_lr=5e-4, d_lr=5e-4, ema_half_life=10_000.0),
    "plain": dict(preset="plain"),
    "plain + EMA": dict(preset="plain", ema_half_life=10_000.0),
    "lsgan + EMA": dict(preset="lsgan", ema_half_life=10_000.0),
    "hinge": dict(preset="hinge"),
    "wgan-gp": dict(preset="wgan-gp"),
    "pacgan + EMA": dict(preset="pacgan", ema_half_life=10_000.0),
    "r3gan": dict(preset="r3gan"),
    "r3mlp": dict(preset="r3mlp"),
    "r3dcgan": dict(preset="r3dcgan"),
    "r3dcgan-64": dict(preset="r3dcgan-64"),
    "mlp": dict(preset="mlp"),
}
PART_SECONDS = 30.0
SHOWN = ("frechet", "precision", "recall", "coverage", "class_kl")


def train_once(data: str, recipe: dict[str, Any], seed: int, marks: list[float]) -> dict[str, Any]:
    """Train until the last of `marks` (minutes), or for the preset's own epochs where there is none, and measure."""
    from ganscope.config.plan import plan
    from ganscope.config.presets import make_config
    from ganscope.data.load import cache_root, load_dataset
    from ganscope.features.cache import recalled
    from ganscope.features.spaces import feature_space
    from ganscope.metrics.evaluator import Evaluator, Sizes
    from ganscope.training.batches import Batches
    from ganscope.training.sampling import generate, latents, sampler
    from ganscope.training.state import backend_of, new_state
    from ganscope.training.step import Game, train_iteration

    dataset = load_dataset(data, size=64 if data == "lfw" else None)
    images = dataset.train.images
    config = make_config(data, seed=seed, threads=1, **recipe)
    config = plan(config, num_images=len(images), size=images.shape[-1], channels=images.shape[1])
    space, pixels = (feature_space(dataset.train, dataset.test, cache_root(), name=name) for name in ("auto", "pca"))
    recall = partial(recalled, cache=cache_root())
    monitor = Evaluator(dataset.train, dataset.test, space, pixels, num_fake=2000, recall=recall)
    sizes = Sizes(moments=50_000, balls=10_000, copies=1000)
    judge = Evaluator(dataset.train, dataset.test, space, pixels, num_fake=10_000, sizes=sizes, recall=recall)
    backend = backend_of(config)
    state, batches = new_state(config, backend), Batches(images, config, backend)
    total = config.total_iterations(len(images))
    curve, best, kept, found = [], float("inf"), state.g, {}
    seconds = 0.0
    while seconds < 60 * marks[-1] if marks else state.iteration < total:
        # One thread: the process's own seconds are a core's, whatever else the machine does.
        start = time.process_time()
        while time.process_time() - start < PART_SECONDS and (marks or state.iteration < total):
            train_iteration(Game.of(config, backend), state, batches)
        before, seconds = seconds, seconds + time.process_time() - start
        g = sampler(state, config, backend)
        frechet = monitor.measure(generate(g, latents(config, 2000, "fixed"), backend)).metrics["frechet"]
        curve.append([seconds, state.images_seen, frechet.value])
        text = f"{data} {recipe} seed {seed}: {seconds:.0f} s, {state.images_seen:,} images"
        print(f"{text}, Fréchet {frechet.value:.2f}", flush=True)
        if frechet.value < best:
            best, kept = frechet.value, copy.deepcopy(g)
        names = [f"{m:g}" for m in marks if before < 60 * m <= seconds]
        if names or (not marks and state.iteration == total):
            seen = judge.measure(generate(kept, latents(config, 10_000, "evaluate"), backend))
            values = {name: [m.value, m.floor] for name, m in seen.metrics.items()}
            mark = names[-1] if names else "whole"
            found[mark] = {"seconds": seconds, "images": state.images_seen, "metrics": values}
    return {"data": data, "recipe": recipe, "seed": seed, "curve": curve, "found": found}


def file_of(out: Path, data: str, name: str, seed: int | str, whole: bool) -> Path:
    safe = re.sub(r"[^a-z0-9.]+", "_", name.lower().replace("+", "and").replace("/", "over"))
    return out / f"{data}-{safe}-{'whole-' if whole else ''}{seed}.json"


def table(out: Path, datasets: list[str], names: list[str]) -> str:
    """Markdown: a row for each data set, time and recipe, best mean first."""
    columns = "data | minutes | recipe | seeds | images | Fréchet, mean (every seed) | floor"
    columns += " | precision | recall | coverage | class KL, worst"
    lines = [f"| {columns} |", "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for data in datasets:
        groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for name in names:
            for whole in (False, True):
                for path in sorted(out.glob(file_of(out, data, name, "[0-9]", whole).name)):
                    for mark, result in json.loads(path.read_text())["found"].items():
                        groups.setdefault((mark, name), []).append(result)
        rows = []
        for (mark, name), results in groups.items():
            values = {key: np.array([r["metrics"][key][0] for r in results]) for key in SHOWN}
            frechet, floor = values["frechet"], results[0]["metrics"]["frechet"][1]
            minutes = np.mean([r["seconds"] for r in results]) / 60
            rest = " | ".join(f"{values[key].mean():.2f}" for key in ("precision", "recall", "coverage"))
            row = (
                f"| {data} | {f'{minutes:.0f}, its own' if mark == 'whole' else mark} | {name} | {len(results)} "
                f"| {np.mean([r['images'] for r in results]):,.0f} | **{frechet.mean():.2f}** "
                f"({', '.join(f'{value:.2f}' for value in frechet)}) | {floor:.2f} | {rest} "
                f"| {values['class_kl'].max():.3f} |"
            )
            rows.append((float("inf") if mark == "whole" else float(mark), float(frechet.mean()), row))
        lines += [row for *_, row in sorted(rows)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--marks", type=float, nargs="+", default=[5.0])
    parser.add_argument("--whole", action="store_true", help="each recipe's own number of epochs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path("runs/recipes"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--one", nargs=3, metavar=("DATA", "RECIPE", "SEED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    marks = [] if arguments.whole else sorted(arguments.marks)
    if arguments.one:
        data, name, seed = arguments.one
        result = train_once(data, RECIPES[name], int(seed), marks)
        path = file_of(arguments.out, data, name, int(seed), arguments.whole)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(result, default=float))
        temporary.replace(path)
        return

    def run(job: tuple[str, str, int]) -> None:
        data, name, seed = job
        if not file_of(arguments.out, data, name, seed, arguments.whole).exists():
            times = ["--whole"] if arguments.whole else ["--marks", *map(str, marks)]
            command = [sys.executable, __file__, "--out", str(arguments.out), *times, "--one", data, name, str(seed)]
            subprocess.run(command, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})

    if not arguments.table:
        with ThreadPoolExecutor(arguments.jobs) as pool:
            jobs = [(d, name, seed) for seed in arguments.seeds for d in arguments.data for name in arguments.recipes]
            list(pool.map(run, jobs))
    print(table(arguments.out, arguments.data, arguments.recipes))


if __name__ == "__main__":
    main()
