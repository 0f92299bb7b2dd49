"""Multilayer perceptrons for points in one and two dimensions.

Legend: N points, d their dimension, Z latent size. Narrow modes far apart ask two things that a plain perceptron learns
slowly, and both networks are given them:

- G must jump. A smooth map lays bridges of samples between the modes, so G sees its latent twice: as it is, and its
  first two numbers cut by steep planes whose two sides are nearly constant, so that neighbours in z can land on
  different modes. The other numbers stay whole and also reach the points by a linear map, which spreads them inside a
  mode.
- D must see detail a hundred times finer than the picture. Its input is joined by sines and cosines in octaves (Tancik
  et al. 2020), the finer ones weaker, so that what is coarse is learned first.

Measured with 3,000 to 4,000 iterations, one seed each (docs/log.md): on the ring 87 % of the samples within 3σ with
neither, 95.5 % with the cuts, 97.7 % with both, 98.9 % with cuts fifteen times as steep; the spread inside a mode 0.75,
0.68, 0.91 and 0.92 of the true one. With 6,000 iterations and all latent numbers cut 0.82, with two of four whole 0.91,
with their linear map 0.97.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganscope.networks.options import NetworkOptions

SLOPE = 0.2  # of the leaky ReLU
HIDDEN_LAYERS = 4
STEEPNESS = 300.0  # within 5 % of the constant beyond 0.006 units of z; 20 and 2,000 are worse on the grid
PLANES = 2  # times the width
CUT_LATENTS = 2  # numbers of the latent that the planes cut
OCTAVES = 9
LOWEST = 0.4  # radians a unit of x; the highest is 102, and 1/102 is the σ of the ring
DIRECTIONS = 6  # in the plane; one on a line


def _perceptron(source: int, width: int, target: int) -> nn.ModuleList:
    sizes = [source, *[width] * HIDDEN_LAYERS, target]
    return nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))


def _run(layers: nn.ModuleList, x: Tensor) -> Tensor:
    for layer in layers[:-1]:
        x = F.leaky_relu(layer(x), SLOPE)
    out: Tensor = layers[-1](x)
    return out


class Generator(nn.Module):
    """`(N, Z) float32` latents → `(N, d) float32` points, not bounded."""

    def __init__(self, dim: int, latent_dim: int, width: int) -> None:
        super().__init__()
        self.num_cut = min(CUT_LATENTS, latent_dim)
        self.planes = nn.Linear(self.num_cut, PLANES * width)
        nn.init.normal_(self.planes.weight, 0.0, 1.0 / math.sqrt(self.num_cut))
        nn.init.normal_(self.planes.bias, 0.0, 0.5)
        self.layers = _perceptron(latent_dim + PLANES * width, width, dim)
        self.spread = nn.Linear(latent_dim - self.num_cut, dim, bias=False) if latent_dim > self.num_cut else None
        if self.spread is not None:
            nn.init.zeros_(self.spread.weight)

    def forward(self, z: Tensor) -> Tensor:
        cut, whole = z[:, : self.num_cut], z[:, self.num_cut :]
        points = _run(self.layers, torch.cat([z, torch.tanh(STEEPNESS * self.planes(cut))], dim=1))
        return points if self.spread is None else points + self.spread(whole)


def _frequencies(dim: int, pack: int) -> tuple[Tensor, Tensor]:
    """Wave vectors `(dim * pack, F)`, each within one point of the pack, and their amplitudes `(F,)`."""
    if dim == 1:
        directions = torch.ones(1, 1)
    else:
        # Not along the axes: a grid of modes would look the same along them.
        angles = 0.3 + math.pi / DIRECTIONS * torch.arange(DIRECTIONS)
        directions = torch.stack([torch.cos(angles), torch.sin(angles)])
    octaves = torch.arange(OCTAVES)
    waves = torch.cat([directions * LOWEST * 2.0**octave for octave in octaves.tolist()], dim=1)
    amplitudes = (2.0 ** (-0.5 * octaves)).repeat_interleave(directions.shape[1])
    blocks: Tensor = torch.block_diag(*[waves] * pack)  # type: ignore[no-untyped-call]
    return blocks, amplitudes.repeat(pack)


class Discriminator(nn.Module):
    """`(N, d) float32` points, with a pack `(N, pack d)` → `(N,) float32` logits; of several `outputs`, columns."""

    waves: Tensor
    amplitudes: Tensor

    def __init__(self, dim: int, width: int, pack: int = 1, outputs: int = 1) -> None:
        super().__init__()
        waves, amplitudes = _frequencies(dim, pack)
        # Constants of the design: no part of what is learned and saved.
        self.register_buffer("waves", waves, persistent=False)
        self.register_buffer("amplitudes", amplitudes, persistent=False)
        self.layers = _perceptron(dim * pack + 2 * len(amplitudes), width, outputs)

    def forward(self, points: Tensor) -> Tensor:
        phases = points @ self.waves
        sines, cosines = self.amplitudes * torch.sin(phases), self.amplitudes * torch.cos(phases)
        return _run(self.layers, torch.cat([points, sines, cosines], dim=1)).squeeze(1)


def build_generator(options: NetworkOptions) -> nn.Module:
    """`channels` is the dimension of the points."""
    return Generator(options.channels, options.latent_dim, options.g_width)


def build_discriminator(options: NetworkOptions) -> nn.Module:
    return Discriminator(options.channels, options.d_width, pack=options.pack, outputs=options.d_outputs)
