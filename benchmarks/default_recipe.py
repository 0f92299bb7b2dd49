"""Which recipe should a user get who names only the data? Equal wall time, Fréchet distance, several seeds.

    GANSCOPE_DATA=… python benchmarks/default_recipe.py contest [--data mnist lfw] [--recipes dcgan soft] [--seeds 3]
    … published                        the source systems' presets against the default, 10 minutes each
    … contest --table                  only the table of what is there

Protocol: each training has `--minutes` of wall time for its iterations on `--threads` threads (`--jobs` at once),
measurements not counted. Ten times on the way 2,000 fakes are measured against the reals; the best of the ten is kept,
as in a run, and measured with 10,000 other fakes. Features: the classifier's of the data where it has labels, else
random convolutions; the floor is the same number for held-out reals. One JSON file a training; what is there is not
made again.
"""

from __future__ import annotations

import argparse
import copy
import json
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
    "plain": dict(preset="plain"),
    "plain + EMA": dict(preset="plain", ema_half_life=10_000.0),
    "hinge": dict(preset="hinge"),
    "pack 2 + EMA": dict(preset="pacgan", ema_half_life=10_000.0),
    "r3gan": dict(preset="r3gan"),
    "r3mlp": dict(preset="r3mlp"),
    "mlp": dict(preset="mlp"),
}
PARTS = 10
SHOWN = ("frechet", "precision", "recall", "coverage", "class_kl")


def train_once(data: str, recipe: dict[str, Any], seed: int, minutes: float, threads: int) -> dict[str, Any]:
    """Train for so many minutes and measure the best of ten snapshots."""
    from ganscope.config import make_config
    from ganscope.datasets import cache_root, load_dataset
    from ganscope.features import feature_space, recalled
    from ganscope.monitor import Monitor, Sizes
    from ganscope.state import backend_of, generate, latents, new_state
    from ganscope.step import Batches, train_iteration

    dataset = load_dataset(data, size=64 if data == "lfw" else None)
    images = dataset.train.images
    options = {"threads": threads, **recipe}
    config = make_config(data, options.pop("preset"), seed=seed, **options)
    config = config.resolve(num_images=len(images), size=images.shape[-1], channels=images.shape[1])
    space, pixels = (feature_space(dataset.train, dataset.test, cache_root(), name=name) for name in ("auto", "pca"))
    recall = partial(recalled, cache=cache_root())
    monitor = Monitor(dataset.train, dataset.test, space, pixels, num_fake=2000, recall=recall)
    backend = backend_of(config)
    state, batches = new_state(config, backend), Batches(images, config, backend)
    curve, best, kept = [], float("inf"), copy.deepcopy(state.sampler)
    for part in range(PARTS):
        start = time.perf_counter()
        while time.perf_counter() - start < 60 * minutes / PARTS:
            train_iteration(state, batches, config, backend)
        fakes = generate(state.sampler, latents(config, 2000, "fixed"), backend)
        found = monitor.measure(fakes).metrics["frechet"].value
        curve.append([state.images_seen, found])
        if found < best:
            best, kept = found, copy.deepcopy(state.sampler)
        print(f"{data} {recipe} seed {seed}: {part + 1}/{PARTS}, {state.images_seen:,} images, {found:.2f}", flush=True)
    sizes = Sizes(moments=50_000, balls=10_000, copies=1000, draws=16)
    judge = Monitor(dataset.train, dataset.test, space, pixels, num_fake=10_000, sizes=sizes, recall=recall)
    seen = judge.measure(generate(kept, latents(config, 10_000, "evaluate"), backend))
    return {
        "data": data, "recipe": recipe, "seed": seed, "minutes": minutes, "threads": threads, "curve": curve,
        "images_seen": state.images_seen, "share": seen.share.tolist(),
        "metrics": {name: [m.value, m.floor] for name, m in seen.metrics.items()},
    }  # fmt: skip


def file_of(out: Path, data: str, name: str, seed: int, minutes: float) -> Path:
    return out / f"{data}-{name.replace(' ', '_').replace('+', 'and')}-{minutes:g}-{seed}.json"


def table(out: Path, datasets: list[str], names: list[str], minutes: float) -> str:
    """Markdown: a row for each data set and recipe, best mean first."""
    columns = "data | recipe | seeds | Fréchet, mean (range) | floor | precision | recall | coverage | class KL, worst"
    lines = [f"| {columns} |", "|---|---|--:|--:|--:|--:|--:|--:|--:|"]
    for data in datasets:
        rows = []
        for name in names:
            files = sorted(out.glob(file_of(out, data, name, 0, minutes).name.replace("-0.json", "-*.json")))
            found = [json.loads(path.read_text())["metrics"] for path in files]
            if not found:
                continue
            values = {key: np.array([m[key][0] for m in found]) for key in SHOWN}
            frechet, floor = values["frechet"], found[0]["frechet"][1]
            rest = " | ".join(f"{values[key].mean():.2f}" for key in ("precision", "recall", "coverage"))
            row = (
                f"| {data} | {name} | {len(found)} | **{frechet.mean():.2f}** ({frechet.min():.2f} to "
                f"{frechet.max():.2f}) | {floor:.2f} | {rest} | {values['class_kl'].max():.3f} |"
            )
            rows.append((float(frechet.mean()), row))
        lines += [row for _, row in sorted(rows)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["contest", "published"])
    parser.add_argument("--data", nargs="+", choices=DATA)
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/recipes"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--one", nargs=3, metavar=("DATA", "RECIPE", "SEED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    published = arguments.what == "published"
    minutes = arguments.minutes or (10.0 if published else 5.0)
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.one:
        data, name, seed = arguments.one
        result = train_once(data, RECIPES[name], int(seed), minutes, arguments.threads)
        path = file_of(arguments.out, data, name, int(seed), minutes)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(result, default=float))
        temporary.replace(path)
        return
    datasets = arguments.data or (["mnist", "fashion-mnist"] if published else list(DATA))
    names = arguments.recipes or list(RECIPES)

    def run(job: tuple[str, str, int]) -> None:
        data, name, seed = job
        if not file_of(arguments.out, data, name, seed, minutes).exists():
            command = [sys.executable, __file__, arguments.what, "--out", str(arguments.out), "--minutes", str(minutes)]
            more = ["--threads", str(arguments.threads), "--one", data, name, str(seed)]
            subprocess.run([*command, *more], check=False)

    if not arguments.table:
        with ThreadPoolExecutor(arguments.jobs) as pool:
            jobs = [(data, name, seed) for seed in range(arguments.seeds) for data in datasets for name in names]
            list(pool.map(run, jobs))
    print(table(arguments.out, datasets, names, minutes))


if __name__ == "__main__":
    main()
