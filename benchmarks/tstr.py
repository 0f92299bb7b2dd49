"""Train on synthetic, test on real: what a generator's images are worth as a labelled data set.

    python benchmarks/tstr.py digits                  trains what is missing and prints the table
    python benchmarks/tstr.py mnist fashion-mnist --seeds 3
    python benchmarks/tstr.py digits --table          only the table of what is there

A data set and seed is one JSON file in `--out`; one that exists is not measured again.

Protocol. Two generators of the data's default preset, one conditional, one not, of the same settings and seed; the
last snapshot, so that nothing is chosen. As many fakes as there are training images (at most 60,000), classes as in the
data. Labels: `own`, the class asked for; `given`, by the classifier trained on the real training images. Each test
classifier is trained on the fakes alone, on the reals alone, and tested on the held-out reals, which play no other
part: `ours` (ganscope's convolutional classifier, from scratch, as the feature space is made), `svm` (scikit-learn's,
RBF kernel, on at most 10,000 images), `forest` (scikit-learn's, 200 trees). Gap: reals minus fakes, in points.

`few`: 50 reals a class alone, and with all the fakes of the conditional generator beside them, each real repeated so
that both sides weigh the same. The generator has seen all training images, so its gain is what a classifier can take
from a generator of more data than it may see itself; it does not say that 50 reals a class can be made to go further.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC

from ganscope.config import make_config
from ganscope.data import Dataset, cache_root, load_dataset
from ganscope.features.classifier import FEATURES, planned_images, train_classifier
from ganscope.features.space import FeatureSpace
from ganscope.features.spaces import feature_space
from ganscope.generator import load_generator
from ganscope.launch import launch
from ganscope.progress import Progress
from ganscope.training import asked

MOST_FAKES, MOST_SVM, FEW = 60_000, 10_000, 50
Labelled = tuple[np.ndarray, np.ndarray]
Accuracy = Callable[[Labelled, Dataset, int], float]


def ours(train: Labelled, data: Dataset, seed: int) -> float:
    images, labels = train
    kinds = len(data.train.class_names)
    count = planned_images(len(images), images.shape[-1])
    net = train_classifier(np.ascontiguousarray(images), labels, kinds, num_images=count, seed=seed)
    space = FeatureSpace("tstr", "", FEATURES, None, kinds, net)
    return float((space.classify(data.test.images).argmax(axis=1) == data.test.labels).mean())


def svm(train: Labelled, data: Dataset, seed: int) -> float:
    chosen = np.random.default_rng(seed).permutation(len(train[0]))[:MOST_SVM]
    return _sklearn(SVC(C=10.0, gamma="scale"), (train[0][chosen], train[1][chosen]), data)


def forest(train: Labelled, data: Dataset, seed: int) -> float:
    return _sklearn(RandomForestClassifier(200, random_state=seed, n_jobs=1), train, data)


def _sklearn(model: Any, train: Labelled, data: Dataset) -> float:
    model.fit(train[0].reshape(len(train[0]), -1) / 255.0, train[1])
    return float(model.score(data.test.images.reshape(len(data.test.images), -1) / 255.0, data.test.labels))


CLASSIFIERS: dict[str, Accuracy] = {"ours": ours, "svm": svm, "forest": forest}


def made_by(run: Path, count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Images of the last snapshot and the classes asked for, from latents that no snapshot uses."""
    loaded = load_generator(run, "last")
    given = asked(loaded.config, count, "tstr", balance="data")
    return loaded.decode(given.z, given.labels), None if given.labels is None else given.labels.numpy()


def measure(name: str, seed: int, out: Path, epochs: float | None) -> dict[str, Any]:
    """Both trainings of one data set and seed, and every accuracy."""
    data = load_dataset(name)
    assert data.train.labels is not None and data.test.labels is not None
    real: Labelled = (np.array(data.train.images), data.train.labels)
    count, found = min(MOST_FAKES, len(real[0])), {}
    seconds, sets = {}, {"reals": real}
    for kind in ("conditional", "unconditional"):
        more: dict[str, Any] = {} if epochs is None else {"epochs": epochs}
        config = make_config(name, seed=seed, conditional=kind == "conditional", map="none", metrics=False, **more)
        run, start = out / f"{name}-{kind}-{seed}", time.monotonic()
        launch(config, run_path=run, progress=Progress(quiet=True))
        seconds[kind] = time.monotonic() - start
        images, own = made_by(run, count)
        labeller = feature_space(data.train, data.test, cache_root())
        if own is not None:
            sets["own"] = (images, own)
            found["asked_is_recognised"] = float((labeller.classify(images).argmax(axis=1) == own).mean())
        else:
            sets["given"] = (images, labeller.classify(images).argmax(axis=1))
    few = few_of(real, len(data.train.class_names), seed)
    times = max(1, len(sets["own"][0]) // len(few[0]))
    sets["few reals"] = few
    sets["few reals + own"] = tuple(
        np.concatenate([np.repeat(some, times, axis=0), all_of]) for some, all_of in zip(few, sets["own"], strict=True)
    )  # type: ignore[assignment]
    accuracies = {
        side: {title: classify(train, data, seed) for title, classify in CLASSIFIERS.items()}
        for side, train in sets.items()
    }
    return {"data": name, "seed": seed, "epochs": epochs, "count": count, "num_test": len(data.test.images),
            "train_seconds": seconds, "accuracies": accuracies, **found}  # fmt: skip


def few_of(real: Labelled, num_classes: int, seed: int) -> Labelled:
    """`FEW` images of each class."""
    source = np.random.default_rng(seed)
    chosen = [source.permutation(np.flatnonzero(real[1] == kind))[:FEW] for kind in range(num_classes)]
    index = np.concatenate(chosen)
    return real[0][index], real[1][index]


def table(out: Path) -> str:
    """Means over the seeds that are there, with the smallest and the largest."""
    results = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
    titles = ("data (seeds)", "classifier", "reals", "own labels", "gap", "given labels", "gap", "few reals",
              "few + own", "gain")  # fmt: skip
    lines = [f"| {' | '.join(titles)} |", "|---|---" + "|--:" * (len(titles) - 2) + "|"]
    for name in sorted({result["data"] for result in results}):
        runs = [result["accuracies"] for result in results if result["data"] == name]
        for title in CLASSIFIERS:
            side = {key: np.array([100 * run[key][title] for run in runs]) for key in runs[0]}
            row = [f"{name} ({len(runs)})", title, *[spread(side[key]) for key in ("reals", "own")]]
            row += [spread(side["reals"] - side["own"]), spread(side["given"]), spread(side["reals"] - side["given"])]
            row += [spread(side[key]) for key in ("few reals", "few reals + own")]
            row.append(spread(side["few reals + own"] - side["few reals"]))
            lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def spread(values: np.ndarray) -> str:
    around = f" ({values.min():.1f} to {values.max():.1f})" if len(values) > 1 else ""
    return f"{values.mean():.1f}{around}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Train on synthetic, test on real.")
    parser.add_argument("data", nargs="*", default=["digits"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=float, help="default: as the data's preset has it")
    parser.add_argument("--out", type=Path, default=Path("/tmp/ganscope-tstr"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in [] if arguments.table else arguments.data:
        for seed in range(arguments.seeds):
            path = arguments.out / f"{name}-{seed}.json"
            if not path.exists():
                result = measure(name, seed, arguments.out, arguments.epochs)
                path.write_text(json.dumps(result, indent=1))
    print(table(arguments.out))


if __name__ == "__main__":
    main()
