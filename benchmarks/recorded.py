"""Recorded runs: a training's numbers without its pictures, a few kilobytes each; how they are written and read.

    python benchmarks/recorded.py RUN [RUN ...] --out tests/diagnosis/recorded     pack finished runs
    python benchmarks/recorded.py --make digits-mlp --seeds 0 1 --out FOLDER       train and pack
    python benchmarks/recorded.py --make planted-blur --out FOLDER                 real images, spoilt, as fakes

A recorded run is `<name>.json.gz`: config, lines of history, test and evals as `diagnose` wants them, with four
significant digits, history averaged to at most 120 lines. The rules' tests and `benchmarks/stopping.py` replay them.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from faults import planted
from kinds import KINDS, Kind

LINES = 120
HISTORY = ("d_loss", "g_loss", "d_real", "d_fake_before", "d_fake_after", "g_grad_norm")
TESTS = ("d_loss", "g_loss", "d_real", "d_fake")
PARTS = ("value", "stderr", "floor", "num_real", "num_fake", "floor_num", "groups", "better", "spread")
Lines = list[dict[str, Any]]


def pack(config: dict[str, Any], history: Lines, tests: Lines, evals: Lines) -> dict[str, Any]:
    """The record of a run, small."""
    lines = [
        {key: line[key] for key in ("images_seen", "iteration", "class_share") if line.get(key) is not None}
        | told(line)
        | {"metrics": {n: {k: m[k] for k in PARTS if m.get(k) is not None} for n, m in line["metrics"].items()}}
        for line in evals
    ]
    edges = [line["images_seen"] for line in evals]
    packed = {
        "config": {key: value for key, value in config.items() if value is not None},
        "history": thinned(history, HISTORY, edges),
        "tests": thinned(tests, TESTS, edges),
        "evals": lines,
    }
    short: dict[str, Any] = rounded(packed)
    return short


def told(line: dict[str, Any]) -> dict[str, Any]:
    """What the rules about a told class read."""
    names = ("accuracy", "floor", "chance", "confusion", "diversity", "diversity_floor")
    known = line.get("per_class")
    return {"per_class": {name: known[name] for name in names if name in known}} if known else {}


def thinned(lines: Lines, names: tuple[str, ...], edges: list[int]) -> Lines:
    """Means over at most `LINES` parts of the run, none across a snapshot."""
    seen = np.array([line["images_seen"] for line in lines], np.float64)
    if not len(seen):
        return []
    cuts = np.union1d(np.searchsorted(seen, edges, "right"), np.linspace(0, len(seen), LINES).astype(int))
    found = []
    for start, end in itertools.pairwise(cuts):
        part = lines[start:end]
        values = {name: float(np.mean([line[name] for line in part])) for name in names if name in part[0]}
        found.append({"images_seen": int(part[-1]["images_seen"])} | values)
    return found


def rounded(value: Any) -> Any:
    """Every float with four significant digits."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f"{value:.4g}") if isinstance(value, float) and math.isfinite(value) else value


def write(path: Path, record: dict[str, Any]) -> None:
    """The same bytes for the same record."""
    text = json.dumps(record, separators=(",", ":")).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text, 9, mtime=0))


def read(path: Path) -> tuple[Lines, Lines, Lines, dict[str, Any]]:
    """History, tests, evals and settings, as `diagnose` takes them."""
    record = json.loads(gzip.decompress(path.read_bytes()))
    return record["history"], record["tests"], record["evals"], record["config"]


def of_run(folder: Path) -> dict[str, Any]:
    """The record of a run directory, of any version."""

    def lines(name: str) -> Lines:
        return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]

    config, evals = json.loads((folder / "config.json").read_text()), lines("evals")
    last = evals[-1]
    return pack(
        config | {"num_images": round(last["images_seen"] / last["epoch"])}, lines("history"), lines("test"), evals
    )


