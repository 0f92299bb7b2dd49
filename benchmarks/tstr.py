"""Train on synthetic, test on real; and the contest of a conditional and an unconditional training at equal images.

    python benchmarks/tstr.py digits                  trains what is missing and prints the tables
    python benchmarks/tstr.py mnist fashion-mnist --seeds 3
    python benchmarks/tstr.py digits --table          only the tables of what is there
    python benchmarks/tstr.py mnist --set d_width=32 d_classify=0.3 g_classify=0.1 --sides own --out OTHER
                                                      other settings of the conditional training, in a folder of its own

A data set and seed is one JSON file in `--out`, to which every number is added once it is known: what is there is not
measured again. Finished runs are taken from `--out` too: NAME-conditional-SEED and NAME-unconditional-SEED.

Protocol. Generators of the data's default preset, one conditional, one not, of the same settings and seed; the last
snapshot, so that nothing is chosen. As many fakes as there are training images (at most 60,000), classes as in the
data. Labels: `own`, the class asked for; `given`, by the classifier trained on the real training images; `kept`, own
labels of those fakes alone that this classifier names as asked. Each test
classifier is trained on the fakes alone, on the reals alone, and tested on the held-out reals, which play no other
part: `ours` (ganscope's convolutional classifier, from scratch, as the feature space is made); on 10,000 images of
either side `svm` (scikit-learn's, RBF kernel), `forest` (scikit-learn's, 200 trees) and `residual` (a residual network
of three stages, 16 to 64 channels). Gap: reals minus fakes, in points.

`few`: 50 reals a class alone, and with all the fakes of the conditional generator beside them, each real repeated so
that both sides weigh the same. The generator has seen all training images, so its gain is what a classifier can take
from a generator of more data than it may see itself; it does not say that 50 reals a class can be made to go further.

Contest: Fréchet of 10,000 fakes, and the mean over classes of each class's own beside its floor (metrics/classwise);
classes as asked, of the unconditional generator as recognised.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC
from torch import Tensor, nn
from torch.nn import functional as F

from ganscope.config import make_config
from ganscope.data import Dataset, cache_root, load_dataset
from ganscope.features import feature_space
from ganscope.features.classifier import FEATURES, planned_images, train_classifier
from ganscope.features.space import FeatureSpace
from ganscope.generator import load_generator
from ganscope.launch import launch
from ganscope.metrics import Evaluator
from ganscope.progress import Progress
from ganscope.runs import Run
from ganscope.training import asked
from given import settings_of

MOST_FAKES, MOST_OTHERS, FEW, NUM_COMPARED = 60_000, 10_000, 50, 10_000
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
    return _sklearn(SVC(C=10.0, gamma="scale"), train, data, seed)


def forest(train: Labelled, data: Dataset, seed: int) -> float:
    return _sklearn(RandomForestClassifier(200, random_state=seed, n_jobs=1), train, data, seed)


def _sklearn(model: Any, train: Labelled, data: Dataset, seed: int) -> float:
    images, labels = some(train, seed)
    model.fit(images.reshape(len(images), -1) / 255.0, labels)
    return float(model.score(data.test.images.reshape(len(data.test.images), -1) / 255.0, data.test.labels))


def some(train: Labelled, seed: int) -> Labelled:
    chosen = np.random.default_rng(seed).permutation(len(train[0]))[:MOST_OTHERS]
    return train[0][chosen], train[1][chosen]


class Block(nn.Module):
    def __init__(self, source: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(source, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))
        self.short = nn.Conv2d(source, width, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.short(x) + self.second(self.first(x)))


def residual(train: Labelled, data: Dataset, seed: int) -> float:
    """Six passes over the images (thirty where there are under 5,000), SGD with a rate that falls as a cosine."""
    images, labels = some(train, seed)
    torch.manual_seed(seed)
    stem = nn.Sequential(nn.Conv2d(images.shape[1], 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
    blocks = [Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2)]
    net = nn.Sequential(stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, int(labels.max()) + 1))
    passes = 30 if len(images) < 5000 else 6
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = passes * (len(images) // 64)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    x, y = torch.from_numpy(images).float() / 127.5 - 1, torch.from_numpy(labels.astype(np.int64))
    for _ in range(passes):
        for index in torch.randperm(len(x))[: len(x) // 64 * 64].split(64):
            loss = F.cross_entropy(net(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    net.eval()
    with torch.no_grad():
        parts = [net(torch.from_numpy(part).float() / 127.5 - 1).argmax(1) for part in batches(data.test.images)]
    return float((torch.cat(parts).numpy() == data.test.labels).mean())


def batches(images: np.ndarray, size: int = 500) -> Iterator[np.ndarray]:
    for start in range(0, len(images), size):
        yield np.array(images[start : start + size])


CLASSIFIERS: dict[str, Accuracy] = {"ours": ours, "svm": svm, "forest": forest, "residual": residual}
SIDES = ("reals", "own", "given", "few reals", "few reals + own", "kept")


def made_by(run: Path, count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Images of the last snapshot and the classes asked for, from latents that no snapshot uses."""
    loaded = load_generator(run, "last")
    given = asked(loaded.config, count, "tstr", balance="data")
    return loaded.decode(given.z, given.labels), None if given.labels is None else given.labels.numpy()


