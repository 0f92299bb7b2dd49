"""Feature spaces that are linear in something simpler: whitened outputs, principal components of pixels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ganscope.features.space import BATCH


class Whitened(nn.Module):
    """Statistics of images on their first D principal axes.

    `whiten`: every statistic, and then every axis, has variance 1 on the training images, so that what changes little
    from picture to picture, such as sharpness, counts as much as what changes a lot.
    """

    center: Tensor
    axes: Tensor

    def __init__(self, encode: nn.Module, num_statistics: int, dim: int) -> None:
        super().__init__()
        self.encode = encode
        self.register_buffer("center", torch.zeros(num_statistics))
        self.register_buffer("axes", torch.zeros(num_statistics, dim))

    @classmethod
    @torch.no_grad()
    def fit(cls, encode: nn.Module, images: np.ndarray, dim: int, count: int = 5000, whiten: bool = True) -> Whitened:
        chosen = np.linspace(0, len(images) - 1, min(count, len(images))).astype(np.int64)
        batches = np.array_split(chosen, len(chosen) // BATCH + 1)
        x = torch.cat([encode(torch.from_numpy(np.array(images[batch]))) for batch in batches])
        dim = min(dim, x.shape[1], len(x) - 1)
        net = cls(encode, x.shape[1], dim)
        net.center.copy_(x.mean(dim=0))
        spread = x.std(dim=0).clamp_min(1e-6) if whiten else torch.ones(x.shape[1])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # of the range finder
            _, scale, axes = torch.svd_lowrank((x - net.center) / spread, q=min(dim + 16, *x.shape), niter=4)
        scale = scale[:dim] / (len(x) - 1) ** 0.5 if whiten else torch.ones(dim)
        net.axes.copy_(axes[:, :dim] / scale.clamp_min(1e-3 * float(scale[0])) / spread[:, None])
        return net.eval().requires_grad_(False)

    def features(self, images: Tensor) -> Tensor:
        """`(N, C, H, W) uint8` → `(N, D) float32`."""
        found: Tensor = (self.encode(images) - self.center) @ self.axes
        return found


class Pixels(nn.Module):
    """The pixels themselves, of larger images the means of blocks, at most 32 × 32 of them; `[0, 1]`."""

    def forward(self, images: Tensor) -> Tensor:
        """`(N, C, H, W) uint8` → `(N, S) float32`."""
        x = images.float() / 255.0
        factor = -(-max(images.shape[2:]) // 32)
        return nn.functional.avg_pool2d(x, factor, ceil_mode=True).flatten(1) if factor > 1 else x.flatten(1)
