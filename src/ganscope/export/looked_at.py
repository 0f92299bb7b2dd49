"""What is known of each exported image: the class it looks like, its nearest training image, what D says; and filters.

Legend: N images, T training images, D features, K classes. Every threshold comes from training images alone: each is
held against the others, as an image that is not a copy would be. The test set has no part in it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from ganscope.config import Plan
from ganscope.data import Dataset, cache_root
from ganscope.errors import RunError
from ganscope.features import feature_space, recalled
from ganscope.metrics import nearest
from ganscope.networks import told
from ganscope.progress import Say
from ganscope.runs import Run
from ganscope.training import build_networks, read_start

NEIGHBOUR = 5  # a copy lies much nearer to one training image than to the fifth
COPY_SHARE = 0.01  # of training images that count as copies of others
STRANGE_SHARE = 0.01  # of training images that count as unlike the others
NUM_CALIBRATION = 2000  # training images that say so
NUM_REFERENCE = 10_000  # training images that an image may be like
FILTERS = ("copies", "strangers", "mistaken")


@dataclass(frozen=True)
class Looked:
    """What is known of N images; None for what nobody looked at.

    recognised, confidence: the classifier's class `(N,)` and its probability. nearest, distance: index of the nearest
    training image and how far it is, over the RMS of the training images' own coordinates. score: D's, in [0, 1].
    faults: for each filter which images it would leave out, `(N,) bool`.
    """

    recognised: NDArray[np.int64] | None = None
    confidence: NDArray[np.float32] | None = None
    nearest: NDArray[np.int64] | None = None
    distance: NDArray[np.float64] | None = None
    score: NDArray[np.float32] | None = None
    faults: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)


class Nobody:
    """Looks at nothing: an export at the generator's own speed."""

    knows_classes = False
    thresholds: Mapping[str, float] = {}

    def look_at(self, images: np.ndarray, asked: NDArray[np.int64] | None) -> Looked:
        return Looked()


class Onlooker(Nobody):
    """Looks at every image with the data's own classifier, for the nearest training image, and with the newest D."""

    def __init__(self, run: Run, config: Plan, dataset: Dataset, say: Say) -> None:
        train, cache = dataset.train, cache_root()
        self.space = feature_space(train, dataset.test, cache, progress=say)
        self.knows_classes = self.space.num_classes > 0
        self.pixels = feature_space(train, dataset.test, cache, name="pca", progress=say)
        self.accuracy = self.space.accuracy
        self._discriminate = discriminator(run, config)
        of_pixels = recalled(self.pixels, train.images, cache=cache)[0]
        self._originals, self._scale = of_pixels, float(np.sqrt((of_pixels.astype(np.float64) ** 2).mean()))
        features = recalled(self.space, train.images, cache=cache)[0]
        source = np.random.default_rng(0)
        self._known = features[np.sort(source.permutation(len(features))[:NUM_REFERENCE])]
        calibration = source.permutation(len(train.images))[:NUM_CALIBRATION]
        self.thresholds = {
            "copies": float(np.quantile(self._ratio(of_pixels[calibration], itself=True)[0], COPY_SHARE)),
            "strangers": float(np.quantile(self._apart(features[calibration], itself=True), 1 - STRANGE_SHARE)),
        }

    def look_at(self, images: np.ndarray, asked: NDArray[np.int64] | None) -> Looked:
        """Everything about `(N, C, H, W) uint8` images that were asked for classes `(N,)`."""
        features, probabilities = self.space.describe(images)
        ratio, index, distance = self._ratio(self.pixels.describe(images)[0])
        faults = {
            "copies": ratio <= self.thresholds["copies"],
            "strangers": self._apart(features) > self.thresholds["strangers"],
        }
        recognised = confidence = None
        if probabilities is not None:
            recognised = np.asarray(probabilities.argmax(axis=1), np.int64)
            confidence = probabilities.max(axis=1)
            if asked is not None:
                faults["mistaken"] = recognised != asked
        return Looked(recognised, confidence, index, distance / self._scale, self._discriminate(images, asked), faults)

    def _ratio(
        self, queries: np.ndarray, itself: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
        """Distance of the nearest training image over that of the fifth; its index; the distance.

        `itself`: the queries are among the training images.
        """
        skip = int(itself)
        found, index = nearest(queries, self._originals, min(NEIGHBOUR + skip, len(self._originals)))
        first, far = found[:, skip], found[:, -1]
        return np.divide(first, far, out=np.zeros(len(far)), where=far > 0), index[:, skip], first

    def _apart(self, features: np.ndarray, itself: bool = False) -> NDArray[np.float64]:
        """How far the nearest known image is; a training image may be itself among these."""
        found = nearest(features, self._known, 2)[0]
        own = itself & (found[:, 0] < 1e-6)
        return np.where(own, found[:, 1], found[:, 0])


def discriminator(run: Run, config: Plan) -> Callable[..., NDArray[np.float32] | None]:
    """D(x) in [0, 1] of images and the classes asked for, by the newest D that the run keeps, if any."""
    try:
        weights = read_start(run.path).get("d")
    except RunError:
        weights = None
    if weights is None or config.pack > 1:
        return lambda images, asked: None
    d = build_networks(config)[1]
    d.load_state_dict(weights)
    return functools.partial(_score, d.eval())


@torch.no_grad()
def _score(d: torch.nn.Module, images: np.ndarray, asked: NDArray[np.int64] | None) -> NDArray[np.float32]:
    # Copied: a memory map is read-only, and torch warns of that.
    x = torch.from_numpy(np.array(images)).float().div_(127.5).sub_(1.0)
    logits = told(d, None if asked is None else torch.from_numpy(asked))(x)
    return np.asarray(torch.sigmoid(logits.float()).numpy())
