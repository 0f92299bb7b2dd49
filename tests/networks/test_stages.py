"""Every network makes and judges images of the size that was asked for, square or not."""

from __future__ import annotations

import pytest
import torch

from ganscope.config.sizes import Size, sides_of
from ganscope.errors import ConfigError
from ganscope.networks.options import NetworkOptions
from ganscope.networks.pair import build_pair
from ganscope.networks.stages import halved


def test_an_image_is_halved_by_its_shorter_side() -> None:
    assert halved(28, "dcgan") == [(28, 28), (14, 14), (7, 7)]
    assert halved((16, 32), "dcgan") == [(16, 32), (8, 16), (4, 8)]
    assert halved((40, 24), "dcgan") == [(40, 24), (20, 12), (10, 6)]
    assert halved((4, 9), "resnet") == [(4, 9)]


@pytest.mark.parametrize(("size", "rest"), [((16, 30), "8×15"), ((64, 100), "16×25"), (36, "9"), ((3, 8), "3×8")])
def test_what_cannot_be_halved_is_refused(size: Size, rest: str) -> None:
    with pytest.raises(ConfigError, match="cannot make images") as caught:
        halved(size, "resnet")
    assert caught.value.found is not None and f"halves to {rest}," in caught.value.found


@pytest.mark.parametrize("size", [(16, 32), (48, 20), (8, 64), 16])
@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize(
    ("name", "variant"),
    [("mlp", {}), ("dcgan", {}), ("dcgan", {"bottom": True, "g_blur": True, "d_norm": "none"}), ("resnet", {})],
)
def test_images_of_that_size_come_out_and_go_in(name: str, variant: dict[str, bool], channels: int, size: Size) -> None:
    options = NetworkOptions(size=size, channels=channels, latent_dim=6, g_width=8, d_width=8, **variant)
    g, d = build_pair(name, options, 0)
    images = g(torch.randn(3, 6))
    assert images.shape == (3, channels, *sides_of(size))
    assert d(images).shape == (3,)
    slopes = torch.autograd.grad(d(images).sum(), images)[0]
    if name != "dcgan" or variant:  # before batch norm every logit is the same
        assert (slopes.abs().amax(dim=(0, 1)) > 0).all(), "D looks at every pixel"


def test_dcgan_refuses_what_it_could_not_halve_once() -> None:
    with pytest.raises(ConfigError, match="5 pixels"):
        build_pair("dcgan", NetworkOptions(size=(5, 40), channels=1, g_width=8, d_width=8), 0)
