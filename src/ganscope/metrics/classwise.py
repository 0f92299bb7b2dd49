"""What a conditional generator makes of each class: how near to that class's reals, how varied, and whether it obeys.

The Fréchet distance of all fakes sees none of this: fakes with their classes mixed up, or one class that repeats one
picture, score as before (ContraGAN on CIFAR-10: FID 6.0, its mean per class 119.6).

K classes, M fakes, D features; n_k the images compared in class k. Fakes, and reals that are not among the reference,
are taken in equal number, so that every number of the fakes stands beside one of the reals with the same bias: its
floor. Real before fake.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganscope.metrics import variety
from ganscope.metrics.coverage import Balls, share_stderr, support
from ganscope.metrics.distance import Gaussian, frechet_distance, frechet_stderr
from ganscope.metrics.pairs import Array
from ganscope.metrics.shares import confusion

Labels = NDArray[np.int64]
MOST_CLASSES = 100  # that are measured one by one
MOST_REALS = 1000  # of a class: of its reference, and of its floor
FEWEST = 20  # images on either side, below which neighbours and covariances of a class say nothing
NUMBERS = ("frechet", "precision", "recall", "coverage", "diversity")


@dataclass(frozen=True)
class Reference:
    """The reals of one class: what fakes are held against, and others `(n, D)` that say what fresh reals score."""

    gaussian: Gaussian
    balls: Balls
    spread: float
    others: Array

    @classmethod
    def fit(cls, features: Array, others: Array) -> Reference:
        spread = variety.mean_pairwise_distance(features)[0]
        return cls(Gaussian.fit(features), Balls.fit(features), spread, others)

    def compare(self, features: Array) -> dict[str, float]:
        """`NUMBERS` of `(n, D)` images of this class."""
        shares = support(self.balls, Balls.fit(features))
        return {
            "frechet": frechet_distance(self.gaussian, Gaussian.fit(features)),
            "precision": shares.precision[0],
            "recall": shares.recall[0],
            "coverage": shares.coverage[0],
            "diversity": variety.diversity(self.balls.points, features, real_mean=self.spread)[0],
        }


class Classwise:
    """Measures fakes class by class.

    Args:
        features, labels: of training images, `(N, D)` and `(N,)`; half of each class is the reference.
        held_out, held_out_labels: of held-out images, for the floors, with the other half where they are few.
        seen: the class that the classifier gives each held-out image, `(H,)`; None where there is no classifier.
    """

    def __init__(
        self, features: Array, labels: Labels, held_out: Array, held_out_labels: Labels, seen: Labels | None,
        num_classes: int, *, seed: int = 0,
    ) -> None:  # fmt: skip
        self.num_classes = num_classes
        source = np.random.default_rng(seed)
        self.references: list[Reference | None] = []
        for kind in range(num_classes):
            own = source.permutation(np.flatnonzero(labels == kind))
            others = held_out[held_out_labels == kind][:MOST_REALS]
            half = min(MOST_REALS, max(len(own) // 2, len(own) - max(0, MOST_REALS - len(others))))
            others = np.concatenate([others, features[own[half:]]])[:MOST_REALS]
            enough = min(half, len(others)) >= FEWEST
            self.references.append(Reference.fit(features[own[:half]], others) if enough else None)
        self.seen = None if seen is None else confusion(held_out_labels, seen, num_classes)
        self._floors: dict[tuple[int, int], dict[str, float]] = {}

    def floor(self, kind: int, count: int) -> dict[str, float]:
        """What `count` fresh reals of a class score."""
        reference = self.references[kind]
        assert reference is not None
        if (kind, count) not in self._floors:
            self._floors[kind, count] = reference.compare(reference.others[:count])
        return self._floors[kind, count]

    def measure(self, features: Array, asked: Labels, seen: Labels | None) -> dict[str, Any]:
        """A `per_class` of evals.jsonl: of `(M, D)` fakes, the classes `(M,)` asked for, and those that they look like.

        Returns:
            lists `(K,)`: `num_fake` asked for, `num_compared` (0: too few, no numbers), and of each of `NUMBERS` the
            values and, as `NAME_floor`, the floors, null where unknown. With a classifier: `confusion (K, K)`, counts
            with a row an asked class; `accuracy`, the share that looks like what was asked, with `stderr`, and as
            `floor` its accuracy on held-out reals of the same classes.
        """
        counts = np.bincount(asked, minlength=self.num_classes)
        line: dict[str, Any] = {"num_fake": counts.tolist(), "num_compared": [], "frechet_stderr": []}
        line |= {name: [] for number in NUMBERS for name in (number, f"{number}_floor")}
        for kind, reference in enumerate(self.references):
            compared = 0 if reference is None else min(int(counts[kind]), len(reference.others))
            compared = compared if compared >= FEWEST else 0
            line["num_compared"].append(compared)
            found: dict[str, float] = {}
            floor: dict[str, float] = {}
            error = None
            if compared and reference is not None:
                own = features[asked == kind][:compared]
                found, floor = reference.compare(own), self.floor(kind, compared)
                error = rounded(frechet_stderr(reference.gaussian, own))
            line["frechet_stderr"].append(error)
            for number in NUMBERS:
                line[number].append(rounded(found.get(number)))
                line[f"{number}_floor"].append(rounded(floor.get(number)))
        if seen is not None and self.seen is not None:
            line |= obedience(confusion(asked, seen, self.num_classes), self.seen)
        return line


def obedience(fake: NDArray[np.float64], real: NDArray[np.float64]) -> dict[str, Any]:
    """How often fakes look like what was asked, from counts `(K, K)`: rows asked or true, columns recognised.

    The floor weighs the held-out accuracy of each class by how often it was asked for.
    """
    asked, shown = fake.sum(axis=1), real.sum(axis=1)
    rates = np.divide(np.diag(real), shown, out=np.full(len(shown), np.nan), where=shown > 0)
    known = (asked > 0) & np.isfinite(rates)
    share = float(np.trace(fake) / asked.sum())
    floor = float((asked[known] * rates[known]).sum() / asked[known].sum()) if known.any() else None
    return {
        "confusion": fake.astype(int).tolist(),
        "accuracy": rounded(share),
        "stderr": rounded(share_stderr(share, int(asked.sum()))),
        "floor": rounded(floor),
        "chance": rounded(float((asked / asked.sum() * fake.sum(axis=0) / fake.sum()).sum())),
    }


def rounded(value: float | None) -> float | None:
    """Six digits; None where it is not known."""
    return None if value is None or not np.isfinite(value) else round(float(value), 6)
