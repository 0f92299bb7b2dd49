"""What a start is worth on 200 images: digits 5 to 9 from random weights, or from a generator of digits 0 to 4.

    python benchmarks/start.py [--seeds 3] [--out DIR]

Both trainings are `ganscope train` with the preset of the digits (r3mlp), the same settings, data and seeds. The
Fréchet distance is measured in features of a classifier of all digits 5 to 9, between 2,000 fakes and the images of
these digits that no training saw; its floor is that of the 200 training images themselves.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

import ganscope
from ganscope.data import ImageSet, cache_root, load_dataset
from ganscope.features import feature_space
from ganscope.metrics import Gaussian, frechet_distance

NUM_IMAGES, NUM_FAKES = 222, 2000  # a tenth is held out: 200 are trained on
SEEN = (2_000, 5_000, 20_000, 100_000)  # real images shown, where both are measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(tempfile.mkdtemp()))
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    digits = load_dataset("digits")
    images = np.concatenate([digits.train.images, digits.test.images])
    assert digits.train.labels is not None and digits.test.labels is not None
    labels = np.concatenate([digits.train.labels, digits.test.labels])
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order], labels[order]
    large, small = labels < 5, labels >= 5
    few, rest = images[small][:NUM_IMAGES], images[small][NUM_IMAGES:]
    np.savez(out / "large.npz", images=images[large], labels=labels[large])
    np.savez(out / "few.npz", images=few, labels=labels[small][:NUM_IMAGES] - 5)
    names = tuple("56789")
    whole = ImageSet(rest, labels[small][NUM_IMAGES:] - 5, names, "start-rest", None)
    held = ImageSet(few, labels[small][:NUM_IMAGES] - 5, names, "start-few", None)
    space = feature_space(whole, held, cache_root())
    reals = Gaussian.fit(space(rest))
    print(f"floor ({NUM_IMAGES} training images against {len(rest)} others): {frechet_distance(reals, space(few)):.2f}")

    ganscope.train(
        out / "large.npz", preset="r3mlp", run=out / "start", map="none", metrics=False, quiet=True, conditional=False
    )  # the classes of the two are not the same
    rows: dict[str, list[list[float]]] = {"random weights": [], "digits 0 to 4": []}
    for seed in range(arguments.seeds):
        for name, start in (("random weights", None), ("digits 0 to 4", str(out / "start"))):
            path = out / f"{name.replace(' ', '-')}-{seed}"
            given = {} if start is None else {"start": start}
            ganscope.train(
                out / "few.npz", preset="r3mlp", run=path, map="none", metrics=False, quiet=True, seed=seed,
                epochs=SEEN[-1] / 200, snapshots=50, conditional=False, **given,
            )  # fmt: skip
            distances = []
            for seen in SEEN:
                loaded = ganscope.load_generator(path, seen)
                distances.append(frechet_distance(reals, space(loaded.sample(NUM_FAKES))))
            rows[name].append(distances)
            print(name, seed, " ".join(f"{one:.2f}" for one in distances), flush=True)
    print("\n| start | " + " | ".join(f"{seen:,} images seen" for seen in SEEN) + " |\n|---|" + "--:|" * len(SEEN))
    for name, found in rows.items():
        table = np.array(found)
        cells = [f"{mean:.1f} ± {spread:.1f}" for mean, spread in zip(table.mean(0), table.std(0), strict=True)]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
