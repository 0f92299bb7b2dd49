"""Packs: neighbours side by side along the channels."""

from __future__ import annotations

import pytest
import torch

from ganscope.training import packing
from ganscope.training.packing import packed


def test_pack_joins_neighbours_along_the_channels() -> None:
    images = torch.arange(4 * 1 * 2 * 2).reshape(4, 1, 2, 2)
    packed = packing.join(images, 2)
    assert packed.shape == (2, 2, 2, 2)
    assert torch.equal(packed[0, 0], images[0, 0])
    assert torch.equal(packed[0, 1], images[1, 0])
    assert torch.equal(packed[1, 0], images[2, 0])
    assert packing.join(torch.zeros(6, 2), 3).shape == (2, 6)
    with pytest.raises(ValueError, match="multiple"):
        packing.join(images, 3)


def test_packing_shows_d_the_images_of_a_pack_as_channels() -> None:
    images = torch.arange(8.0).view(4, 2, 1, 1)
    shapes = []
    packed(lambda x: (shapes.append(x.shape), x.flatten(1).sum(1))[1], images, 2)
    assert shapes == [(2, 4, 1, 1)]
