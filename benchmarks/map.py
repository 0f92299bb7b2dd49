"""The map's known answers and its speed, on real data.

    GANSCOPE_DATA=… python benchmarks/map.py [mnist fashion-mnist digits lfw] [--million]

Held-out reals must fall among their own class, garbage outside the reals and be counted as unlike them. Prints a table
for docs/benchmarks.md. `--million` lays out 1,000,000 reals: MNIST, tiled with small shifts and noise.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import torch

from ganscope.config import WIDTHS
from ganscope.data.load import cache_root, load_dataset
from ganscope.device import choose_backend
from ganscope.features.spaces import feature_space
from ganscope.maps.placement import FittedMap, lay_out
from ganscope.networks import NetworkOptions, build_pair
from ganscope.training.sampling import generate

PROBES = 2000


def probes(images: np.ndarray, labels: np.ndarray | None, seed: int = 0) -> dict[str, np.ndarray]:
    """What is like no real image, made from held-out reals: name → `(M, C, H, W) uint8`."""
    source = np.random.default_rng(seed)
    shape = (PROBES, *images.shape[1:])
    shuffled = images[source.integers(0, len(images), PROBES)].reshape(PROBES, -1).copy()
    source.permuted(shuffled, axis=1, out=shuffled)
    first, second = source.integers(0, len(images), (2, PROBES))
    if labels is not None:
        for row in range(PROBES):
            while labels[first[row]] == labels[second[row]]:
                second[row] = source.integers(0, len(images))
    mixed = (images[first].astype(np.uint16) + images[second]) // 2
    found = {
        "uniform noise": source.integers(0, 256, shape, dtype=np.uint8),
        "pixels shuffled": shuffled.reshape(shape),
        "averages of two": mixed.astype(np.uint8),
    }
    for name in ("mlp", "dcgan"):
        options = NetworkOptions(
            size=shape[-1], channels=shape[1], g_width=WIDTHS[name], d_width=WIDTHS[name],
            init_std=0.02 if name == "dcgan" else 0.0,
        )  # fmt: skip
        g, _ = build_pair(name, options, seed)
        z = torch.randn(PROBES, 100, generator=torch.Generator().manual_seed(seed))
        found[f"untrained {name}"] = generate(g, z, choose_backend(device="cpu", convolutional=name == "dcgan"))
    return found


def class_agreement(
    xy: np.ndarray, labels: np.ndarray, held_xy: np.ndarray, held_labels: np.ndarray, k: int = 15
) -> float:
    """Share of held-out reals whose class is that of most of their `k` neighbours in 2-D."""
    from sklearn.neighbors import KNeighborsClassifier

    return float(KNeighborsClassifier(k).fit(xy, labels).score(held_xy, held_labels))


def outside(fitted: FittedMap, xy: np.ndarray) -> float:
    """Share of points outside the disc around the centre that holds 99 % of the reals."""
    reals = np.sqrt(((fitted.xy - fitted.centre) ** 2).sum(axis=1))
    return float((np.sqrt(((xy - fitted.centre) ** 2).sum(axis=1)) > np.quantile(reals, 0.99)).mean())


def measure(data: str, method: str) -> list[str]:
    dataset = load_dataset(data, size=64 if data == "lfw" else None)
    space = feature_space(dataset.train, dataset.test, cache_root(), progress=print)
    train, test = dataset.train, dataset.test
    features = space(train.images)
    half = max(1, min(2000, len(test.images) // 2))
    calibrating, judged = test.images[:half], np.asarray(test.images[half : half + PROBES])
    space_of = space(np.concatenate([calibrating, judged]))
    start = time.perf_counter()
    fitted = FittedMap.fit(
        features,
        train.images,
        method=method,
        held_out_features=space_of[:half],
        held_out_images=np.asarray(calibrating),
    )
    seconds = time.perf_counter() - start
    times = []
    for _ in range(3):
        start = time.perf_counter()
        placed = fitted.place(space_of[half:], judged)
        times.append(time.perf_counter() - start)
    place_seconds = sorted(times)[1] * PROBES / len(judged)
    again = fitted.place(space_of[half : half + 100], judged[:100])
    assert np.array_equal(again.xy, placed.xy[:100]), "a place must not depend on the batch"
    rows = [
        f"| {data} | reals | {len(train.images):,} laid out in {seconds:.1f} s; 2,000 placed in {place_seconds:.2f} s |"
    ]
    line = f"{100 * placed.unlike.mean():.1f} % unlike"
    if train.labels is not None and test.labels is not None:
        agreement = class_agreement(fitted.xy, train.labels, placed.xy, test.labels[half : half + PROBES])
        line += f", {100 * agreement:.1f} % among their class"
    rows.append(f"| {data} | held-out reals | {line} |")
    for name, images in probes(np.asarray(test.images), test.labels).items():
        found = fitted.place(space(images), images)
        apart, out = 100 * found.unlike.mean(), 100 * outside(fitted, found.xy)
        rows.append(f"| {data} | {name} | {apart:.1f} % unlike, {out:.1f} % outside |")
    return rows


def million() -> str:
    """Time and memory of 1,000,000 reals, in 50 pixel components."""
    images = load_dataset("mnist").train.images
    source = np.random.default_rng(0)
    flat = images.reshape(len(images), -1)[::4].astype(np.float32) / 255
    centred = flat - flat.mean(axis=0)
    basis = np.linalg.eigh(centred.T @ centred)[1][:, :-51:-1]
    parts = []
    for _ in range(17):
        shifted = (
            np.roll(images, source.integers(-2, 3, 2), axis=(2, 3)).reshape(len(images), -1).astype(np.float32) / 255
        )
        parts.append(
            ((shifted - flat.mean(axis=0)) @ basis + source.normal(0, 0.05, (len(images), 50))).astype(np.float32)
        )
    points = np.concatenate(parts)[:1_000_000]
    start = time.perf_counter()
    lay_out(points, "pacmap", 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = time.perf_counter() - start
    return f"| mnist, tiled | reals | 1,000,000 laid out in {seconds:.0f} s, peak memory {peak:.1f} GiB |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=["digits", "mnist", "fashion-mnist"])
    parser.add_argument("--method", default="pacmap")
    parser.add_argument("--million", action="store_true")
    arguments = parser.parse_args()
    print("| data | images | found |\n|---|---|---|")
    for data in arguments.data:
        print("\n".join(measure(data, arguments.method)), flush=True)
    if arguments.million:
        print(million())


if __name__ == "__main__":
    main()
