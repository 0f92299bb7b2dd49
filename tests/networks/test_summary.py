"""The table of layers, and operations as PyTorch counts them."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from fixtures.networks import pair
from ganscope.networks.summary import activations, count_parameters, flops, network_table


@pytest.mark.parametrize(
    ("name", "size", "channels", "g_count", "d_count"),
    [("mlp", 28, 1, 114_064, 100_609), ("dcgan", 64, 3, 3_583_872, 2_765_568)],
)
def test_published_parameter_counts(name: str, size: int, channels: int, g_count: int, d_count: int) -> None:
    g, d = pair(name, size, channels)
    assert (count_parameters(g), count_parameters(d)) == (g_count, d_count)
    text = network_table(g, d, latent_dim=100, image_shape=(channels, size, size))
    assert f"{g_count:,} parameters" in text and f"{d_count:,} parameters" in text


def test_summary_lists_the_source_systems_layers() -> None:
    text = network_table(*pair("dcgan", 64, 3), latent_dim=100, image_shape=(3, 64, 64))
    for shape, count in [
        ("8192", "827,392"),
        ("256 × 8 × 8", "2,097,152"),
        ("512 × 4 × 4", "2,097,152"),
        ("1 × 1 × 1", "8,192"),
    ]:
        assert any(shape in line and count in line for line in text.splitlines()), (shape, count)


@pytest.mark.parametrize(("network", "size", "channels"), [("mlp", 28, 1), ("dcgan", 64, 3), ("resnet", 32, 3)])
def test_operations_are_those_that_pytorch_counts(network: str, size: int, channels: int) -> None:
    for made, shape in zip(pair(network, size, channels), [(100,), (channels, size, size)], strict=True):
        found = flops(made, *shape)
        for module in made.modules():  # PyTorch counts what runs: our sub-pixel layers multiply some zeros
            for kind in (torch.nn.Conv2d, torch.nn.ConvTranspose2d):
                if isinstance(module, kind):
                    module.__class__ = kind
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            made.eval()(torch.zeros(1, *shape))
        assert found == counter.get_total_flops()


def test_activations_are_what_the_layers_give_out() -> None:
    network = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))
    assert activations(network, 1, 4, 4) == 48 + 48 + 48 + 2
