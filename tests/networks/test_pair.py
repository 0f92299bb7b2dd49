"""Networks: the published parameter counts, every size, and a summary that adds up."""

from __future__ import annotations

import pytest
import torch

from fixtures.networks import pair
from ganscope.config.fields import NETWORK_NAMES
from ganscope.errors import ConfigError
from ganscope.networks.pair import NETWORKS


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


def test_an_impossible_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot make images of 30 pixels"):
        pair("dcgan", 30, 1)


def test_names_match_the_config() -> None:
    assert set(NETWORKS) <= set(NETWORK_NAMES)
