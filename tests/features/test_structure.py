"""Shapes, not textures: what moves the histograms of gradients, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganscope.features.structure import BINS, CELLS, Gradients


def squares(shift: int = 0) -> np.ndarray:
    """Bright squares of random places and sizes on grey, moved by `shift` pixels: `(N, 1, 32, 32) uint8`."""
    source = np.random.default_rng(0)
    images = np.full((40, 1, 32, 32), 60, np.uint8)
    for image in images:
        side, row, column = source.integers(8, 14), *source.integers(2, 12, 2)
        image[0, row : row + side, column + shift : column + shift + side] = 200
    return images


def features(images: np.ndarray) -> np.ndarray:
    return Gradients()(torch.from_numpy(images)).numpy()


def gap(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(features(a) - features(b), axis=1).mean())


def test_an_edge_votes_for_its_direction() -> None:
    ramp = np.tile(np.arange(0, 128, 4, dtype=np.uint8), (1, 1, 32, 1))
    votes = features(ramp).reshape(BINS, CELLS, CELLS)
    assert votes[0].min() > 0
    np.testing.assert_allclose(votes[1:], 0.0, atol=1e-6)
    turned = features(np.ascontiguousarray(ramp.transpose(0, 1, 3, 2))).reshape(BINS, CELLS, CELLS)
    middle = turned.sum(axis=(1, 2)) / turned.sum()
    assert middle @ np.arange(BINS) == pytest.approx(BINS / 2)  # a right angle is half of all directions


def test_brightness_and_contrast_move_it_little_and_displacement_much() -> None:
    images = squares()
    brighter = (images * 0.8 + 40).astype(np.uint8)
    noisy = np.clip(images + np.random.default_rng(1).normal(0, 3, images.shape), 0, 255).astype(np.uint8)
    moved = squares(shift=5)
    assert gap(images, brighter) < 0.2 * gap(images, moved)
    assert gap(images, noisy) < 0.8 * gap(images, moved)


def test_small_pictures_have_fewer_cells() -> None:
    assert features(np.zeros((2, 3, 4, 4), np.uint8)).shape == (2, 4 * 4 * BINS)
    assert np.isfinite(features(np.zeros((2, 3, 4, 4), np.uint8))).all()
