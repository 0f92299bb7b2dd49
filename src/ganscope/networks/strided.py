"""Strided 4×4 convolutions with two of oneDNN's slow passes on a CPU written otherwise.

The weight gradient in bf16, where the feature maps are small and deep, as one matrix product: oneDNN computes it at a
quarter of its forward rate, the product is 1.3 to 2.4 times as fast there, and slower elsewhere. The transposed
convolution to images, whose few channels oneDNN pads to a whole register: as a 3×3 convolution, twice as fast or more
(docs/log.md). Legend: N images, C channels of the larger map (2H, 2W), K channels of the smaller one (H, W).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.grad import conv2d_weight

LARGEST_PATCHES = 2**24  # bytes: beyond a processor's last cache the gathering costs more than it saves
FEWEST_CHANNELS = 16  # with fewer the patches are gathered a few bytes at a time
MOST_IMAGE_CHANNELS = 4  # of a map that counts as an image
# Which of the four taps along an axis serves which place of a window of three, for the even and the odd pixels of the
# larger map: an even pixel 2y takes tap 3 at y - 1 and tap 1 at y, an odd one tap 2 at y and tap 0 at y + 1.
_PLACES = torch.zeros(2, 3, 4)
_PLACES[0, 0, 3] = _PLACES[0, 1, 1] = _PLACES[1, 1, 2] = _PLACES[1, 2, 0] = 1.0
_TAPS = torch.einsum("pjk,qil->klpqji", _PLACES, _PLACES).reshape(16, 36)


def suits(images: Tensor, large_shape: tuple[int, ...]) -> bool:
    """Whether the weight gradient between `large_shape` `(N, C, 2H, 2W)` and the smaller map is faster as a product."""
    if images.device.type != "cpu" or images.dtype != torch.bfloat16 or large_shape[2] % 2 or large_shape[3] % 2:
        return False
    patches = 4 * math.prod(large_shape) * images.element_size()
    return large_shape[1] >= FEWEST_CHANNELS and patches <= LARGEST_PATCHES and torch.is_grad_enabled()


def weight_gradient(large: Tensor, small: Tensor) -> Tensor:
    """The gradient `(K, C, 4, 4)` of the weights between `(N, C, 2H, 2W)` and `(N, K, H, W)`, stride 2, padding 1.

    `large` is the convolution's input and `small` the gradient of its output; for a transposed one the other way round.
    """
    count, channels, height, width = large.shape
    rows, columns = height // 2, width // 2
    padded = F.pad(large.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1)).contiguous()
    row = (width + 2) * channels
    patches = padded.as_strided(
        (count, rows, columns, 4, 4 * channels), ((height + 2) * row, 2 * row, 2 * channels, row, 1)
    ).reshape(count * rows * columns, 16 * channels)
    flat = small.permute(0, 2, 3, 1).reshape(-1, small.shape[1])
    return (flat.t() @ patches).view(-1, 4, 4, channels).permute(0, 3, 1, 2)


def suits_images(images: Tensor, channels: int) -> bool:
    """Whether the transposed convolution to a map of so many channels is faster as a 3×3 convolution."""
    return images.device.type == "cpu" and channels <= MOST_IMAGE_CHANNELS


def to_image(small: Tensor, weight: Tensor) -> Tensor:
    """The transposed convolution `(N, K, H, W)` → `(N, C, 2H, 2W)`, weights `(K, C, 4, 4)`, stride 2, padding 1.

    As a sub-pixel convolution (Shi et al. 2016): 3×3, to the four pixels of the larger map that lie in one of the
    smaller; five of nine weights are 0.
    """
    features, channels = weight.shape[:2]
    kernel = (weight.reshape(-1, 16) @ _TAPS.to(weight)).view(features, 4 * channels, 3, 3).transpose(0, 1)
    return F.pixel_shuffle(F.conv2d(small, kernel, padding=1), 2)


class _Down(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, large: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(large, weight)
        return F.conv2d(large, weight, stride=2, padding=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        (gradient,), (large, weight) = gradients, ctx.saved_tensors
        by_input = by_weight = None
        if ctx.needs_input_grad[0]:
            few = large.shape[1] <= MOST_IMAGE_CHANNELS
            by_input = to_image(gradient, weight) if few else F.conv_transpose2d(gradient, weight, stride=2, padding=1)
        if ctx.needs_input_grad[1]:
            few = large.shape[1] < FEWEST_CHANNELS
            by_weight = (
                conv2d_weight(large, weight.shape, gradient, stride=2, padding=1)
                if few
                else weight_gradient(large, gradient)
            )
        return by_input, by_weight


class _Up(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, small: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(small, weight)
        return F.conv_transpose2d(small, weight, stride=2, padding=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        (gradient,), (small, weight) = gradients, ctx.saved_tensors
        up = F.conv2d(gradient, weight, stride=2, padding=1) if ctx.needs_input_grad[0] else None
        return up, weight_gradient(gradient, small) if ctx.needs_input_grad[1] else None


def _working_dtype(images: Tensor) -> torch.dtype:
    kind = images.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else images.dtype


class Down(nn.Conv2d):
    """`(N, C, 2H, 2W)` → `(N, K, H, W)`: 4×4, stride 2, padding 1, no bias."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 4, stride=2, padding=1, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        large = input.to(_working_dtype(input))
        weight = self.weight  # once: under spectral normalisation each look computes it anew
        by_weight = weight.requires_grad and suits(large, large.shape)
        by_input = large.requires_grad and suits_images(large, self.in_channels)
        if by_weight or by_input:
            out: Tensor = _Down.apply(large, weight.to(large.dtype))
            return out
        return F.conv2d(input, weight, stride=2, padding=1)


class Up(nn.ConvTranspose2d):
    """`(N, K, H, W)` → `(N, C, 2H, 2W)`: 4×4, stride 2, padding 1, no bias."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 4, stride=2, padding=1, bias=False)

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        assert output_size is None, "the output is twice the input"
        small = input.to(_working_dtype(input))
        weight = self.weight
        if weight.requires_grad and suits(small, self._large_shape(small)):
            out: Tensor = _Up.apply(small, weight.to(small.dtype))
            return out
        if suits_images(small, self.out_channels):
            return to_image(small, weight.to(small.dtype))
        return F.conv_transpose2d(input, weight, stride=2, padding=1)

    def _large_shape(self, small: Tensor) -> tuple[int, ...]:
        count, _, height, width = small.shape
        return count, self.out_channels, 2 * height, 2 * width
