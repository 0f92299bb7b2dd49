"""The deep convolutional pair (Radford et al. 2016, §3): strided convolutions, batch norm, no hidden dense layer.

One design at every size: the image is halved until 4 pixels remain (7 for 28, 4×8 for 32×64), the width doubles each
time. At 64×64×3 with width 64 and a latent of 100: G has 3,583,872 parameters and D 2,765,568. `bottom` adds to both
networks a 3×3 convolution at their smallest maps, where depth costs least; `g_blur` smooths G's last maps.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from ganscope.config import Size
from ganscope.errors import ConfigError
from ganscope.networks.options import NetworkOptions
from ganscope.networks.stages import halved
from ganscope.networks.strided import Down, Up

SLOPE = 0.2  # of D's leaky ReLU
START = 0.1  # of the initial last weights of G: nearly grey images, not noise that D must first teach it to drop
SMALLEST_HALVED = 6  # pixels: a side of this or more is halved once more by D's bottom convolution


def stages_of(size: Size) -> tuple[int, tuple[int, int]]:
    """How often an image is halved, and (H, W) of what remains, the shorter side 4 to 7.

    Raises:
        ConfigError: a shorter side that is not 4, 5, 6 or 7 times a power of two, at least 8, or a longer one that
            cannot be halved as often.
    """
    sides = halved(size, "dcgan")
    if len(sides) == 1:
        raise ConfigError(
            f"the dcgan networks cannot make images of {min(sides[0])} pixels",
            found=f"a side of {min(sides[0])}",
            todo="use --size 8 or more",
        )
    return len(sides) - 1, sides[-1]


class Shift(nn.Module):
    """A learned number for every channel, added: `(N, C, H, W)` → the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.bias.to(maps.dtype)


class Blur(nn.Module):
    """The binomial filter [1 2 1] / 4 along both axes, `(N, C, H, W)` → the same; at the rim over what is there.

    It has no response to a checkerboard, which gradients through strided convolutions put into G's images (Odena et al.
    2016; filters after upsampling: Karras et al. 2019, appendix C).
    """

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        between = nn.functional.avg_pool2d(maps, 2, stride=1, padding=1, count_include_pad=False)
        return nn.functional.avg_pool2d(between, 2, stride=1)


class Generator(nn.Module):
    """`(N, Z) float32` latents → `(N, C, H, W) float32 in [-1, 1]` images."""

    def __init__(
        self, size: Size, channels: int, latent_dim: int, width: int, bottom: bool = False, blur: bool = False
    ) -> None:
        super().__init__()
        stages, self.sides = stages_of(size)
        features = width * 2 ** (stages - 1)
        self.project = nn.Linear(latent_dim, features * math.prod(self.sides))
        layers: list[nn.Module] = []
        if bottom:
            layers += [
                nn.Conv2d(features, features, 3, padding=1, bias=False),
                nn.BatchNorm2d(features),
                nn.ReLU(inplace=True),
            ]
        for _ in range(stages - 1):
            layers += [
                Up(features, features // 2),
                nn.BatchNorm2d(features // 2),
                nn.ReLU(inplace=True),
            ]
            features //= 2
        last = Up(features, channels)
        with torch.no_grad():
            last.weight.mul_(START)
        self.main = nn.Sequential(*layers, last, *([Blur()] if blur else []), nn.Tanh())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        # The source system leaves this ReLU out, though its own rules ask for one after every hidden layer; without it
        # the one-stage generator of 8-pixel images would be linear.
        projected = torch.relu(self.project(z))
        images: torch.Tensor = self.main(projected.view(z.shape[0], -1, *self.sides))
        return images


class Discriminator(nn.Module):
    """`(N, C, H, W) float32 in [-1, 1]` images → `(N,) float32` logits; of several `outputs`, `(N, outputs)`.

    With batch norm an image's logit depends on its batch; without (`norm="none"`) images are judged apart, as penalties
    of gradients need it, and biases and the initialisation of He et al. 2015 take its place.
    """

    def __init__(
        self, size: Size, channels: int, width: int, norm: str = "batch", bottom: bool = False, outputs: int = 1
    ) -> None:
        super().__init__()
        stages, sides = stages_of(size)
        down, across = strides = (2 if sides[0] >= SMALLEST_HALVED else 1, 2 if sides[1] >= SMALLEST_HALVED else 1)
        layers: list[nn.Module] = [
            Down(channels, width),
            nn.LeakyReLU(SLOPE, inplace=True),
        ]
        for stage in range(stages - 1 + bottom):
            halves = stage < stages - 1
            layers += [
                Down(width, width * 2) if halves else nn.Conv2d(width, width * 2, 3, strides, padding=1, bias=False),
                nn.BatchNorm2d(width * 2) if norm == "batch" else Shift(width * 2),
                nn.LeakyReLU(SLOPE, inplace=True),
            ]
            width *= 2
        if bottom:
            sides = (math.ceil(sides[0] / down), math.ceil(sides[1] / across))
        last = nn.Conv2d(width, outputs, sides, bias=norm == "none")
        self.main = nn.Sequential(*layers, last)
        if norm == "none":
            for layer in layers:
                if isinstance(layer, nn.Conv2d):
                    nn.init.kaiming_normal_(layer.weight, SLOPE)
            nn.init.kaiming_normal_(last.weight, nonlinearity="linear")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.main(images).flatten(1).squeeze(1)
        return logits


def build_generator(options: NetworkOptions) -> nn.Module:
    return Generator(
        options.size, options.channels, options.latent_dim, options.g_width, options.bottom, options.g_blur
    )


def build_discriminator(options: NetworkOptions) -> nn.Module:
    channels = options.channels * options.pack
    return Discriminator(options.size, channels, options.d_width, options.d_norm, options.bottom, options.d_outputs)
