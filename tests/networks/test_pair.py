"""Networks: the published parameter counts, every size, and a summary that adds up."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ganscope.config.fields import NETWORK_NAMES
from ganscope.config.plan import WIDTHS
from ganscope.errors import ConfigError
from ganscope.networks import dcgan
from ganscope.networks.options import NetworkOptions
from ganscope.networks.pair import NETWORKS, build_pair
from ganscope.networks.summary import count_parameters, flops, network_table


def pair(name: str, size: int, channels: int, **settings: Any) -> tuple[torch.nn.Module, torch.nn.Module]:
    seed = int(settings.pop("seed", 0))
    width = WIDTHS[name]
    chosen: dict[str, Any] = {"g_width": width, "d_width": width, **settings}
    return build_pair(name, NetworkOptions(size=size, channels=channels, **chosen), seed)


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


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "toy"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 16, 28, 32, 64, 128])
def test_every_size_and_channel_count(name: str, size: int, channels: int) -> None:
    g, d = pair(name, size, channels, g_width=8, d_width=8)
    images = g(torch.randn(3, 100))
    assert images.shape == (3, channels, size, size)
    assert d(images).shape == (3,)


def test_mlp_and_dcgan_stay_in_range() -> None:
    for name in ("mlp", "dcgan"):
        images = pair(name, 28, 1)[0](100 * torch.randn(8, 100))
        assert images.abs().max() <= 1


def test_same_seed_same_weights_and_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    first, second, other = (pair("dcgan", 16, 1, seed=seed)[0] for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_initialisation_std_reaches_the_convolutions() -> None:
    for std in (0.02, 0.2):
        g, _ = pair("dcgan", 64, 3, init_std=std)
        weight = next(m.weight for m in g.modules() if isinstance(m, torch.nn.ConvTranspose2d))
        assert abs(float(weight.detach().std()) / std - 1) < 0.01


def test_an_impossible_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot make images of 30 pixels"):
        pair("dcgan", 30, 1)


def test_names_match_the_config() -> None:
    assert set(NETWORKS) <= set(NETWORK_NAMES)


def test_spectral_norm_bounds_every_layer() -> None:
    _, d = pair("dcgan", 32, 1, spectral_norm=True)
    d.train()
    for _ in range(30):  # power iterations happen in forward passes
        d(torch.randn(2, 1, 32, 32))
    for module in d.modules():
        if isinstance(module, torch.nn.Conv2d):
            assert float(torch.linalg.matrix_norm(module.weight.detach().flatten(1), 2)) < 1.1


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


def test_a_bottom_convolution_is_added_to_both_networks() -> None:
    """At 28 pixels D's halves 7 to 4, at 16 it keeps 4; G's keeps the side. 3·3·64·64 weights, a scale and a shift."""
    for size, side in ((28, 4), (16, 4)):
        pairs = [
            pair("dcgan", size, 1, latent_dim=10, g_width=32, d_width=16, d_norm="none", bottom=bottom)
            for bottom in (False, True)
        ]
        (plain_g, plain_d), (g, d) = pairs
        assert count_parameters(g) - count_parameters(plain_g) == 9 * 64 * 64 + 2 * 64
        old, new = plain_d.main[-1].weight, d.main[-1].weight
        assert new.shape == (1, 64, side, side)
        gained = 9 * 32 * 64 + 64 + new.numel() - old.numel()
        assert count_parameters(d) - count_parameters(plain_d) == gained
        assert d(g(torch.randn(3, 10))).shape == (3,)


def test_the_blur_is_binomial_and_deaf_to_a_checkerboard() -> None:
    impulse = torch.zeros(1, 1, 5, 5)
    impulse[0, 0, 2, 2] = 16.0
    expected = torch.zeros(5, 5)
    expected[1:4, 1:4] = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]])
    assert torch.equal(dcgan.Blur()(impulse)[0, 0], expected)
    y, x = torch.meshgrid(torch.arange(6), torch.arange(6), indexing="ij")
    board = (-1.0) ** (x + y)
    assert dcgan.Blur()(board[None, None])[0, 0, 1:-1, 1:-1].abs().max() == 0
    assert torch.equal(dcgan.Blur()(torch.full((1, 2, 4, 4), 3.0)), torch.full((1, 2, 4, 4), 3.0))  # the rim too


def test_a_blurred_generator_has_the_same_parameters_and_blurs_before_tanh() -> None:
    settings = dict(latent_dim=10, g_width=8, d_width=8)
    (plain, _), (blurred, _) = (pair("dcgan", 16, 3, **settings, g_blur=blur) for blur in (False, True))
    blurred.load_state_dict(plain.state_dict())
    z = torch.randn(4, 10)
    before = torch.atanh(plain.eval()(z).double().clamp(-1 + 1e-9, 1 - 1e-9)).float()
    torch.testing.assert_close(blurred.eval()(z), torch.tanh(dcgan.Blur()(before)), rtol=0, atol=1e-4)
