"""Ranges and layouts: the same pictures come out whatever form they came in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ganscope.errors import DataError
from ganscope.recorder.pictures import BYTES, SIGNED, UNIT, as_array, channels_first, over_white, range_of

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), np.uint8)
PIXELS[0, 0, 0, :2] = 0, 255


@pytest.mark.parametrize(
    ("values", "known"),
    [
        (PIXELS, BYTES), (PIXELS.astype(np.float32), BYTES), (PIXELS.astype(np.int64), BYTES),
        (PIXELS / 255.0, UNIT), ((PIXELS / 255.0).astype(np.float16), UNIT), (PIXELS / 127.5 - 1, SIGNED),
        (torch.from_numpy(PIXELS).float() / 127.5 - 1, SIGNED), (torch.from_numpy(PIXELS / 255).bfloat16(), UNIT),
    ],
)  # fmt: skip
def test_every_range_gives_the_pixels_back(values: Any, known: Any) -> None:
    array = as_array(values)
    assert range_of(array) == known
    rounded = 2 if "16" in str(values.dtype) else 0
    assert np.abs(known.to_uint8(array).astype(int) - PIXELS).max() <= rounded


def test_mean_and_deviation_are_no_range() -> None:
    """The published tutorial: MNIST normalised by (0.1307, 0.3081), G ending in tanh."""
    with pytest.raises(DataError, match=r"tanh or sigmoid(.|\n)*-0.4242 to 2.821(.|\n)*mean 0.131 and deviation 0.308"):
        range_of((PIXELS / 255.0 - 0.1307) / 0.3081)


@pytest.mark.parametrize("shape", [(5, 3, 8, 8), (5, 8, 8, 3), (5, 192)])
def test_layouts(shape: tuple[int, ...]) -> None:
    first = PIXELS[:5]
    given = np.moveaxis(first, 1, 3) if shape[-1] == 3 else first.reshape(shape)
    assert np.array_equal(channels_first(given, (3, 8, 8)), first)


def test_grey_images_without_an_axis_and_transparency() -> None:
    assert channels_first(PIXELS[:, 0]).shape == (20, 1, 8, 8)
    clear = np.zeros((1, 4, 2, 2), np.uint8)
    assert (over_white(clear) == 255).all()


def test_what_is_no_number_is_grey() -> None:
    assert SIGNED.to_uint8(np.array([[np.nan, np.inf, -np.inf]])).tolist() == [[128, 255, 0]]
