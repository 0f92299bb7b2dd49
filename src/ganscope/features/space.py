"""A feature space: images in, vectors out, and class probabilities where it was trained on labels.

Legend: N images, C channels, D features, K classes. Images `(N, C, H, W) uint8`, features `(N, D) float32`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import nn

BATCH = 250  # images at a time; a fixed number, so that features do not depend on how many are asked for


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
        num_classes: K, 0 without labels. guesses: whether it is no better on held-out images than a guess.
    """

    name: str
    version: str
    dim: int
    accuracy: float | None
    num_classes: int
    net: nn.Module
    guesses: bool = False

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
