"""Feature spaces: what turns images into vectors that metrics and the map can measure.

Legend: N images, C channels, D features, K classes. Images `(N, C, H, W) uint8`, features `(N, D) float32`.

Made once for a data set and kept in the cache under the hash of its content; the files hold tensors only and load with
`weights_only=True`. A space's `version` is the hash of its weights: two numbers compare only where it is the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ganscope.device import has_fast_bf16
from ganscope.errors import ConfigError, DependencyError, RunError, did_you_mean
from ganscope.files import atomic
from ganscope.networks import classifier, encoder

FORMAT = "ganscope-features-1"
BATCH = 250  # images at a time; a fixed number, so that features do not depend on how many are asked for
THREADS = 2  # of training: the last bits of a sum depend on it
DIM = 64  # of the spaces without labels
MIN_IMAGES_PER_CLASS = 20  # on average; with fewer labels a classifier learns names, not looks

Progress = Callable[[str], None]


class Images(Protocol):
    """The part of a data set's `ImageSet` that is used here."""

    @property
    def images(self) -> np.ndarray: ...
    @property
    def labels(self) -> np.ndarray | None: ...
    @property
    def class_names(self) -> tuple[str, ...]: ...
    @property
    def content_hash(self) -> str: ...


class Describer(Protocol):
    """What `recalled` needs of a space."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    def describe(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]: ...


@dataclass(frozen=True)
class FeatureSpace:
    """Images in, vectors out, and class probabilities where it was trained on labels.

    Attributes:
        name: how tables call it. version: 8 hex digits of its weights. dim: D.
        accuracy: share of held-out images that it classifies rightly, None without labels.
        num_classes: K, 0 without labels.
    """

    name: str
    version: str
    dim: int
    accuracy: float | None
    num_classes: int
    net: nn.Module

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """`(N, C, H, W) uint8` → `(N, D) float32`."""
        return self.describe(images)[0]

    def classify(self, images: np.ndarray) -> np.ndarray:
        """`(N, C, H, W) uint8` → `(N, K) float32` probabilities.

        Raises:
            ValueError: the space knows no classes.
        """
        probabilities = self.describe(images)[1]
        if probabilities is None:
            raise ValueError(f"the feature space {self.name} knows no classes")
        return probabilities

    @torch.no_grad()
    def describe(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Features and probabilities (None without classes) in one pass."""
        features = np.empty((len(images), self.dim), np.float32)
        probabilities = np.empty((len(images), self.num_classes), np.float32) if self.num_classes else None
        for start in range(0, len(images), BATCH):
            # Copied: torch wants memory that it may write to, and a memory map is read-only.
            x = self.net.features(torch.from_numpy(np.array(images[start : start + BATCH])))  # type: ignore[operator]
            features[start : start + BATCH] = x.float().numpy()
            if probabilities is not None:
                logits = self.net.logits(x)  # type: ignore[operator]
                probabilities[start : start + BATCH] = logits.float().softmax(dim=1).numpy()
        return features, probabilities


