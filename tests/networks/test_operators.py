"""A network and its list of operators are one function."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganscope.config.sizes import Size
from ganscope.networks.operators import apply, generator_operators, layer_operators
from ganscope.networks.options import NetworkOptions
from ganscope.networks.pair import build_pair
from ganscope.networks.spectral import add_spectral_norm


def trained(name: str, size: Size, channels: int, **variant: bool) -> nn.Module:
    """A generator whose every weight and statistic differs from its start."""
    options = NetworkOptions(size=size, channels=channels, latent_dim=12, g_width=16, d_width=16, **variant)
    g, _ = build_pair(name, options, 1)
    source = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for value in g.state_dict().values():
            if value.is_floating_point():
                value.add_(0.2 * torch.rand(value.shape, generator=source) - 0.1)
    return g.eval()


CASES = [
    ("mlp", 28, 1, {}),
    ("mlp", 9, 3, {}),
    ("dcgan", 28, 1, {}),
    ("dcgan", 28, 1, {"bottom": True}),
    ("dcgan", 32, 3, {"bottom": True, "g_blur": True}),
    ("dcgan", 8, 1, {}),
    ("resnet", 28, 1, {}),
    ("resnet", 32, 3, {}),
    ("mlp", (5, 9), 4, {}),
    ("dcgan", (16, 32), 4, {"bottom": True, "g_blur": True}),
    ("resnet", (24, 40), 3, {}),
]


@pytest.mark.parametrize(("name", "size", "channels", "variant"), CASES)
def test_a_generator_and_its_operators_are_one_function(
    name: str, size: Size, channels: int, variant: dict[str, bool]
) -> None:
    g = trained(name, size, channels, **variant)
    z = torch.randn(5, 12, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        wanted = g(z)
    found = apply(generator_operators(g), z)
    assert found.shape == wanted.shape
    assert float((found - wanted).abs().max()) <= 2e-5 * max(1.0, float(wanted.abs().max()))
    assert float(wanted.std()) > 0.01, "a flat picture would agree with anything"


def test_what_has_no_operator_says_so() -> None:
    with pytest.raises(ValueError, match="Dropout"):
        layer_operators([nn.Linear(2, 2), nn.Dropout()])
    with pytest.raises(ValueError, match="no operator for a ConvTranspose2d"):
        layer_operators([nn.ConvTranspose2d(2, 2, 3, stride=2)])
    with pytest.raises(ValueError, match="cannot run"):
        generator_operators(nn.Linear(2, 2))


def test_a_spectral_norm_is_folded_into_the_weight() -> None:
    net = nn.Sequential(nn.Linear(6, 4), nn.LeakyReLU(0.2))
    add_spectral_norm(net)
    net.eval()
    x = torch.randn(3, 6)
    with torch.no_grad():
        assert torch.allclose(apply(layer_operators(net), x)[:, :, 0, 0], net(x), atol=1e-6)
