"""Images from the disk: those that the order asks for, whatever the window, and two windows held at most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fixtures.streams import numbered
from ganscope.training.order import ByBlocks
from ganscope.training.stream import Held, Stream


@pytest.mark.parametrize(("count", "block", "window"), [(100, 7, 36), (10, 3, 3), (5, 8, 8), (64, 1, 16)])
def test_every_position_gives_the_image_of_the_order(count: int, block: int, window: int, tmp_path: Path) -> None:
    images = numbered(count, tmp_path / "images.npy")
    order = ByBlocks(count, 4, seed=3, block=4 * block, window=4 * window)
    stream = Stream(images, order)
    for epoch in (0, 1, 5):
        for start in range(0, count, 6):
            positions = torch.arange(start, min(count, start + 6))
            taken = stream.take(epoch, positions).numpy()
            assert np.array_equal(taken, images[order.at(epoch, start, start + len(positions)).numpy()])
            assert len(stream._held) <= 2
    assert stream.take(0, positions[:0]).shape == (0, 1, 2, 2)


def test_a_window_finds_its_images_by_their_number_in_the_set(tmp_path: Path) -> None:
    images = numbered(23, tmp_path / "images.npy")
    order = ByBlocks(23, 4, seed=0, block=20, window=40)
    held = Held(images, order, np.array([4, 1]))  # the last block is a short one
    rows = torch.tensor([22, 5, 20, 9, 5])
    assert np.array_equal(held.take(rows, order.block).numpy(), images[rows.numpy()])
