"""The multilayer perceptron pair: one hidden layer each, LeakyReLU 0.01, tanh at G's output.

At 28×28×1 with width 128 and a latent of 100: G has 114,064 parameters and D 100,609.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from ganscope.config import Size, sides_of
from ganscope.networks.options import NetworkOptions

LEAKY_SLOPE = 0.01  # of the LeakyReLU where its input is negative


class MlpGenerator(nn.Module):
    """`(N, Z) float32` latents → `(N, C, H, W) float32 in [-1, 1]` images."""

    def __init__(self, size: Size, channels: int, latent_dim: int, width: int) -> None:
        super().__init__()
        self.shape = (channels, *sides_of(size))
        self.hidden = nn.Linear(latent_dim, width)
        self.output = nn.Linear(width, math.prod(self.shape))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.leaky_relu(self.hidden(z), LEAKY_SLOPE)
        return torch.tanh(self.output(hidden)).view(-1, *self.shape)


class MlpDiscriminator(nn.Module):
    """`(N, C, H, W) float32 in [-1, 1]` images → `(N,) float32` logits; of several `outputs`, `(N, outputs)`."""

    def __init__(self, size: Size, channels: int, width: int, outputs: int = 1) -> None:
        super().__init__()
        self.hidden = nn.Linear(channels * math.prod(sides_of(size)), width)
        self.output = nn.Linear(width, outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.leaky_relu(self.hidden(images.flatten(1)), LEAKY_SLOPE)
        out: torch.Tensor = self.output(hidden).squeeze(1)
        return out


def build_generator(options: NetworkOptions) -> nn.Module:
    return _glorot(MlpGenerator(options.size, options.channels, options.latent_dim, options.g_width))


def build_discriminator(options: NetworkOptions) -> nn.Module:
    return _glorot(MlpDiscriminator(options.size, options.channels * options.pack, options.d_width, options.d_outputs))


def _glorot(network: nn.Module) -> nn.Module:
    """Uniform initialisation of Glorot & Bengio (2010), biases 0: what Keras gives the source system's dense layers."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return network