class Measured:
    """One data set and seed: both trainings, all that is known of them, in one file."""

    def __init__(
        self, name: str, seed: int, out: Path, epochs: float | None, settings: dict[str, Any] | None = None
    ) -> None:
        self.name, self.seed, self.out, self.epochs, self.settings = name, seed, out, epochs, settings or {}
        self.path = out / f"{name}-{seed}.json"
        self.found: dict[str, Any] = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.found |= {"data": name, "seed": seed, "epochs": epochs, "settings": self.settings}
        self.data = load_dataset(name)
        assert self.data.train.labels is not None and self.data.test.labels is not None
        self.real: Labelled = (np.array(self.data.train.images), self.data.train.labels)
        self.count = self.found["count"] = min(MOST_FAKES, len(self.real[0]))
        self.labeller = feature_space(self.data.train, self.data.test, cache_root())
        self.made: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}

    def fakes(self, kind: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Of a finished run, trained first if it is not there."""
        if kind not in self.made:
            path = self.out / f"{self.name}-{kind}-{self.seed}"
            if not Run(path).finished():
                more: dict[str, Any] = {} if self.epochs is None else {"epochs": self.epochs}
                told = kind == "conditional"
                if told:
                    more |= self.settings
                config = make_config(self.name, seed=self.seed, conditional=told, map="none", threads=1, **more)
                start = time.process_time()
                launch(config, run_path=path, progress=Progress(quiet=True))
                self.keep(("cpu_seconds", kind), time.process_time() - start)
            self.made[kind] = made_by(path, self.count)
        return self.made[kind]

    def side(self, name: str) -> Labelled:
        """The images and labels that a classifier is trained on."""
        if name == "reals":
            return self.real
        if name == "few reals":
            return few_of(self.real, len(self.data.train.class_names), self.seed)
        if name == "given":
            images = self.fakes("unconditional")[0]
            return images, self.labeller.classify(images).argmax(axis=1)
        images, own = self.fakes("conditional")
        assert own is not None
        if name == "own":
            return images, own
        if name == "kept":
            kept = self.labeller.classify(images).argmax(axis=1) == own
            return images[kept], own[kept]
        few = self.side("few reals")
        times = max(1, len(images) // len(few[0]))
        return np.concatenate([np.repeat(few[0], times, axis=0), images]), np.concatenate(
            [np.repeat(few[1], times), own]
        )

    def keep(self, at: tuple[str, ...], value: Any) -> None:
        """Store a number at once, so that a measurement that breaks off goes on from there."""
        place = self.found
        for name in at[:-1]:
            place = place.setdefault(name, {})
        place[at[-1]] = value
        self.path.write_text(json.dumps(self.found, indent=1))

    def measure(self, sides: list[str], classifiers: list[str], kinds: list[str]) -> None:
        for side in sides:
            known = self.found.get("accuracies", {}).get(side, {})
            missing = [title for title in classifiers if title not in known]
            if missing:
                train = self.side(side)
                for title in missing:
                    self.keep(("accuracies", side, title), CLASSIFIERS[title](train, self.data, self.seed))
        for kind in kinds:
            if kind not in self.found.get("contest", {}):
                self.keep(("contest", kind), self.compared(kind))

    def compared(self, kind: str) -> dict[str, float]:
        """Fréchet of all fakes, and the mean over the classes."""
        images, own = self.fakes(kind)
        images = images[:NUM_COMPARED]
        seen = self.labeller.classify(images).argmax(axis=1)
        labels = seen if own is None else own[:NUM_COMPARED]
        pixels = feature_space(self.data.train, self.data.test, cache_root(), name="pca")
        judge = Evaluator(self.data.train, self.data.test, self.labeller, pixels, num_fake=len(images))
        line = judge.observe(images, labels)
        whole, told = line["metrics"], line["per_class"]
        pairs = [(a, b) for a, b in zip(told["frechet"], told["frechet_floor"], strict=True) if a is not None]
        return {
            "frechet": whole["frechet"]["value"], "frechet_floor": whole["frechet"]["floor"],
            "coverage": whole["coverage"]["value"], "class_kl": whole["class_kl"]["value"],
            "per_class": float(np.mean([a for a, _ in pairs])),
            "per_class_floor": float(np.mean([b for _, b in pairs])),
            "worst_class": float(max(a for a, _ in pairs)), "obeyed": told["accuracy"] if own is not None else None,
        }  # fmt: skip


def few_of(real: Labelled, num_classes: int, seed: int) -> Labelled:
    """`FEW` images of each class."""
    source = np.random.default_rng(seed)
    chosen = [source.permutation(np.flatnonzero(real[1] == kind))[:FEW] for kind in range(num_classes)]
    index = np.concatenate(chosen)
    return real[0][index], real[1][index]


def tables(out: Path) -> str:
    """Means over the seeds that are there, with the smallest and the largest."""
    results = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
    titles = ("data", "classifier", "seeds", "reals", "own labels", "gap", "kept", "given labels", "gap", "few reals",
              "few + own", "gain")  # fmt: skip
    lines = [f"| {' | '.join(titles)} |", "|---|---" + "|--:" * (len(titles) - 2) + "|"]
    for name in sorted({result["data"] for result in results}):
        for title in CLASSIFIERS:
            runs = [result.get("accuracies", {}) for result in results if result["data"] == name]
            runs = [run for run in runs if title in run.get("reals", {}) and title in run.get("own", {})]
            if not runs:
                continue
            side = {key: np.array([100 * run.get(key, {}).get(title, np.nan) for run in runs]) for key in SIDES}
            row = [name, title, str(len(runs)), *[spread(side[key]) for key in ("reals", "own")]]
            row += [spread(side["reals"] - side["own"]), spread(side["kept"]), spread(side["given"])]
            row += [spread(side["reals"] - side["given"])]
            row += [spread(side[key]) for key in ("few reals", "few reals + own")]
            row.append(spread(side["few reals + own"] - side["few reals"]))
            lines.append("| " + " | ".join(row) + " |")
    columns = (
        "frechet",
        "frechet_floor",
        "per_class",
        "per_class_floor",
        "worst_class",
        "coverage",
        "class_kl",
        "obeyed",
    )
    lines += [
        "",
        f"| data | training | seeds | {' | '.join(columns)} |",
        "|---|---" + "|--:" * (len(columns) + 1) + "|",
    ]
    for name in sorted({result["data"] for result in results}):
        for kind in ("unconditional", "conditional"):
            found = [one["contest"][kind] for one in results if one["data"] == name and kind in one.get("contest", {})]
            if found:
                cells = [spread(np.array([one.get(c) or np.nan for one in found], float), 3) for c in columns]
                lines.append(f"| {name} | {kind} | {len(found)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(values: np.ndarray, digits: int = 1) -> str:
    values = values[np.isfinite(values)]
    if not len(values):
        return ""
    around = f" ({values.min():.{digits}f} to {values.max():.{digits}f})" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{around}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Train on synthetic, test on real.")
    parser.add_argument("data", nargs="*", default=["digits"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--epochs", type=float, help="default: as the data's preset has it")
    parser.add_argument("--out", type=Path, default=Path("/tmp/ganscope-tstr"))
    parser.add_argument("--sides", nargs="*", choices=SIDES, default=list(SIDES))
    parser.add_argument("--classifiers", nargs="*", choices=list(CLASSIFIERS), default=list(CLASSIFIERS))
    parser.add_argument("--contest", nargs="*", default=["conditional", "unconditional"])
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="of the conditional training")
    parser.add_argument("--table", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in [] if arguments.table else arguments.data:
        for seed in arguments.seeds:
            measured = Measured(name, seed, arguments.out, arguments.epochs, settings_of(arguments.set))
            measured.measure(arguments.sides, arguments.classifiers, arguments.contest)
    print(tables(arguments.out))


if __name__ == "__main__":
    main()
