"""Images side by side: every pixel is where it belongs."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ganscope.drawing.grid import DARK, LIGHT, image_grid, over_checkers, save_grid, scale_for

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("count", "columns", "gap", "scale"), [(7, 3, 1, 1), (6, 3, 0, 2), (1, 1, 2, 3)])
def test_images_lie_row_by_row_with_grey_between(channels: int, count: int, columns: int, gap: int, scale: int) -> None:
    images = RNG.integers(0, 128, (count, channels, 4, 5), dtype=np.uint8)
    grid = image_grid(images, columns, gap=gap, scale=scale)
    rows = -(-count // columns)
    assert grid.shape == ((rows * (4 + gap) + gap) * scale, (columns * (5 + gap) + gap) * scale, channels)
    small = grid[::scale, ::scale]
    assert np.array_equal(small.repeat(scale, 0).repeat(scale, 1), grid)
    for i, image in enumerate(images):
        y, x = gap + i // columns * (4 + gap), gap + i % columns * (5 + gap)
        assert np.array_equal(small[y : y + 4, x : x + 5], image.transpose(1, 2, 0))
        small[y : y + 4, x : x + 5] = 128
    assert (small == 128).all()


def test_transparent_images_are_laid_over_checkers() -> None:
    images = np.zeros((1, 4, 8, 16), np.uint8)
    images[:, 0] = 200
    images[:, 3, 4:, :] = 255  # the lower half is opaque red
    images[:, 3, 3, :] = 51  # and a fifth of that in the row above
    (shown,) = over_checkers(images)
    assert (shown[:, 4:] == np.array([200, 0, 0])[:, None, None]).all()
    assert list(shown[0, 0, :6]) == [DARK, DARK, LIGHT, LIGHT, DARK, DARK]  # 16 / 8 = 2 pixels each
    assert list(shown[1, 0, :6]) == list(shown[0, 0, :6]) and shown[0, 2, 0] == LIGHT
    assert shown[0, 3, 0] == round(0.2 * 200 + 0.8 * LIGHT) and shown[1, 3, 0] == round(0.8 * LIGHT)
    grey = over_checkers(images[:, [0, 3]])
    assert grey.shape == (1, 1, 8, 16) and (grey[0, 0] == shown[0]).all()
    assert image_grid(images, 1).shape == (10, 18, 3), "what is drawn has no holes"


def test_a_grid_of_no_given_width_is_about_16_to_9() -> None:
    height, width, _ = image_grid(np.zeros((144, 1, 8, 8), np.uint8), gap=0).shape
    assert (width // 8, height // 8) == (16, 9)


def test_small_images_are_enlarged_by_whole_numbers() -> None:
    assert [scale_for(size) for size in (8, 28, 56, 64, 1000)] == [7, 2, 1, 1, 1]
    file = io.BytesIO()
    save_grid(file, np.zeros((2, 1, 8, 8), np.uint8), columns=2)
    with Image.open(file) as image:
        assert image.size == (19 * 7, 10 * 7) and image.mode == "L"
