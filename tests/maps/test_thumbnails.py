"""Thumbnails: a page decodes to the images it was made from, each at the place that follows from its index."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganscope.maps import thumbnails


def strokes(count: int, side: int = 28, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Images `(count, C, side, side) uint8` of sixteen grey levels, flat like handwriting."""
    rng = np.random.default_rng(seed)
    images = np.zeros((count, channels, side, side), np.uint8)
    for image in images:
        y, x = rng.integers(0, side - side // 4, 2)
        image[:, y : y + side // 4, x : x + side // 4] = 17 * rng.integers(1, 16)
    return images


def decoded(images: np.ndarray) -> tuple[np.ndarray, thumbnails.Thumbs]:
    thumbs = thumbnails.plan(*images.shape)
    found = [
        thumbnails.decode_grid(page, thumbs.per_page, thumbs.columns, thumbs.height, thumbs.width, thumbs.channels)
        for page in thumbnails.pages(images, thumbs)
    ]
    assert len(found) == thumbs.num_pages
    return np.concatenate(found)[: thumbs.count], thumbs


def test_grey_images_of_sixteen_levels_come_back_without_loss_over_several_pages() -> None:
    images = strokes(1500)
    found, thumbs = decoded(images)
    assert thumbs.num_pages == 2
    np.testing.assert_array_equal(found, images)


def test_other_grey_levels_are_off_by_at_most_half_a_step() -> None:
    images = strokes(40)
    images[images > 0] -= 5
    found, _ = decoded(images)
    assert np.abs(found.astype(int) - images).max() <= 8


@pytest.mark.parametrize("side", [8, 28, 32])
def test_small_images_keep_their_size(side: int) -> None:
    thumbs = thumbnails.plan(100, 1, side, side)
    assert (thumbs.width, thumbs.height) == (side, side)


@pytest.mark.parametrize(("count", "side"), [(100, 48), (30_000, 32)])
def test_large_images_are_reduced_more_where_there_are_many(count: int, side: int) -> None:
    assert thumbnails.plan(count, 3, 128, 128).width == side


def test_colour_images_come_back_close_and_in_their_places() -> None:
    images = np.zeros((60, 3, 32, 32), np.uint8)
    images[np.arange(60), np.arange(60) % 3] = 200  # image n is red, green or blue
    found, _ = decoded(images)
    assert (found.mean(axis=(2, 3)).argmax(axis=1) == np.arange(60) % 3).all()
    assert np.abs(found.astype(int) - images).mean() < 12


def test_tiny_images_keep_their_colour() -> None:
    images = np.zeros((64, 3, 8, 8), np.uint8)
    for n, image in enumerate(images):
        # A pastel spot of 2 x 2 pixels: quality 40 makes it grey.
        image[:, 2:4, 2:4] = np.roll([255, 195, 135], n)[:, None, None]
    found, _ = decoded(images)
    spots = found[:, :, 2:4, 2:4].mean(axis=(2, 3))
    assert (spots.argmax(axis=1) == np.arange(64) % 3).all()
    assert (spots.max(axis=1) - spots.min(axis=1)).min() > 40


def test_images_that_are_not_square_keep_their_proportion() -> None:
    thumbs = thumbnails.plan(10, 3, 64, 128)
    assert (thumbs.width, thumbs.height) == (48, 24)
    assert thumbnails.shrink(np.zeros((10, 3, 64, 128), np.uint8), thumbs).shape == (10, 3, 24, 48)


def test_transparency_is_laid_over_checkers() -> None:
    images = np.zeros((1, 4, 8, 8), np.uint8)
    images[:, 3, :, 4:] = 255  # the left half is transparent, the right half opaque black
    found = thumbnails.shrink(images, thumbnails.plan(1, 4, 8, 8))
    assert found.shape == (1, 3, 8, 8) and set(found[..., :4].flat) == {155, 205} and (found[..., 4:] == 0).all()


def test_more_images_than_thumbnails_are_strided_and_the_stride_survives_json() -> None:
    thumbs = thumbnails.plan(thumbnails.MOST_THUMBNAILS * 2 + 1, 1, 8, 8)
    assert thumbs.stride == 3 and thumbs.count == -(-(thumbnails.MOST_THUMBNAILS * 2 + 1) // 3)
    assert thumbnails.Thumbs.from_dict(thumbs.as_dict(), num_images=thumbnails.MOST_THUMBNAILS * 2 + 1) == thumbs


def test_pages_keep_to_their_bytes_and_sets_that_do_are_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (1500, 3, 8, 8), dtype=np.uint8)
    thumbs = replace(thumbnails.plan(*images.shape), columns=10, per_page=100)
    size = sum(map(len, thumbnails.pages(images, thumbs)))
    assert thumbnails.fewer(images, thumbs) == thumbs, "as it was"
    monkeypatch.setattr(thumbnails, "LEAST_BYTES", size // 3)
    monkeypatch.setattr(thumbnails, "MOST_BYTES", size // 3)
    fewer = thumbnails.fewer(images, thumbs)
    pages = list(thumbnails.pages(images, fewer))
    assert fewer.stride in (3, 4) and fewer.count == len(images[:: fewer.stride]) and len(pages) == fewer.num_pages
    assert sum(map(len, pages)) < 1.1 * size / 3
    monkeypatch.setattr(thumbnails, "LEAST_BYTES", 0)
    monkeypatch.setattr(thumbnails, "MOST_BYTES", size // 2 + thumbnails.POINT_BYTES * len(images))
    assert thumbnails.fewer(images, thumbs).stride in (2, 3), "the points of the map take their room"


def test_a_strided_page_shows_every_stride_th_image() -> None:
    images = strokes(20, side=8)
    thumbs = thumbnails.Thumbs(8, 8, 1, 4, 16, 10, stride=2)
    page = next(iter(thumbnails.pages(images, thumbs)))
    np.testing.assert_array_equal(thumbnails.decode_grid(page, 10, 4, 8, 8, 1), images[::2])


def test_a_grid_without_loss_is_exact_for_any_grey() -> None:
    images = np.random.default_rng(0).integers(0, 256, (10, 1, 9, 7), dtype=np.uint8)
    page = thumbnails.encode_grid(images, 4, None)
    np.testing.assert_array_equal(thumbnails.decode_grid(page, 10, 4, 9, 7, 1), images)