def make(kind: Kind, seed: int) -> dict[str, Any]:
    """Train a kind with ganscope's own trainer, measure it as a run is measured, keep the numbers."""
    with tempfile.TemporaryDirectory() as folder, planted(kind.fault):
        settings = {"conditional": False} | kind.settings
        return trained(Path(folder), part_of(kind.data, Path(folder)), kind.preset, settings, seed)


def part_of(data: str, folder: Path) -> str:
    """`digits:16` as a file of so many digits and a tenth as many held out; other data as they are."""
    name, colon, count = data.partition(":")
    if name != "digits" or not colon:
        return data
    from sklearn.datasets import load_digits

    digits = load_digits()
    rows = np.random.default_rng(0).permutation(len(digits.images))[: round(int(count) / 0.9)]
    images = np.clip(digits.images[rows] * 16, 0, 255).astype(np.uint8)[:, None]
    np.savez(folder / "few.npz", images=images, labels=digits.target[rows])
    return str(folder / "few.npz")


def trained(folder: Path, data: str, preset: str, settings: dict[str, Any], seed: int) -> dict[str, Any]:
    from ganscope.config import make_config, plan
    from ganscope.data import load_dataset
    from ganscope.launch.estimate import snapshot_cost
    from ganscope.launch.launch import class_counts, with_classes_decided
    from ganscope.progress import Progress
    from ganscope.recorder import ImageJudge, Recorder, planned
    from ganscope.runs import Run
    from ganscope.training import backend_of, train

    config = make_config(data, preset, seed=seed, map="none", threads=1, device="cpu", **settings)
    config = with_classes_decided(config)
    dataset = load_dataset(config.data, size=config.size, channels=config.channels, holdout=config.holdout)
    count, channels, size = dataset.train.images.shape[:3]
    known: dict[str, Any] = {"num_images": count, "size": size, "channels": channels}
    known["class_counts"] = class_counts(config, dataset)
    resolved = plan(config, **known, snapshot_cost=snapshot_cost(plan(config, **known)))
    progress = Progress(quiet=True)
    run = Run.create(folder / "run", resolved, {}, "")
    step = resolved.images_per_iteration
    due = planned(resolved.snapshot_every, step)
    judge = ImageJudge(run, dataset, resolved, progress)
    recorder = Recorder(run, num_images=count, images_per_iteration=step, due=due, judge=judge)
    outcome = train(
        run, dataset.train.images, dataset.test.images, resolved, backend_of(resolved), recorder,
        data_hash=dataset.train.content_hash, labels=dataset.train.labels, test_labels=dataset.test.labels,
        progress=progress,
    )  # fmt: skip
    recorder.close()
    if outcome.status != "finished":
        raise SystemExit(f"the training is {outcome.status}: half of a run is not kept")
    names = {"num_images": count, "class_names": list(dataset.train.class_names)}
    return pack(resolved.to_dict() | names, run.history(), run.lines("test"), run.evals())


