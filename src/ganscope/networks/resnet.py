"""A residual pair without normalisation, after Huang et al. 2024 (R3GAN, section 3 and figure 2).

Legend: N images, C channels, H and W sides, Z latent size. G and D mirror each other: a stage per resolution, from 4
to 7 pixels up to the image, each of residual blocks `1×1 up, 3×3 in groups, 1×1 down` with leaky ReLU between, and
bilinear resampling between stages. Fix-up initialisation (Zhang et al. 2019) takes the place of normalisation.

One dial, `width`: the channels at full resolution. They double with each halving, up to eight times; from width 64 on
a stage has two blocks instead of one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganscope.config import Size
from ganscope.networks.options import NetworkOptions
from ganscope.networks.stages import halved

SLOPE = 0.2  # of the leaky ReLU
EXPANSION = 2  # inverted bottleneck: the 3×3 convolution is this much wider than the stage
GROUP_CHANNELS = 16  # channels a group of the 3×3 convolution, as many as in the paper
MAX_FACTOR = 8
GAIN = math.sqrt(2.0 / (1.0 + SLOPE**2))  # keeps the variance through a leaky ReLU (He et al. 2015)


def stages_of(size: Size) -> list[tuple[int, int]]:
    """(H, W) of the stages from small to large, for example 7×7, 14×14, 28×28.

    Raises:
        ConfigError: a size that does not halve down to 4, 5, 6 or 7 pixels.
    """
    return halved(size, "resnet")[::-1]


def channels_of(sides: list[tuple[int, int]], width: int) -> list[int]:
    """Channels of each stage, small side first; whole groups."""
    width = max(GROUP_CHANNELS, math.ceil(width / GROUP_CHANNELS) * GROUP_CHANNELS)
    return [width * min(MAX_FACTOR, 2 ** (len(sides) - 1 - i)) for i in range(len(sides))]


def blocks_of(width: int) -> int:
    """Residual blocks a stage."""
    return 2 if width >= 64 else 1


def _convolution(source: int, target: int, kernel: int, gain: float, groups: int = 1, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the size, with weights of variance gain² / fan-in and biases 0."""
    made = nn.Conv2d(source, target, kernel, padding=kernel // 2, groups=groups, bias=bias)
    nn.init.normal_(made.weight, 0.0, gain / math.sqrt(source // groups * kernel**2))
    if made.bias is not None:
        nn.init.zeros_(made.bias)
    return made


class ResidualBlock(nn.Module):
    """`(N, K, H, W)` to the same: x + f(x), where f is 0 at initialisation."""

    def __init__(self, channels: int, num_blocks: int) -> None:
        super().__init__()
        inner = channels * EXPANSION
        # Fix-up: m = 3 convolutions a branch, L branches: all but the last shrink by L^(-1 / (2 m - 2)), the last is 0.
        gain = GAIN * num_blocks**-0.25
        self.widen = _convolution(channels, inner, 1, gain)
        self.mix = _convolution(inner, inner, 3, gain, groups=inner // GROUP_CHANNELS)
        self.narrow = _convolution(inner, channels, 1, 0.0, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.widen(x), SLOPE)
        y = F.leaky_relu(self.mix(y), SLOPE)
        out: Tensor = x + self.narrow(y)
        return out


def _resample(x: Tensor, sides: tuple[int, int]) -> Tensor:
    """Bilinear resampling to (H, W) pixels; going down, each output pixel weighs all it covers."""
    if x.shape[2:] == sides:
        return x
    if x.shape[2:] == (2 * sides[0], 2 * sides[1]):
        return F.avg_pool2d(x, 2)  # what bilinear interpolation halfway between pixels is
    return F.interpolate(x, size=sides, mode="bilinear", align_corners=False)


class Stage(nn.Module):
    """Resample to `sides`, change channels where needed, then the residual blocks."""

    def __init__(self, source: int, target: int, sides: tuple[int, int], blocks: int, num_blocks: int) -> None:
        super().__init__()
        self.sides = sides
        self.project = _convolution(source, target, 1, 1.0, bias=False) if source != target else nn.Identity()
        self.blocks = nn.Sequential(*[ResidualBlock(target, num_blocks) for _ in range(blocks)])

    def forward(self, x: Tensor) -> Tensor:
        # A 1×1 convolution and resampling commute: do the product where there are fewer pixels.
        larger = self.sides[0] > x.shape[2]
        x = _resample(self.project(x), self.sides) if larger else self.project(_resample(x, self.sides))
        out: Tensor = self.blocks(x)
        return out


class Generator(nn.Module):
    """`(N, Z) float32` latents → `(N, C, H, W) float32`, about [-1, 1] and not bounded: the loss keeps it there."""

    def __init__(self, size: Size, channels: int, latent_dim: int, width: int) -> None:
        super().__init__()
        sides = stages_of(size)
        widths, blocks = channels_of(sides, width), blocks_of(width)
        self.basis = nn.Parameter(torch.randn(widths[0], *sides[0]))
        self.weigh = nn.Linear(latent_dim, widths[0], bias=False)
        nn.init.normal_(self.weigh.weight, 0.0, 1.0 / math.sqrt(latent_dim))
        self.stages = nn.Sequential(
            *[
                Stage(source, target, side, blocks, blocks * len(sides))
                for source, target, side in zip([widths[0], *widths], widths, sides, strict=False)
            ]
        )
        self.to_image = _convolution(widths[-1], channels, 1, 1.0)

    def forward(self, z: Tensor) -> Tensor:
        x = self.weigh(z)[:, :, None, None] * self.basis
        images: Tensor = self.to_image(self.stages(x))
        return images


class Discriminator(nn.Module):
    """`(N, C, H, W) float32 in [-1, 1]` images → `(N,) float32` logits; of several `outputs`, `(N, outputs)`."""

    def __init__(self, size: Size, channels: int, width: int, outputs: int = 1) -> None:
        super().__init__()
        sides = stages_of(size)[::-1]
        widths, blocks = channels_of(sides[::-1], width)[::-1], blocks_of(width)
        self.from_image = _convolution(channels, widths[0], 1, 1.0)
        self.stages = nn.Sequential(
            *[
                Stage(source, target, side, blocks, blocks * len(sides))
                for source, target, side in zip([widths[0], *widths], widths, sides, strict=False)
            ]
        )
        # One filter of the whole remaining map a channel, the mirror of G's basis.
        self.basis = nn.Conv2d(widths[-1], widths[-1], sides[-1], groups=widths[-1], bias=False)
        nn.init.normal_(self.basis.weight, 0.0, 1.0 / math.sqrt(math.prod(sides[-1])))
        self.judge = nn.Linear(widths[-1], outputs, bias=False)
        nn.init.normal_(self.judge.weight, 0.0, 1.0 / math.sqrt(widths[-1]))

    def forward(self, images: Tensor) -> Tensor:
        x = self.stages(self.from_image(images))
        logits: Tensor = self.judge(self.basis(x).flatten(1)).squeeze(1)
        return logits


def build_generator(options: NetworkOptions) -> nn.Module:
    return Generator(options.size, options.channels, options.latent_dim, options.g_width)


def build_discriminator(options: NetworkOptions) -> nn.Module:
    return Discriminator(options.size, options.channels * options.pack, options.d_width, options.d_outputs)
