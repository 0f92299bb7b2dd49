"""Few images: what a training makes of 100, 500, 1,000 … images, plain and with changes of what D sees.

    python benchmarks/few_images.py --sets fashion-mnist lfw --counts 100 1000 --images 30000 --seeds 0 1 2
    python benchmarks/few_images.py --sets /path/emoji --counts 0        a folder; 0: all of its images
    python benchmarks/few_images.py --table [--write docs/benchmarks.md]

A cell (set, count, method, images, seed) is one JSON file in `--out`; one that exists is not trained again, so that a
killed run of this script goes on where it was.

Protocol. `ganscope train` with the method's settings on `count` images (a tenth of which it holds out itself, as it
does with anybody's folder), the same for every method and seed; its last snapshot. Measured against images that no
part of the training saw: the set's test images, of a folder a third that is kept back, at most NUM_FAKES. Fréchet
distance, to as many fakes, in the features of a random network fitted to NUM_FITTED images of the set (`--features
classifier` takes minutes more for each set); recall and copies of NUM_REAL. The floor is the distance of the `count`
images themselves, which a generator that copies would reach: published tables, which compare with the training images,
reward copying, and this one does not. Copies: the share of fakes nearer to a training image than all but 1 % of the
images kept back are; the floor is the share expected of fresh ones. Seconds are of one core, measuring left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganscope.config import make_config
from ganscope.data import ImageSet, cache_root, load_dataset
from ganscope.drawing import save_grid
from ganscope.features import feature_space
from ganscope.generator import load_generator
from ganscope.launch import launch
from ganscope.metrics import Gaussian, frechet_distance
from ganscope.metrics.coverage import Balls, support
from ganscope.metrics.memorisation import memorisation, nearness
from ganscope.progress import Progress

NUM_FAKES, NUM_REAL, NUM_FITTED = 3_000, 1_000, 4_000  # of distances; of recall and copies; of the feature space
SIZES = {"fashion-mnist": 28, "mnist": 28, "digits": 8, "lfw": 64}
DCGAN = dict(preset="dcgan", label_real=1.0, label_generator=1.0)  # non-saturating, plain labels
METHODS: dict[str, dict[str, Any]] = {
    "plain": dict(augment="none"),
    "augmented": dict(augment="auto"),
    "reference": dict(DCGAN, augment="translation,cutout,colour", augment_strength=1.0, augment_target=0.0),
    "reference, plain": dict(DCGAN, augment="none"),
    "fixed 0.5": dict(augment="translation,cutout", augment_strength=0.5, augment_target=0.0),
    "fixed 0.8": dict(augment="translation,cutout", augment_strength=0.8, augment_target=0.0),
    "fixed 1": dict(augment="translation,cutout", augment_strength=1.0, augment_target=0.0),
    "fixed 0.8, noise": dict(augment="translation,noise", augment_strength=0.8, augment_target=0.0),
    "fixed 0.8, colour": dict(augment="translation,cutout,colour", augment_strength=0.8, augment_target=0.0),
    "translation 0.8": dict(augment="translation", augment_strength=0.8, augment_target=0.0),
    "half rates": dict(augment="none", g_lr=5e-4, d_lr=5e-4),
}


@dataclass(frozen=True)
class Given:
    """`train`: the images that a training gets. `kept`: those that none sees. `fitted`: what the space is made from."""

    train: ImageSet
    kept: ImageSet
    fitted: ImageSet


def given(name: str, count: int, size: int) -> Given:
    """The images of a cell, the same for every method and seed; count 0: all of them."""
    source = np.random.default_rng(0)
    data = load_dataset(name, size=size, holdout=0.1 if name in SIZES else 1 / 3)
    whole, kept = data.train, data.test
    order = source.permutation(len(whole.images))[: count or None]
    fitted = np.sort(np.random.default_rng(1).permutation(len(whole.images))[:NUM_FITTED])
    space = part_of(whole, fitted)
    space = ImageSet(space.images, space.labels, space.class_names, f"{whole.content_hash}-{NUM_FITTED}", None)
    return Given(part_of(whole, np.sort(order)), part_of(kept, np.arange(len(kept.images))[:NUM_FAKES]), space)


def part_of(images: ImageSet, index: np.ndarray) -> ImageSet:
    labels = None if images.labels is None else images.labels[index]
    return ImageSet(np.ascontiguousarray(images.images[index]), labels, images.class_names, images.content_hash, None)


def measure(
    name: str, count: int, size: int, method: str, seen: int, seed: int, out: Path, features: str
) -> dict[str, Any]:
    """Train one cell and measure it."""
    sets, path = given(name, count, size), file_of(out, name, count, method, seen, seed)
    stored, run = out / "data" / f"{Path(name).name}-{count}-{size}.npz", path.with_suffix("")
    if not stored.exists():
        stored.parent.mkdir(exist_ok=True)
        labels = {} if sets.train.labels is None else {"labels": sets.train.labels}
        np.savez(stored, images=sets.train.images.transpose(0, 2, 3, 1), **labels)
    trained = len(sets.train.images) - round(0.1 * len(sets.train.images))
    settings = dict(METHODS[method])
    preset = settings.pop("preset", "r3dcgan" if size <= 32 else "r3dcgan-64")
    config = make_config(
        str(stored), preset, seed=seed, epochs=seen / trained, map="none", metrics=False, snapshots=4, threads=1,
        conditional=False, **settings,
    )  # fmt: skip
    start = time.process_time()
    launch(config, run_path=run, progress=Progress(quiet=True))
    seconds = time.process_time() - start
    loaded = load_generator(run, "last")
    fakes = loaded.sample(NUM_FAKES)
    with path.with_suffix(".png").open("wb") as file:
        save_grid(file, fakes[:64])
    space, pixels = (feature_space(sets.fitted, sets.kept, cache_root(), name=one) for one in (features, "pca"))
    reals, found = space(sets.kept.images), space(fakes)
    moments = Gaussian.fit(reals)
    most = min(NUM_REAL, len(reals))
    near = support(Balls.fit(reals[:most]), Balls.fit(found[:most]))
    known = pixels(sets.train.images)
    copies = memorisation(nearness(known, pixels(sets.kept.images)), nearness(known, pixels(fakes[:NUM_REAL])))
    line = load_last(run / "history.jsonl")
    return {
        "set": Path(name).name, "count": len(sets.train.images), "size": size, "method": method, "images": seen,
        "seed": seed, "seconds": seconds, "frechet": frechet_distance(moments, found),
        "floor": frechet_distance(moments, space(sets.train.images)), "recall": near.recall[0],
        "precision": near.precision[0], "coverage": near.coverage[0], "copies": copies.copied[0],
        "copies_floor": copies.floor, "space": space.name, "num_kept": len(reals),
        "strength": line.get("augment_strength"), "r_v": line.get("r_v"), "d_real": line["d_real"],
        "d_loss": line["d_loss"],
    }  # fmt: skip


def load_last(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text().splitlines()[-1]))


def file_of(out: Path, name: str, count: int, method: str, seen: int, seed: int) -> Path:
    safe = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in method)
    return out / f"{Path(name).name}-{count}-{safe}-{seen}-{seed}.json"


def table(out: Path) -> str:
    """Means over the seeds that are there, with the Fréchet distance of every seed."""
    groups: dict[tuple[str, int, int, int], dict[str, list[dict[str, Any]]]] = {}
    for path in sorted(out.glob("*.json")):
        one = json.loads(path.read_text())
        cell = groups.setdefault((one["set"], one["size"], one["count"], one["images"]), {})
        cell.setdefault(one["method"], []).append(one)
    titles = "set | images | seen | method | Fréchet (every seed) | floor | recall | copies, floor | core minutes"
    lines = [f"| {titles} |", "|---|--:|--:|---|--:|--:|--:|--:|--:|"]
    for (name, size, count, seen), methods in sorted(groups.items()):
        for method, ones in sorted(methods.items(), key=lambda item: mean_of(item[1], "frechet")):
            each = ", ".join(f"{one['frechet']:.3g}" for one in sorted(ones, key=lambda one: one["seed"]))
            lines.append(
                f"| {name}, {size} px | {count:,} | {seen:,} | {method} | **{mean_of(ones, 'frechet'):.3g}** ({each}) "
                f"| {mean_of(ones, 'floor'):.3g} | {mean_of(ones, 'recall'):.2f} | {mean_of(ones, 'copies'):.3f}, "
                f"{mean_of(ones, 'copies_floor'):.3f} | {mean_of(ones, 'seconds') / 60:.1f} |"
            )
    return "\n".join(lines)


def mean_of(ones: list[dict[str, Any]], key: str) -> float:
    return float(np.mean([one[key] for one in ones]))


def write_section(path: Path, text: str) -> None:
    """Replace what stands between the marks."""
    head, rest = path.read_text(encoding="utf-8").split("<!-- few images -->\n", 1)
    tail = rest.split("<!-- /few images -->", 1)[1]
    path.write_text(f"{head}<!-- few images -->\n{text}\n<!-- /few images -->{tail}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["fashion-mnist", "lfw"], help="names of data sets, or folders")
    parser.add_argument("--counts", nargs="+", type=int, default=[100, 500, 1000, 5000, 0], help="0: all images")
    parser.add_argument("--size", type=int, help="default: 28 or 64, as the set")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=["plain", "augmented", "reference"])
    parser.add_argument("--images", type=int, default=600_000, help="shown to each training")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--features", default="random", help="the space of distances")
    parser.add_argument("--out", type=Path, default=Path("runs/few-images"))
    parser.add_argument("--slot", nargs="*", default=[], help="words in front of each training's command")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--write", type=Path, help="put the table between the marks of this file")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    cells = [
        (name, count, arguments.size or SIZES.get(name, 64), method, seed)
        for seed in arguments.seeds
        for name in arguments.sets
        for count in arguments.counts
        for method in arguments.methods
    ]
    for name, count, size, method, seed in [] if arguments.table else cells:
        path = file_of(out, name, count, method, arguments.images, seed)
        if path.exists():
            continue
        if arguments.one:
            found = measure(name, count, size, method, arguments.images, seed, out, arguments.features)
            path.write_text(json.dumps(found, indent=1))
            continue
        chosen = ["--sets", name, "--counts", count, "--size", size, "--methods", method, "--seeds", seed]
        command = [*arguments.slot, sys.executable, __file__, "--one", *chosen]
        command += ["--images", arguments.images, "--out", out, "--features", arguments.features]
        subprocess.run([str(word) for word in command], check=False)
    if arguments.one:
        return
    text = table(out)
    print(text)
    if arguments.write:
        write_section(arguments.write, text)


if __name__ == "__main__":
    main()