class Whitened(nn.Module):
    """Statistics of images on their first D principal axes.

    `whiten`: every statistic, and then every axis, has variance 1 on the training images, so that what changes little
    from picture to picture, such as sharpness, counts as much as what changes a lot.
    """

    center: Tensor
    axes: Tensor

    def __init__(self, encode: nn.Module, num_statistics: int, dim: int) -> None:
        super().__init__()
        self.encode = encode
        self.register_buffer("center", torch.zeros(num_statistics))
        self.register_buffer("axes", torch.zeros(num_statistics, dim))

    @classmethod
    @torch.no_grad()
    def fit(cls, encode: nn.Module, images: np.ndarray, dim: int, count: int = 5000, whiten: bool = True) -> Whitened:
        chosen = np.linspace(0, len(images) - 1, min(count, len(images))).astype(np.int64)
        batches = np.array_split(chosen, len(chosen) // BATCH + 1)
        x = torch.cat([encode(torch.from_numpy(np.array(images[batch]))) for batch in batches])
        dim = min(dim, x.shape[1], len(x) - 1)
        net = cls(encode, x.shape[1], dim)
        net.center.copy_(x.mean(dim=0))
        spread = x.std(dim=0).clamp_min(1e-6) if whiten else torch.ones(x.shape[1])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # of the range finder
            _, scale, axes = torch.svd_lowrank((x - net.center) / spread, q=min(dim + 16, *x.shape), niter=4)
        scale = scale[:dim] / (len(x) - 1) ** 0.5 if whiten else torch.ones(dim)
        net.axes.copy_(axes[:, :dim] / scale.clamp_min(1e-3 * float(scale[0])) / spread[:, None])
        return net.eval().requires_grad_(False)

    def features(self, images: Tensor) -> Tensor:
        """`(N, C, H, W) uint8` → `(N, D) float32`."""
        found: Tensor = (self.encode(images) - self.center) @ self.axes
        return found


class Pixels(nn.Module):
    """The pixels themselves, of larger images the means of blocks, at most 32 × 32 of them; `[0, 1]`."""

    def forward(self, images: Tensor) -> Tensor:
        """`(N, C, H, W) uint8` → `(N, S) float32`."""
        x = images.float() / 255.0
        factor = -(-images.shape[-1] // 32)
        return nn.functional.avg_pool2d(x, factor, ceil_mode=True).flatten(1) if factor > 1 else x.flatten(1)


# ---- the table -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Maker:
    """How one feature space is made: a function of the training images, and a key for what it depends on."""

    make: Callable[[Images, Progress], nn.Module]
    recipe: str


def _make_classifier(train: Images, progress: Progress) -> nn.Module:
    assert train.labels is not None
    count = classifier.planned_images(len(train.images), train.images.shape[-1])
    dtype = torch.bfloat16 if has_fast_bf16(torch.device("cpu")) else None
    return classifier.train_classifier(
        train.images, train.labels, len(train.class_names), num_images=count, autocast_dtype=dtype, progress=progress
    )


def _make_random(train: Images, progress: Progress) -> nn.Module:
    net = encoder.random_encoder(train.images)
    return Whitened.fit(net, train.images, DIM)


def _make_contrastive(train: Images, progress: Progress) -> nn.Module:
    size = train.images.shape[-1]
    count = int(60_000 * min(4.0, (64 / size) ** 2))
    net = encoder.contrastive_encoder(train.images, num_images=min(count, 40 * len(train.images)), progress=progress)
    return Whitened.fit(net, train.images, DIM)


def _make_pca(train: Images, progress: Progress) -> nn.Module:
    return Whitened.fit(Pixels(), train.images, DIM, whiten=False)


FEATURE_SPACES: dict[str, Maker] = {
    "classifier": Maker(_make_classifier, classifier.RECIPE),
    "random": Maker(_make_random, encoder.RECIPE),
    "contrastive": Maker(_make_contrastive, encoder.RECIPE),
    "pca": Maker(_make_pca, "pca-1"),
}
UNLABELLED = "random"  # the winner of benchmarks/features.py
SCRIPTED = ("inception", "dinov2")  # TorchScript files of the user's, named by GANSCOPE_INCEPTION or GANSCOPE_DINOV2


def feature_space(
    train: Images, test: Images, cache: Path, *, name: str = "auto", progress: Progress | None = None
) -> FeatureSpace:
    """The feature space of a data set, made on first use.

    Args:
        train, test: the parts of the data set; `test` only measures the accuracy.
        cache: the cache folder; the file goes into its `features`.
        name: a name of `FEATURE_SPACES` or `SCRIPTED`; "auto" takes `classifier` where there are usable labels,
            else `UNLABELLED`.

    Raises:
        ConfigError: no such space, or a classifier without labels.
        DependencyError: the weights that it needs are not on this machine.
    """
    if name == "auto":
        name = "classifier" if has_usable_labels(train) else UNLABELLED
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
    saved = _load(path)
    if saved is not None:
        with contextlib.suppress(RuntimeError, KeyError, ValueError, AttributeError):  # not ours: made anew
            return _space(name, saved, train)
    with _threads(THREADS):
        net = maker.make(train, progress or (lambda text: None))
        accuracy = _accuracy(net, test) if name == "classifier" else None
    saved = {"format": FORMAT, "state": net.state_dict(), "accuracy": accuracy}
    _save(path, saved)
    return _space(name, saved, train)


def recalled(space: Describer, images: np.ndarray, *, cache: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """`space.describe(images)` of real images, kept in the cache under their content for every later run."""
    digest = hashlib.blake2b(f"{FORMAT}/{space.name}/{space.version}/{images.shape}".encode(), digest_size=8)
    for start in range(0, len(images), BATCH):
        digest.update(images[start : start + BATCH].tobytes())
    path = cache / "features" / f"reals-{digest.hexdigest()}.pt"
    saved = _load(path)
    if saved is not None and isinstance(saved.get("features"), Tensor) and len(saved["features"]) == len(images):
        found = saved.get("probabilities")
        return saved["features"].numpy(), None if found is None else found.numpy()
    features, probabilities = space.describe(images)
    kept = None if probabilities is None else torch.from_numpy(probabilities)
    _save(path, {"format": FORMAT, "features": torch.from_numpy(features), "probabilities": kept})
    return features, probabilities


def has_usable_labels(train: Images) -> bool:
    """At least two classes, with `MIN_IMAGES_PER_CLASS` images each on average."""
    classes = len(train.class_names)
    return train.labels is not None and classes >= 2 and len(train.images) >= MIN_IMAGES_PER_CLASS * classes


def _space(name: str, saved: dict[str, Any], train: Images) -> FeatureSpace:
    """The space with the weights of a file; its shape follows from the images and the weights."""
    size, channels = train.images.shape[-1], train.images.shape[1]
    state = saved["state"]
    net: nn.Module
    with torch.random.fork_rng(devices=[]):  # fresh weights, thrown away, would move the global generator
        if name == "classifier":
            net, dim = classifier.Classifier(size, channels, len(train.class_names)), classifier.FEATURES
        else:
            inner = Pixels() if name == "pca" else encoder.Encoder(size, channels)
            num_statistics, dim = state["axes"].shape
            net = Whitened(inner, num_statistics, dim)
    net.load_state_dict(state)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    net.eval().requires_grad_(False)
    num_classes = len(train.class_names) if name == "classifier" else 0
    return FeatureSpace(name, fingerprint(state), dim, saved["accuracy"], num_classes, net)


def fingerprint(state: dict[str, Tensor]) -> str:
    """8 hex digits of the weights."""
    digest = hashlib.blake2b(digest_size=4)
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].contiguous().numpy().tobytes())
    return digest.hexdigest()


def _accuracy(net: nn.Module, test: Images) -> float | None:
    if test.labels is None or not len(test.images):
        return None
    space = FeatureSpace("", "", classifier.FEATURES, None, len(test.class_names), net)
    return float((space.classify(test.images).argmax(axis=1) == test.labels).mean())


# ---- networks of the user's own --------------------------------------------------------------------------------------
class Scripted(nn.Module):
    """A TorchScript network that takes `(N, 3, H, W) uint8` and gives `(N, D)`."""

    def __init__(self, net: torch.jit.ScriptModule) -> None:
        super().__init__()
        self.net = net

    def features(self, images: Tensor) -> Tensor:
        """`(N, C, H, W) uint8` → `(N, D) float32`; grey images are repeated to three channels."""
        found = self.net(images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images)
        vectors: Tensor = found[0] if isinstance(found, tuple) else found
        return vectors.flatten(1).float()


def scripted_space(name: str) -> FeatureSpace:
    """Inception or DINOv2 from a TorchScript file that the user has; nothing is downloaded.

    The file has to do its own resizing and scaling, as the published `inception-2015-12-05.pt` does. It is a program:
    it is only opened because the user names it.

    Raises:
        DependencyError: the variable is not set, or the file is missing or foreign.
    """
    variable = f"GANSCOPE_{name.upper()}"
    value = os.environ.get(variable, "")
    what = f"the feature space {name!r} needs its weights on this machine"
    todo = f"set {variable} to a TorchScript file that maps (N, 3, H, W) uint8 to (N, D), or use --features auto"
    if not value or not Path(value).is_file():
        raise DependencyError(what, found=f"{variable}={value}" if value else f"{variable} is not set", todo=todo)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what the published files are in
            net = Scripted(torch.jit.load(value, map_location="cpu").eval())  # type: ignore[no-untyped-call]
        with torch.no_grad():
            dim = net.features(torch.zeros(2, 3, 64, 64, dtype=torch.uint8)).shape[1]
    except (RuntimeError, ValueError, TypeError) as error:
        raise DependencyError(what, found=f"{value}: {str(error).splitlines()[0]}", todo=todo) from error
    version = hashlib.blake2b(Path(value).read_bytes(), digest_size=4).hexdigest()
    return FeatureSpace(name, version, dim, None, 0, net)


# ---- the cache -------------------------------------------------------------------------------------------------------
def _load(path: Path) -> dict[str, Any] | None:
    """What a cache file holds; None where it is missing, damaged or foreign, so that it is made anew."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises many kinds for a damaged file
        return None
    return saved if isinstance(saved, dict) and saved.get("format") == FORMAT else None


def _save(path: Path, saved: dict[str, Any]) -> None:
    """Write the whole file or none; a cache that cannot be written costs time only."""
    with contextlib.suppress(RunError), atomic(path) as file:
        torch.save(saved, file)


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
