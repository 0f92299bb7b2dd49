"""The residual pair: shapes, scale at initialisation, and that the blocks start as the identity."""

from __future__ import annotations

import pytest
import torch

from ganscope.errors import ConfigError
from ganscope.networks import resnet


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("size", [8, 16, 28, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(size: int, channels: int) -> None:
    g, d = resnet.Generator(size, channels, 10, 16), resnet.Discriminator(size, channels, 16)
    with torch.no_grad():
        images = g(torch.randn(2, 10))
        logits = d(images)
    assert images.shape == (2, channels, size, size)
    assert logits.shape == (2,)


def test_a_size_that_does_not_halve_is_refused() -> None:
    with pytest.raises(ConfigError, match="30 pixels"):
        resnet.Generator(30, 1, 10, 16)


def test_blocks_start_as_the_identity_and_learn() -> None:
    block = resnet.ResidualBlock(16, 4)
    x = torch.randn(2, 16, 8, 8)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    assert float(block.narrow.weight.grad.abs().max()) > 0


@pytest.mark.parametrize("size", [28, 64])
def test_the_untrained_generator_is_on_the_images_scale(size: int) -> None:
    with torch.no_grad():
        std = float(resnet.Generator(size, 3, 64, 32)(torch.randn(64, 64)).std())
    assert 0.3 < std < 2.0


def test_the_untrained_discriminator_is_on_the_logits_scale() -> None:
    with torch.no_grad():
        std = float(resnet.Discriminator(32, 3, 32)(torch.randn(64, 3, 32, 32)).std())
    assert 0.05 < std < 5.0


def test_each_image_is_judged_alone() -> None:
    """No statistics of the batch: what makes penalties on single gradients right."""
    d = resnet.Discriminator(16, 1, 16)
    images = torch.randn(4, 1, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(d(images)[:1], d(images[:1]))


def test_the_dial_turns_width_and_depth() -> None:
    sides = resnet.stages_of(32)
    assert sides == [(4, 4), (8, 8), (16, 16), (32, 32)]
    assert resnet.stages_of(28) == [(7, 7), (14, 14), (28, 28)]
    assert resnet.channels_of(sides, 32) == [256, 128, 64, 32]
    assert (resnet.blocks_of(32), resnet.blocks_of(64)) == (1, 2)


def test_projecting_first_is_the_same_where_pixels_grow() -> None:
    """The 1×1 convolution without bias commutes with resampling."""
    stage = resnet.Stage(32, 16, (8, 8), 1, 4)
    x = torch.randn(2, 32, 4, 4)
    torch.testing.assert_close(stage(x), stage.project(resnet._resample(x, (8, 8))), rtol=1e-4, atol=1e-5)


def test_halving_is_bilinear() -> None:
    x = torch.randn(1, 2, 8, 8)
    expected = torch.nn.functional.interpolate(x, size=(4, 4), mode="bilinear", align_corners=False)
    torch.testing.assert_close(resnet._resample(x, (4, 4)), expected)
