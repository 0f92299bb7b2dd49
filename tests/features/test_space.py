"""A feature space: a row is its image's own, and probabilities are there where classes are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ganscope.features.space import BATCH, FeatureSpace


class Means(nn.Module):
    """The mean of each channel as features; as logits their logarithms."""

    def features(self, images: torch.Tensor) -> torch.Tensor:
        assert len(images) <= BATCH
        return images.double().mean(dim=(2, 3))

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        return features.log()


def test_features_and_probabilities_across_batches() -> None:
    images = np.random.default_rng(0).integers(1, 256, (2 * BATCH + 3, 3, 4, 4), dtype=np.uint8)
    images.setflags(write=False)
    space = FeatureSpace("means", "0", 3, 1.0, 3, Means())
    means = images.mean(axis=(2, 3))
    assert space(images).dtype == np.float32 and np.allclose(space(images), means)
    assert np.allclose(space.classify(images), means / means.sum(axis=1, keepdims=True), atol=1e-6)
    assert space(images[:0]).shape == (0, 3)


def test_without_classes_there_is_nothing_to_classify() -> None:
    space = FeatureSpace("means", "0", 3, None, 0, Means())
    images = np.ones((2, 3, 4, 4), np.uint8)
    assert space.describe(images)[1] is None
    with pytest.raises(ValueError, match="means knows no classes"):
        space.classify(images)
