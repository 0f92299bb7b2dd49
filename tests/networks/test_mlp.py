"""The perceptrons: a hidden layer each, by hand; published numbers of parameters; Glorot's bounds."""

from __future__ import annotations

import math

import torch

from ganscope.networks.mlp import MlpDiscriminator, MlpGenerator, build_discriminator, build_generator
from ganscope.networks.options import NetworkOptions


def leaky(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x > 0, x, 0.01 * x)


def test_both_by_hand() -> None:
    torch.manual_seed(0)
    g, d = MlpGenerator(4, 3, latent_dim=5, width=7), MlpDiscriminator(4, 3, width=7)
    z = torch.randn(6, 5)
    images = torch.tanh(leaky(z @ g.hidden.weight.T + g.hidden.bias) @ g.output.weight.T + g.output.bias)
    assert torch.allclose(g(z), images.view(6, 3, 4, 4), atol=1e-6)
    logits = leaky(images @ d.hidden.weight.T + d.hidden.bias) @ d.output.weight.T + d.output.bias
    assert d(g(z)).shape == (6,) and torch.allclose(d(g(z)), logits[:, 0], atol=1e-6)


def test_the_source_systems_size_and_initialisation() -> None:
    options = NetworkOptions(size=28, channels=1, latent_dim=100, g_width=128, d_width=128)
    for network, parameters in ((build_generator(options), 114_064), (build_discriminator(options), 100_609)):
        assert sum(one.numel() for one in network.parameters()) == parameters
        for layer in (network.hidden, network.output):
            bound = math.sqrt(6 / (layer.in_features + layer.out_features))
            assert 0.9 * bound < float(layer.weight.detach().abs().max()) <= bound and not layer.bias.any()