# ---- generators made of real images ----------------------------------------------------------------------------------
Plant = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def box(images: np.ndarray) -> np.ndarray:
    """3 × 3 means of `(N, C, H, W)`."""
    wide = np.pad(images.astype(np.float32), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    height, width = images.shape[2:]
    return np.mean([wide[..., i : i + height, j : j + width] for i in range(3) for j in range(3)], axis=0)


def salted(fresh: np.ndarray, train: np.ndarray, source: np.random.Generator) -> np.ndarray:
    fresh[source.random(fresh.shape) < 0.05] = 255
    return fresh


def half_noise(fresh: np.ndarray, train: np.ndarray, source: np.random.Generator) -> np.ndarray:
    chosen = source.permutation(len(fresh))[: len(fresh) // 2]
    fresh[chosen] = source.integers(0, 256, fresh[chosen].shape)
    return fresh


# What takes the place of a generator: fresh real images, spoilt; `(fresh, training images, source)` → fakes.
PLANTS: dict[str, Plant] = {
    "planted-perfect": lambda fresh, train, source: fresh,
    "planted-half-noise": half_noise,
    "planted-salt": salted,
    "planted-blur": lambda fresh, train, source: box(fresh).astype(np.uint8),
    "planted-twins": lambda fresh, train, source: fresh[np.arange(len(fresh)) % 60],
    "planted-copies": lambda fresh, train, source: train[source.choice(len(train), len(fresh))],
    "planted-mirrored": lambda fresh, train, source: train[source.choice(len(train), len(fresh))][..., ::-1].copy(),
    "planted-shifted": lambda fresh, train, source: np.roll(train[source.choice(len(train), len(fresh))], 1, 3),
    "planted-recoloured": lambda fresh, train, source: (0.7 * train[source.choice(len(train), len(fresh))] + 20).astype(
        np.uint8
    ),
}
CLASSES = {"planted-class-55": (3, 0.55), "planted-class-gone": (4, 0.0)}  # one class's share of the fakes


def plant(name: str, *, num_train: int = 6000, num_test: int = 1000, count: int = 2000, snapshots: int = 5) -> Any:
    """A run on MNIST whose fakes are fresh real images, spoilt in one known way; the first snapshot is noise."""
    from ganscope.data import ImageSet, cache_root, load_dataset
    from ganscope.features import feature_space
    from ganscope.metrics import Evaluator

    mnist = load_dataset("mnist").train
    assert mnist.labels is not None
    order = np.random.default_rng(0).permutation(len(mnist.images))

    def part(index: np.ndarray, label: str) -> ImageSet:
        images = np.asarray(mnist.images[index])
        return ImageSet(images, mnist.labels[index], mnist.class_names, f"planted-{label}-{len(index)}", None)

    train, test = part(order[:num_train], "train"), part(order[num_train : num_train + num_test], "test")
    rest = order[num_train + num_test :]
    space = feature_space(train, test, cache_root())
    evaluator = Evaluator(train, test, space, feature_space(train, test, cache_root(), name="pca"), num_fake=count)
    evals = []
    for k in range(snapshots + 1):
        source = np.random.default_rng(k)
        if name in CLASSES:
            wanted, share = CLASSES[name]
            own = mnist.labels[rest] == wanted
            weight = np.where(own, share / own.sum(), (1 - share) / (~own).sum())
            index = source.choice(rest, count, replace=False, p=weight)
        else:
            index = source.choice(rest, count, replace=False)
        fakes = np.asarray(mnist.images[index]).copy()
        if k == 0:
            fakes = np.clip(source.normal(128, 20, fakes.shape), 0, 255).astype(np.uint8)
        elif name in PLANTS:
            fakes = PLANTS[name](fakes, train.images, source)
        seen = evaluator.observe(fakes)
        evals.append({"images_seen": 9600 * k, "iteration": 150 * k, "epoch": 1.6 * k}
                     | {key: seen[key] for key in ("metrics", "class_share")})  # fmt: skip
    where = [{"images_seen": line["images_seen"]} for line in evals[1:]]
    game = {"d_loss": 1.2, "g_loss": 0.8, "d_real": 0.6, "d_fake_before": 0.4, "g_grad_norm": 1.0}
    held_out = {"d_loss": 1.2, "g_loss": 0.8, "d_real": 0.6, "d_fake": 0.4}
    config = {"objective": "non-saturating", "g_lr": 2e-4, "d_lr": 2e-4, "network": "dcgan", "num_images": num_train}
    config |= {"class_names": list(mnist.class_names)}
    return pack(config, [line | game for line in where], [line | held_out for line in where], evals)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--make", nargs="*", default=[], choices=[*KINDS, *PLANTS, *CLASSES])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    for folder in arguments.runs:
        write(arguments.out / f"{folder.name}.json.gz", of_run(folder))
    for seed in arguments.seeds:
        for name in arguments.make:
            path, start = arguments.out / f"{name}-{seed}.json.gz", time.monotonic()
            if not path.exists():
                kind = KINDS.get(name)
                write(path, make(kind, seed) if kind else plant(name))
                print(f"{path.name}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
