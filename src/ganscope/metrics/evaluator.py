"""The metrics of a generator's fakes, each beside its floor, in under a second.

N reals, M fakes, D features, K classes or clusters. Everything about the reals is computed once. Real before fake.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ganscope.metrics import classwise, variety
from ganscope.metrics.coverage import Balls, support
from ganscope.metrics.distance import (
    Gaussian,
    enough_for_floor,
    frechet_distance,
    frechet_floor,
    frechet_influence,
    kernel_distance,
    mean_kernel,
)
from ganscope.metrics.memorisation import (
    Levelled,
    Memorisation,
    Nearness,
    distinct,
    levelled,
    memorisation,
    nearest_variant,
    nearness,
    variants,
)
from ganscope.metrics.pairs import nearest
from ganscope.metrics.shares import MOST_CLASSES, Shares, confusion, reverse_kl, shares
from ganscope.metrics.sliced import Slices
from ganscope.metrics.table import Metric
from ganscope.metrics.texture import Texture, detail

NUM_MOMENTS = 10_000  # reals that give mean and covariance
NUM_BALLS = 2_000  # reals of the metrics that need all pairs
NUM_COPIES = 500  # fakes looked for among all training images
NUM_MOVED = 100  # of these looked for mirrored, shifted and recoloured too: about the cost of the others together
NORMAL_MOVED = 500  # held-out images looked for in the same way
NUM_NORMAL = 2_000  # held-out images looked for there, which say what is normal
NUM_CLUSTERS = 20  # kinds of image where there are no labels
GROUPS = 16  # of latents, whose means say how two snapshots' errors go together
MIN_HELD_OUT = 200  # with fewer held-out images, half of the training images stand in for them in the floors


class Images(Protocol):
    """The part of a data set's `ImageSet` that is used here."""

    @property
    def images(self) -> NDArray[np.uint8]: ...
    @property
    def labels(self) -> NDArray[np.int64] | None: ...
    @property
    def class_names(self) -> tuple[str, ...]: ...


