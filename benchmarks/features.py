"""Which feature space for images without labels? Real against degraded images, on LFW at 64 × 64.

    python benchmarks/features.py [--data lfw] [--size 64] [--count 1000] [--draws 3] [--skip contrastive]

For each space and degradation, `count` held-out images are degraded and compared with 5,000 training images.
Separation is (Fréchet of degraded − Fréchet of untouched) / floor, the Fréchet of untouched held-out images; a space
that sees a weak degradation has a large one. "kNN" is the AUC of each image's distance to its 3rd nearest training
image, untouched against degraded: whether single images can be told, 0.5 is chance.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from ganscope.data.load import cache_root, load_dataset
from ganscope.features.spaces import FEATURE_SPACES, feature_space
from ganscope.metrics.distance import Gaussian, frechet_distance
from ganscope.metrics.memorisation import rank_sum_z
from ganscope.metrics.pairs import nearest

Degrade = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def each(change: Callable[[Image.Image], Image.Image]) -> Degrade:
    """A change of one picture, as a change of `(N, C, H, W) uint8`."""

    def apply(images: np.ndarray, source: np.random.Generator) -> np.ndarray:
        found = []
        for image in images.transpose(0, 2, 3, 1):
            grey = image.shape[2] == 1
            changed = np.asarray(change(Image.fromarray(image[..., 0] if grey else image)))
            found.append(changed[None] if grey else changed.transpose(2, 0, 1))
        return np.stack(found)

    return apply


def jpeg(quality: int) -> Callable[[Image.Image], Image.Image]:
    def change(image: Image.Image) -> Image.Image:
        memory = io.BytesIO()
        image.save(memory, "JPEG", quality=quality)
        return Image.open(io.BytesIO(memory.getvalue()))

    return change


def noise(std: float) -> Degrade:
    return lambda images, source: np.clip(images + source.normal(0, std, images.shape), 0, 255).astype(np.uint8)


def shuffled(cells: int) -> Degrade:
    """The picture cut into `cells` × `cells` squares, each picture's squares in its own order."""

    def apply(images: np.ndarray, source: np.random.Generator) -> np.ndarray:
        count, channels, height = images.shape[:3]
        side = height // cells
        squares = images.reshape(count, channels, cells, side, cells, side).transpose(0, 2, 4, 1, 3, 5)
        squares = squares.reshape(count, cells * cells, channels, side, side)
        mixed = np.stack([each[source.permutation(len(each))] for each in squares])
        mixed = mixed.reshape(count, cells, cells, channels, side, side).transpose(0, 3, 1, 4, 2, 5)
        return np.ascontiguousarray(mixed.reshape(images.shape))

    return apply


def averaged(images: np.ndarray, source: np.random.Generator) -> np.ndarray:
    """Each picture averaged with another one: two identities mixed up."""
    other = np.roll(np.arange(len(images)), 1)
    return ((images.astype(np.uint16) + images[other]) // 2).astype(np.uint8)


def halves(images: np.ndarray, source: np.random.Generator) -> np.ndarray:
    """The left half of one picture beside the right half of another."""
    mixed = images.copy()
    mixed[..., images.shape[-1] // 2 :] = np.roll(images, 1, axis=0)[..., images.shape[-1] // 2 :]
    return mixed


DEGRADATIONS: dict[str, Degrade] = {
    "blur 0.7 px": each(lambda image: image.filter(ImageFilter.GaussianBlur(0.7))),
    "blur 2 px": each(lambda image: image.filter(ImageFilter.GaussianBlur(2))),
    "noise 5": noise(5),
    "noise 25": noise(25),
    "JPEG 50": each(jpeg(50)),
    "JPEG 10": each(jpeg(10)),
    "shuffle 2 × 2": shuffled(2),
    "shuffle 8 × 8": shuffled(8),
    "two averaged": averaged,
    "two halves": halves,
}


def area_under_curve(low: np.ndarray, high: np.ndarray) -> float:
    """P(high > low) of two samples, from their rank sum."""
    n, m = len(low), len(high)
    return float(0.5 + rank_sum_z(low, high) * np.sqrt((n + m + 1) / (12 * n * m)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="lfw")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--skip", nargs="*", default=["classifier"])
    options = parser.parse_args()
    dataset = load_dataset(options.data, size=options.size)
    train = dataset.train.images[np.linspace(0, len(dataset.train.images) - 1, 5000).astype(int)]
    held_out = np.asarray(dataset.test.images)
    print(f"{options.data} {options.size} × {options.size}: {len(train):,} training images, {len(held_out):,} held out")
    sources = [np.random.default_rng(seed) for seed in range(options.draws)]
    chosen = [source.permutation(len(held_out))[: options.count] for source in sources]
    degraded = {
        name: [change(held_out[index], source) for index, source in zip(chosen, sources, strict=True)]
        for name, change in DEGRADATIONS.items()
    }
    for name in [name for name in FEATURE_SPACES if name not in options.skip]:
        start = time.process_time()
        space = feature_space(dataset.train, dataset.test, cache_root(), name=name)
        made = time.process_time() - start
        start = time.process_time()
        real = space(train)
        seconds = (time.process_time() - start) / len(train) * 2000
        gaussian = Gaussian.fit(real)
        clean = [space(held_out[index]) for index in chosen]
        floors = [frechet_distance(gaussian, features) for features in clean]
        near = nearest(clean[0], real, 3)[0][:, 2]
        print(f"\n{name}: made in {made:.0f} CPU s, {seconds:.2f} CPU s for 2,000 images, D = {space.dim}")
        print(f"{'degradation':<16} {'separation':>10} {'±':>7} {'kNN AUC':>8}")
        logs, curves = [], []
        for degradation, versions in degraded.items():
            features = [space(images) for images in versions]
            moved = [
                (frechet_distance(gaussian, found) - floor) / floor
                for found, floor in zip(features, floors, strict=True)
            ]
            curve = area_under_curve(near, nearest(features[0], real, 3)[0][:, 2])
            logs.append(np.log10(max(float(np.mean(moved)), 1e-3)))
            curves.append(curve)
            print(f"{degradation:<16} {np.mean(moved):>10.2f} {np.std(moved):>7.2f} {curve:>8.3f}")
        print(f"{'mean':<16} {10 ** np.mean(logs):>10.2f} {'':>7} {np.mean(curves):>8.3f}   (geometric, arithmetic)")


if __name__ == "__main__":
    main()
