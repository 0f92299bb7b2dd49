"""Noise is rough, blur is smooth, fresh reals are neither."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.metrics.texture import Texture, detail


def blobs(count: int, seed: int) -> np.ndarray:
    """Smooth random pictures with a little grain: `(N, 1, 16, 16) uint8`."""
    source = np.random.default_rng(seed)
    coarse = source.uniform(40, 215, (count, 1, 4, 4))
    images = np.kron(coarse, np.ones((1, 1, 4, 4)))
    return np.clip(images + 5 * source.normal(size=images.shape), 0, 255).astype(np.uint8)


TEXTURE = Texture.fit(detail(blobs(1000, 0)))


def test_detail_is_the_log_of_the_mean_squared_difference_from_the_local_mean() -> None:
    image = np.zeros((1, 1, 5, 5), np.uint8)
    image[0, 0, 2, 2] = 90
    around = 8 * (10 / 255) ** 2 + (80 / 255) ** 2  # the mean of nine is 10 wherever the point is seen
    assert detail(image)[0] == pytest.approx(np.log(around / 25), rel=1e-4)


def test_fresh_reals_are_at_the_floor() -> None:
    for share, stderr in TEXTURE.shares(detail(blobs(500, 1))).values():
        assert abs(share - TEXTURE.floor) < 3 * stderr


def test_a_planted_share_of_noise_is_found_and_nothing_else() -> None:
    images = blobs(500, 2)
    images[:200] = np.random.default_rng(3).integers(0, 256, images[:200].shape)
    found = TEXTURE.shares(detail(images))
    assert found["rough"][0] == pytest.approx(0.4, abs=0.03)
    assert found["smooth"][0] < 0.03


def test_blur_is_smooth() -> None:
    images = blobs(300, 4).astype(np.float64)
    images = (images + np.roll(images, 1, 2) + np.roll(images, 1, 3) + np.roll(images, (1, 1), (2, 3))) / 4
    found = TEXTURE.shares(detail(images.astype(np.uint8)))
    assert found["smooth"][0] > 0.9
    assert found["rough"][0] < 0.03


def test_images_without_any_detail_are_like_one_another() -> None:
    flat = np.full((60, 1, 8, 8), 200, np.uint8)
    assert all(share == 0 for share, _ in Texture.fit(detail(flat)).shares(detail(flat)).values())
