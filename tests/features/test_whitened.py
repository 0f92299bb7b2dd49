"""Whitened features: uncorrelated, of variance one, and true to distances."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fixtures.parts import Part, unlabelled
from ganscope.features.spaces import feature_space


def test_whitened_features_have_variance_one_and_are_uncorrelated(tmp_path: Path) -> None:
    part = unlabelled(size=16, count=900)
    covariance = np.cov(feature_space(part, part, tmp_path, name="random")(part.images).T)
    np.testing.assert_allclose(covariance, np.eye(len(covariance)), atol=0.05)


def test_the_pixel_space_keeps_distances_of_low_dimensional_images(tmp_path: Path) -> None:
    source = np.random.default_rng(1)
    patterns = source.normal(size=(5, 1 * 16 * 16))
    images = np.clip(128 + 12 * source.normal(size=(200, 5)) @ patterns, 0, 255).astype(np.uint8).reshape(-1, 1, 16, 16)
    space = feature_space(Part(images, None, (), "low"), Part(images, None, (), "low"), tmp_path, name="pca")
    found = space(images)
    flat = images.reshape(200, -1) / 255
    expected = np.linalg.norm(flat[0] - flat[1:20], axis=1)
    np.testing.assert_allclose(np.linalg.norm(found[0] - found[1:20], axis=1), expected, rtol=0.05)