class Space(Protocol):
    """The part of a `FeatureSpace` that is used here."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def num_classes(self) -> int: ...
    def describe(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]: ...


Described = tuple[NDArray[np.float32], NDArray[np.float32] | None]


def describe(space: Space, images: NDArray[np.uint8]) -> Described:
    """Features and class probabilities of real images, without a memory of earlier runs."""
    return space.describe(images)


@dataclass(frozen=True)
class Sizes:
    """How many images each side of a measurement has; `evaluate` asks for more than a snapshot does."""

    moments: int = NUM_MOMENTS
    balls: int = NUM_BALLS
    copies: int = NUM_COPIES
    moved: int = NUM_MOVED


@dataclass(frozen=True)
class Observation:
    """What was seen at one snapshot.

    Attributes:
        metrics: by name. features: `(M, D) float32`, for the map.
        labels: class or cluster of each fake, `(M,)`. share: class shares of the fakes, freed from confusions.
        copies: the fakes nearest to training images, with the images.
    """

    metrics: dict[str, Metric]
    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    share: Shares
    copies: Memorisation


class Evaluator:
    """Measures fakes against one data set.

    Args:
        train: what the generator learns from. test: real images that it never sees.
        space: where distances are taken. pixels: the space in which copies are looked for: one that keeps an image's
            own details, while `space` may keep its class only.
        structure: a second space, of shapes beside texture, where none is known to rank rightly.
        num_fake: M of a snapshot; the floors are made for that number.
        seed: chooses the reals where not all are used.
        recall: describes reals; one that keeps what it found saves every later run the passes.
    """

    def __init__(
        self, train: Images, test: Images, space: Space, pixels: Space, *, num_fake: int, seed: int = 0,
        structure: Space | None = None,
        sizes: Sizes | None = None, recall: Callable[[Space, NDArray[np.uint8]], Described] = describe,
    ) -> None:  # fmt: skip
        self.space, self.pixels, self.seed, self._recall = space, pixels, seed, recall
        self.sizes, self.structure = sizes or Sizes(), structure
        source = np.random.default_rng(seed)
        order = source.permutation(len(train.images))
        spare = order[:0]
        if len(test.images) < MIN_HELD_OUT:
            order, spare = order[: len(order) // 2], order[len(order) // 2 :]
        self.num_train = len(train.images)
        reference = np.sort(order[: self.sizes.moments])
        features, _ = recall(space, train.images[reference])
        held_out = source.permutation(len(test.images))[: max(num_fake, NUM_NORMAL)]
        held_out_features, held_out_probabilities = recall(space, test.images[held_out])
        self._fit_kinds(train, features, len(test.images), seed)
        self._fit_confusion(test, held_out, held_out_probabilities)
        self._fit_classwise(train, test)
        pool = held_out_features
        if len(spare) and len(pool) < num_fake:
            pool = np.concatenate([pool, recall(space, train.images[spare[: num_fake - len(pool)]])[0]])
        # As many fakes as held-out reals: most of these numbers move with the size of the sets.
        self.num_compared = min(num_fake, len(pool))
        self.gaussian = Gaussian.fit(features)
        chosen = np.sort(source.permutation(len(features))[: self.sizes.balls])
        self.balls = Balls.fit(features[chosen])
        self.slices = Slices.fit(self.balls.points)
        self.balls_kernel = mean_kernel(self.balls.points)
        self.balls_spread = variety.mean_pairwise_distance(self.balls.points)[0]
        # The threshold has to come from as many reals as there are fakes, of all classes: files come sorted by class.
        alike = source.permutation(len(features))[: self.num_compared]
        self.twin = variety.duplicate_threshold(Balls.fit(features[alike]).nearest)
        self._fit_copies(train, test, held_out[: max(NUM_NORMAL, self.sizes.copies)])
        self.texture = Texture.fit(detail(np.asarray(train.images[reference[: self.sizes.balls]])))
        # The Fréchet distance is the noisiest of these beside what it changes: where it can, it takes all fakes.
        whole = enough_for_floor(len(pool), pool.shape[1]) and len(pool) >= MIN_HELD_OUT
        self.num_moments, self.num_floor = num_fake if whole else self.num_compared, len(pool)
        self.floors = self._compare(pool[: self.num_compared])
        self.floors["frechet"] = (frechet_floor(self.gaussian, pool[:num_fake], self.num_moments, seed=seed), 0.0)
        self.floors["memorisation_z"] = (0.0, 0.0)
        if structure is not None:
            self.shapes = Gaussian.fit(recall(structure, train.images[reference])[0])
            shapes = recall(structure, test.images[held_out])[0]
            if len(pool) > len(held_out):
                shapes = np.concatenate([shapes, recall(structure, train.images[spare[: num_fake - len(shapes)]])[0]])
            self.floors["structure"] = (frechet_floor(self.shapes, shapes[:num_fake], self.num_moments, seed=seed), 0.0)
        self.floors["rough"] = self.floors["smooth"] = (self.texture.floor, 0.0)
        self.floors["class_kl"] = (variety.kl_floor(self.real_share, num_fake), 0.0)
        self.floors["modes"] = (variety.expected_modes(self.real_share, num_fake), 0.0)
        if held_out_probabilities is not None:
            self.floors["confidence"] = (float(held_out_probabilities.max(axis=1).mean()), 0.0)

    def _fit_kinds(self, train: Images, features: NDArray[np.float32], num_held_out: int, seed: int) -> None:
        """Classes from the labels, or clusters of the reals where the space knows no classes."""
        self.centres: NDArray[np.float32] | None = None
        self.kinds_error: NDArray[np.float64] | float
        if self.space.num_classes:
            assert train.labels is not None
            self.kind_names, self.kinds_error = train.class_names, 0.0
            self.real_share = variety.class_share(train.labels, self.space.num_classes)
            return
        from sklearn.cluster import KMeans

        count = max(1, min(NUM_CLUSTERS, len(features) // 20, len(distinct(features))))
        found = KMeans(count, n_init=1, random_state=seed).fit(features.astype(np.float64))
        self.centres = found.cluster_centers_.astype(np.float32)
        self.kind_names = tuple(f"cluster {kind}" for kind in range(count))
        self.real_share = variety.class_share(self.kinds(features, None), count)
        # Clusters fit the images that they were found in better than any others: fresh reals, too, have other shares.
        # As many images as are held out would tell theirs to within this.
        self.kinds_error = np.sqrt(self.real_share * (1.0 - self.real_share) / max(1, num_held_out))

    def _fit_confusion(
        self, test: Images, held_out: NDArray[np.int64], probabilities: NDArray[np.float32] | None
    ) -> None:
        """What the classifier takes for what, from the held-out images."""
        self.confusion: NDArray[np.float64] | None = None
        if probabilities is not None and test.labels is not None and self.space.num_classes <= MOST_CLASSES:
            self.confusion = confusion(test.labels[held_out], probabilities.argmax(axis=1), self.space.num_classes)

    def _fit_classwise(self, train: Images, test: Images) -> None:
        """What measures a conditional generator class by class; made when one comes."""
        self._classwise: Callable[[], classwise.Classwise] | None = None
        if train.labels is None or test.labels is None or len(train.class_names) > classwise.MOST_CLASSES:
            return

        @functools.cache
        def made() -> classwise.Classwise:
            assert train.labels is not None and test.labels is not None
            of_train = self._recall(self.space, train.images)[0]
            of_test, probabilities = self._recall(self.space, test.images)
            seen = None if probabilities is None else np.asarray(probabilities.argmax(axis=1), np.int64)
            return classwise.Classwise(
                of_train, train.labels, of_test, test.labels, seen, len(train.class_names), seed=self.seed
            )

        self._classwise = made

    def _fit_copies(self, train: Images, test: Images, held_out: NDArray[np.int64]) -> None:
        pixels = self._recall(self.pixels, train.images)[0]
        self.originals = distinct(pixels)
        self.train_pixels = pixels[self.originals]
        self.normal = nearness(self.train_pixels, self._recall(self.pixels, test.images[held_out])[0])
        whole = cast("NDArray[np.uint8]", Levelled(train.images))  # taken by slices, as a memory map is
        even = self._recall(self.pixels, whole)[0]
        self.train_levelled = even[distinct(even)]
        self.normal_moved = self._moved(test.images[held_out[:NORMAL_MOVED]])

    def _moved(self, images: NDArray[np.uint8]) -> Nearness:
        """The nearness of `(M, C, H, W) uint8` images to training images, mirrored, shifted or recoloured."""
        return nearest_variant(self.train_levelled, [self.pixels.describe(x)[0] for x in variants(levelled(images))])

    def kinds(self, features: NDArray[np.float32], probabilities: NDArray[np.float32] | None) -> NDArray[np.int64]:
        """The class of each image, or its cluster: `(M,)`."""
        if probabilities is not None:
            return np.asarray(probabilities.argmax(axis=1), np.int64)
        assert self.centres is not None
        return nearest(features, self.centres, 1)[1][:, 0]

    def places(self, fakes: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """What the map needs of `(M, C, H, W) uint8` fakes: features `(M, D)` and kinds `(M,)`, nothing measured."""
        features, probabilities = self.space.describe(fakes)
        return features, self.kinds(features, probabilities)

    def measure(self, fakes: NDArray[np.uint8]) -> Observation:
        """Everything about `(M, C, H, W) uint8` fakes; their features are computed once."""
        features, probabilities = self.space.describe(fakes)
        labels = self.kinds(features, probabilities)
        share = shares(labels, len(self.real_share), self.confusion, seed=self.seed)
        share = dataclasses.replace(share, stderr=np.hypot(share.stderr, self.kinds_error))
        found = self._compare(features[: self.num_compared])
        found["frechet"], groups = self._move(features[: self.num_moments], self.gaussian)
        if self.structure is not None:
            shapes = self.structure.describe(fakes[: self.num_moments])[0]
            found["structure"], shape_groups = self._move(shapes, self.shapes)
        found["class_kl"] = reverse_kl(self.real_share, share)
        found["modes"] = (float(variety.modes(labels, len(self.real_share))), None)
        if probabilities is not None:
            likeliest = probabilities.max(axis=1)
            found["confidence"] = (float(likeliest.mean()), float(likeliest.std() / np.sqrt(len(likeliest))))
        queries = self.pixels.describe(fakes[: self.sizes.copies])[0]
        copies = memorisation(self.normal, nearness(self.train_pixels, queries))
        copies = dataclasses.replace(
            copies, pairs=np.stack([copies.pairs[:, 0], self.originals[copies.pairs[:, 1]]], axis=1)
        )
        found["memorisation"], found["memorisation_z"] = copies.copied, (copies.z, 1.0)
        moved = memorisation(self.normal_moved, self._moved(fakes[: self.sizes.moved]))
        found["moved_copies"] = moved.copied
        found |= self.texture.shares(detail(fakes[: self.sizes.copies]))
        metrics = {name: self._metric(name, value, stderr, len(fakes)) for name, (value, stderr) in found.items()}
        metrics["frechet"] = dataclasses.replace(
            metrics["frechet"], groups=groups, spread=round(float(np.trace(self.gaussian.cov)), 6)
        )
        if self.structure is not None:
            metrics["structure"] = dataclasses.replace(metrics["structure"], groups=shape_groups)
        metrics["memorisation"] = dataclasses.replace(metrics["memorisation"], floor=copies.floor)
        metrics["moved_copies"] = dataclasses.replace(
            metrics["moved_copies"], floor=moved.floor, floor_num=len(self.normal_moved.ratio)
        )
        return Observation(metrics, features, labels, share, copies)

    def observe(self, fakes: NDArray[np.uint8], asked: NDArray[np.int64] | None = None) -> dict[str, Any]:
        """`measure` as a line of `evals.jsonl` has it, with the features `(M, D)` and kinds `(M,)` for the map.

        Args:
            asked: the class that each fake was asked for, `(M,)`, of a conditional generator.

        Returns:
            `metrics`, `class_share` and, where classes were asked for, `per_class` for the line;
            `features` and `labels` as arrays.
        """
        seen = self.measure(fakes)
        told: dict[str, Any] = {}
        if asked is not None and self._classwise is not None:
            recognised = seen.labels if self.space.num_classes else None
            told["per_class"] = self._classwise().measure(seen.features, asked, recognised)
        return {
            "metrics": {name: metric.to_dict() for name, metric in seen.metrics.items()},
            "class_share": class_share_line(self.real_share, seen.share),
            **told,
            "features": seen.features,
            "labels": seen.labels,
        }

    def _move(self, fake: NDArray[np.float32], real: Gaussian) -> tuple[tuple[float, float], tuple[float, ...]]:
        """The Fréchet distance with its error, and the parts of that error that come from each group of latents."""
        cloud = Gaussian.fit(fake)
        influence = frechet_influence(real, cloud, fake)
        stderr = float(influence.std(ddof=1) / np.sqrt(len(influence)))
        groups = tuple(float(f"{part.mean():.4g}") for part in np.array_split(influence, GROUPS))
        return (frechet_distance(real, cloud), stderr), groups

    def _compare(self, fake: NDArray[np.float32]) -> dict[str, tuple[float, float | None]]:
        """The metrics that compare two clouds of features of one size, with their standard errors."""
        around = Balls.fit(fake)
        support_shares = support(self.balls, around)
        twins = variety.duplicates(around.nearest, self.twin)
        return {
            "frechet": (float("nan"), None),  # first in every table; measured on more fakes
            "kernel": kernel_distance(self.balls.points, fake, real_mean=self.balls_kernel),
            "sliced": self.slices.distance(fake),
            "precision": support_shares.precision,
            "recall": support_shares.recall,
            "density": support_shares.density,
            "coverage": support_shares.coverage,
            "diversity": variety.diversity(self.balls.points, fake, real_mean=self.balls_spread),
            "duplicate_rate": (twins, variety.duplicates_stderr(twins, len(fake), len(fake))),
        }

    def _metric(self, name: str, value: float, stderr: float | None, num_fake: int) -> Metric:
        """A number with its protocol."""
        num_real, compared, space = len(self.balls.points), self.num_compared, self.space
        if name in ("frechet", "structure"):
            num_real, compared = self.gaussian.count, min(self.num_moments, num_fake)
        elif name in ("class_kl", "modes", "confidence"):
            num_real, compared = self.num_train, num_fake
        elif name.startswith("memorisation"):
            num_real, compared, space = self.num_train, min(num_fake, self.sizes.copies), self.pixels
        elif name == "moved_copies":
            num_real, compared, space = self.num_train, min(num_fake, self.sizes.moved), self.pixels
        floor_num = len(self.normal.ratio) if name.startswith("memorisation") else compared
        if name == "structure" and self.structure is not None:
            space = self.structure
        if name in ("frechet", "structure"):
            floor_num = min(self.num_floor, compared)
        if name in ("rough", "smooth"):
            num_real, compared = self.texture.num_real, min(num_fake, self.sizes.copies)
        floor = self.floors[name][0] if name in self.floors else None
        return Metric(
            name=name, value=value, stderr=stderr, floor=floor, num_real=num_real, num_fake=compared,
            floor_num=floor_num, features=space.name, version=space.version,
        )  # fmt: skip


def class_share_line(real: NDArray[np.float64], fake: Shares) -> dict[str, list[float]]:
    """`class_share` as a line of `evals.jsonl` has it: shares `(K,)` of the reals and of the fakes, with their errors;
    `seen` is what the classifier says of the fakes before its confusions are undone."""
    rounded = {"fake": fake.share, "stderr": fake.stderr, "seen": fake.seen}
    return {"real": real.tolist()} | {name: np.round(values, 9).tolist() for name, values in rounded.items()}
