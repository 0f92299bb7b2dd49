"""Feature spaces: what turns images into vectors that metrics and the map can measure.

Legend: N images, C channels, D features, K classes. Images `(N, C, H, W) uint8`, features `(N, D) float32`.

Made once for a data set and kept in the cache under the hash of its content; the files hold tensors only and load with
`weights_only=True`. A space's `version` is the hash of its weights: two numbers compare only where it is the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganscope.config import size_of
from ganscope.device import has_fast_bf16
from ganscope.errors import ConfigError, did_you_mean
from ganscope.features import classifier, encoder, structure
from ganscope.features.cache import FORMAT, fingerprint, load_saved, store_saved
from ganscope.features.scripted import SCRIPTED, scripted_space
from ganscope.features.space import FeatureSpace, Images
from ganscope.features.whitened import Pixels, Whitened
from ganscope.progress import Say

THREADS = 2  # of training: the last bits of a sum depend on it
DIM = 64  # of the spaces without labels
MIN_IMAGES_PER_CLASS = 20  # on average; with fewer labels a classifier learns names, not looks


# ---- the table -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Maker:
    """How one feature space is made: a function of the training images, and a key for what it depends on."""

    make: Callable[[Images, Say], nn.Module]
    recipe: str


def _make_classifier(train: Images, progress: Say) -> nn.Module:
    assert train.labels is not None
    count = classifier.planned_images(len(train.images), size_of(train.images.shape[2:]))
    dtype = torch.bfloat16 if has_fast_bf16(torch.device("cpu")) else None
    return classifier.train_classifier(
        train.images, train.labels, len(train.class_names), num_images=count, autocast_dtype=dtype, progress=progress
    )


def _make_random(train: Images, progress: Say) -> nn.Module:
    net = encoder.random_encoder(train.images)
    return Whitened.fit(net, train.images, DIM)


def _make_contrastive(train: Images, progress: Say) -> nn.Module:
    count = int(60_000 * min(4.0, 64**2 / math.prod(train.images.shape[2:])))
    net = encoder.contrastive_encoder(train.images, num_images=min(count, 40 * len(train.images)), progress=progress)
    return Whitened.fit(net, train.images, DIM)


def _make_pca(train: Images, progress: Say) -> nn.Module:
    return Whitened.fit(Pixels(), train.images, DIM, whiten=False)


def _make_structure(train: Images, progress: Say) -> nn.Module:
    return Whitened.fit(structure.Gradients(), train.images, DIM, whiten=False)


FEATURE_SPACES: dict[str, Maker] = {
    "classifier": Maker(_make_classifier, classifier.RECIPE),
    "random": Maker(_make_random, encoder.RECIPE),
    "contrastive": Maker(_make_contrastive, encoder.RECIPE),
    "pca": Maker(_make_pca, "pca-1"),
    "structure": Maker(_make_structure, structure.RECIPE),
}
FEWEST_TO_TELL = 10  # held-out images, to say that a classifier only guesses
UNLABELLED = "random"  # the winner of benchmarks/features.py


def feature_space(
    train: Images, test: Images, cache: Path, *, name: str = "auto", progress: Say | None = None
) -> FeatureSpace:
    """The feature space of a data set, made on first use.

    Args:
        train, test: the parts of the data set; `test` only measures the accuracy.
        cache: the cache folder; the file goes into its `features`.
        name: a name of `FEATURE_SPACES` or `SCRIPTED`; "auto" takes `classifier` where there are usable labels and it
            is better than a guess on held-out images, else `UNLABELLED`.

    Raises:
        ConfigError: no such space, or a classifier without labels.
        DependencyError: the weights that it needs are not on this machine.
    """
    if name == "auto":
        if not has_usable_labels(train):
            return feature_space(train, test, cache, name=UNLABELLED, progress=progress)
        space = feature_space(train, test, cache, name="classifier", progress=progress)
        if not space.guesses:
            return space
        if progress is not None:
            right = f"a classifier is right on {space.accuracy or 0:.0%} of held-out images, no better than a guess"
            progress(f"the classes cannot be told from the pictures ({right}): measured without them")
        return feature_space(train, test, cache, name=UNLABELLED, progress=progress)
    if name in SCRIPTED:
        return scripted_space(name)
    if name not in FEATURE_SPACES:
        raise ConfigError(f"unknown feature space {name!r}", todo=did_you_mean(name, [*FEATURE_SPACES, *SCRIPTED]))
    if name == "classifier" and not has_usable_labels(train):
        raise ConfigError(
            "the feature space 'classifier' needs labels",
            found=f"{len(train.class_names)} classes for {len(train.images):,} images",
            todo=f"use --features {UNLABELLED}, or put the images into one folder a class",
        )
    maker = FEATURE_SPACES[name]
    key = f"{FORMAT}/{maker.recipe}/{train.content_hash}/{has_fast_bf16(torch.device('cpu'))}"
    path = cache / "features" / f"{name}-{hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}.pt"
    saved = load_saved(path)
    if saved is not None:
        with contextlib.suppress(RuntimeError, KeyError, ValueError, AttributeError):  # not ours: made anew
            return _space(name, saved, train)
    with _threads(THREADS):
        net = maker.make(train, progress or (lambda text: None))
        accuracy, guesses = _accuracy(net, test) if name == "classifier" else (None, False)
    saved = {"format": FORMAT, "state": net.state_dict(), "accuracy": accuracy, "guesses": guesses}
    store_saved(path, saved)
    return _space(name, saved, train)


def has_usable_labels(train: Images) -> bool:
    """At least two classes, with `MIN_IMAGES_PER_CLASS` images each on average."""
    classes = len(train.class_names)
    return train.labels is not None and classes >= 2 and len(train.images) >= MIN_IMAGES_PER_CLASS * classes


def _space(name: str, saved: dict[str, Any], train: Images) -> FeatureSpace:
    """The space with the weights of a file; its shape follows from the images and the weights."""
    channels, height, width = train.images.shape[1:]
    state = saved["state"]
    net: nn.Module
    with torch.random.fork_rng(devices=[]):  # fresh weights, thrown away, would move the global generator
        if name == "classifier":
            net, dim = classifier.Classifier((height, width), channels, len(train.class_names)), classifier.FEATURES
        else:
            plain = {"pca": Pixels, "structure": structure.Gradients}
            inner = plain[name]() if name in plain else encoder.Encoder((height, width), channels)
            num_statistics, dim = state["axes"].shape
            net = Whitened(inner, num_statistics, dim)
    net.load_state_dict(state)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    net.eval().requires_grad_(False)
    num_classes = len(train.class_names) if name == "classifier" else 0
    return FeatureSpace(
        name, fingerprint(state), dim, saved["accuracy"], num_classes, net, saved.get("guesses") is True
    )


def _accuracy(net: nn.Module, test: Images) -> tuple[float | None, bool]:
    """The share of held-out images that it is right on, and whether that is no better than a guess."""
    if test.labels is None or not len(test.images):
        return None, False
    space = FeatureSpace("", "", classifier.FEATURES, None, len(test.class_names), net)
    right = space.classify(test.images).argmax(axis=1) == test.labels
    return float(right.mean()), no_better_than_a_guess(right, test.labels)


def no_better_than_a_guess(right: NDArray[np.bool_], labels: NDArray[np.int64]) -> bool:
    """Whether the mean over the classes of the share that is `right` (N,) may be that of who always says the same.

    False where too few are held out, or only one class is, to tell.
    """
    kinds, counts = np.unique(labels, return_counts=True)
    if len(labels) < FEWEST_TO_TELL or len(kinds) < 2:
        return False
    shares, guess = np.array([right[labels == kind].mean() for kind in kinds]), 1 / len(kinds)
    error = np.sqrt((guess * (1 - guess) / counts).sum()) / len(kinds)
    return bool(shares.mean() < guess + 2 * error)


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
