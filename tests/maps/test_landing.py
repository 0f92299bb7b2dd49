"""The small map: what it calls unlike, where it puts things, and that it comes back from its arrays."""

from __future__ import annotations

import numpy as np
import pytest

from ganscope.arraytypes import F32, U8
from ganscope.maps.landing import KEPT, Landing, block_of, from_levels, reduced, to_levels


def describe(images: U8) -> F32:
    """Means of the quarters of an image: enough to tell the kinds below apart."""
    n, c, h, w = images.shape
    quarters = images.reshape(n, c, 2, h // 2, 2, w // 2).mean(axis=(3, 5))
    return quarters.reshape(n, -1).astype(np.float32) / np.float32(50)


def made(count: int, size: int = 16) -> tuple[U8, np.ndarray]:
    """Images of four kinds: one bright quarter each, with noise."""
    source = np.random.default_rng(3)
    kinds = np.arange(count) % 4
    images = source.integers(0, 40, (count, 1, size, size))
    half = size // 2
    for image, kind in zip(images, kinds, strict=True):
        y, x = kind // 2 * half, kind % 2 * half
        image[0, y : y + half, x : x + half] += source.integers(120, 200)
    return images.astype(np.uint8), kinds


@pytest.fixture(scope="module")
def landing() -> Landing:
    images, kinds = made(900)
    corners = np.array([[0, 0], [10, 0], [0, 10], [10, 10]])[kinds]
    xy = corners + np.random.default_rng(0).normal(0, 0.3, (900, 2))
    return Landing.fit(np.asarray(xy, np.float32), images, describe)


def test_a_new_image_lands_among_its_kind(landing: Landing) -> None:
    images, kinds = made(1200)
    images, kinds = images[900:], kinds[900:]
    placed = landing.place(describe(images), images)
    right = np.array([[0, 0], [10, 0], [0, 10], [10, 10]])[kinds]
    near = np.sqrt(((placed.xy - right) ** 2).sum(axis=1)) < 2
    assert near[~placed.unlike].all()
    assert placed.unlike.mean() < 0.05


def test_garbage_lands_on_the_rim_and_is_called_unlike(landing: Landing) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 1, 16, 16)).astype(np.uint8)
    placed = landing.place(describe(noise), noise)
    assert placed.unlike.all()
    assert (np.sqrt(((placed.xy - landing.fitted.centre) ** 2).sum(axis=1)) > landing.fitted.radius).all()


def test_it_comes_back_from_its_arrays_bit_by_bit(landing: Landing) -> None:
    images, _ = made(60)
    again = Landing.restore(landing.arrays(), landing.block)
    first, second = (one.place(describe(images), images) for one in (landing, again))
    assert np.allclose(first.xy, second.xy, atol=1e-5)
    assert np.allclose(first.distance, second.distance, rtol=1e-5)
    assert np.array_equal(first.nearest, second.nearest)


def test_it_keeps_no_more_than_it_says_and_knows_which() -> None:
    images, _ = made(KEPT + 2000, size=4)
    xy = np.random.default_rng(0).normal(size=(len(images), 2)).astype(np.float32)
    small = Landing.fit(xy, images, describe)
    assert len(small.ids) == KEPT
    assert np.array_equal(small.fitted.xy, xy[small.ids])


def test_one_image_is_enough() -> None:
    images, _ = made(1)
    small = Landing.fit(np.zeros((1, 2), np.float32), images, describe)
    assert not small.place(describe(images), images).unlike.any()


def test_blocks() -> None:
    assert [block_of(side) for side in (8, 32, 33, 64, 128)] == [1, 1, 2, 2, 4]
    image = np.array([[[[0, 1, 2], [1, 0, 9], [9, 9, 9]]]], np.uint8)
    assert reduced(image, 2).tolist() == [[[[1]]]]  # a mean of one half is rounded up, the rest is cut


def test_levels_are_exact_to_half_a_step() -> None:
    values = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) * [1, 100, 0]
    found = from_levels(*to_levels(values.astype(np.float32)))
    assert (np.abs(found - values).max(axis=0) <= np.ptp(values, axis=0) / 255 / 2 + 1e-6).all()
