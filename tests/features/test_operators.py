"""A feature space and its list of operators are one function."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganscope.config.sizes import Size, sides_of
from ganscope.data.dataset import ImageSet
from ganscope.features.operators import feature_operators
from ganscope.features.space import FeatureSpace
from ganscope.features.spaces import feature_space
from ganscope.networks.operators import apply


def images(count: int, channels: int, size: Size) -> ImageSet:
    source = np.random.default_rng(sides_of(size))
    labels = np.arange(count) % 3
    pixels = source.integers(0, 120, (count, channels, *sides_of(size))) + 60 * labels[:, None, None, None]
    return ImageSet(pixels.astype(np.uint8), labels.astype(np.int64), ("a", "b", "c"), f"made {channels} {size}", None)


@pytest.mark.parametrize(
    ("name", "channels", "size"),
    [
        ("classifier", 1, 8),
        ("classifier", 3, 28),
        ("random", 1, 28),
        ("random", 3, 36),
        ("random", 1, 8),
        ("pca", 3, 40),
        ("classifier", 3, (16, 48)),
        ("random", 4, (40, 16)),
        ("pca", 1, (20, 70)),
    ],
)
def test_a_space_and_its_operators_are_one_function(tmp_path: Path, name: str, channels: int, size: Size) -> None:
    data = images(120, channels, size)
    space = feature_space(data, data, tmp_path, name=name)
    wanted = space(data.images[:9])
    found = apply(feature_operators(space, size), torch.from_numpy(data.images[:9]).float())[:, :, 0, 0].numpy()
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 2e-3 * np.abs(wanted).max()


def test_a_foreign_network_says_so() -> None:
    with pytest.raises(ValueError, match="cannot run the feature space 'inception'"):
        feature_operators(FeatureSpace("inception", "0", 4, None, 0, torch.nn.Linear(2, 4)), 28)
