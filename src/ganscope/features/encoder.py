"""Encoders for images without labels: fixed random convolutions, or the same convolutions trained on pairs of crops.

Legend: N images, C channels, S statistics, D features. Images `(N, C, H, W) uint8`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganscope.config import Size, sides_of

WIDTHS = (32, 64, 128)
DETAIL = 5.0  # gain of the fine detail: random filters see mostly what is large and smooth, as most of a picture is
CELLS = 2  # statistics are means over CELLS × CELLS parts of the picture
RECIPE = "encoder-3"  # part of every cache key: change it with anything here


class Encoder(nn.Module):
    """Three convolutions at falling resolution; the mean and spread of every channel over the parts of the picture.

    Like texture statistics (Ustyuzhaninov et al. 2017: random filters suffice), with a rough sense of place. The fine
    detail, a picture minus its 3 × 3 means, enters as channels of its own: without them mild blur, noise and JPEG
    artefacts went nearly unseen (docs/log.md).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, size: Size, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("std", torch.ones(1, channels, 1, 1))
        self.layers = nn.ModuleList()
        width = 2 * channels
        for depth, outputs in enumerate(WIDTHS):
            stride = 2 if depth == 0 and min(sides_of(size)) >= 20 else 1
            kernel = 5 if depth == 0 else 3
            conv = nn.Conv2d(width, outputs, kernel, stride, kernel // 2, bias=False)
            self.layers.append(nn.Sequential(conv, nn.BatchNorm2d(outputs, affine=False, momentum=None)))
            width = outputs

    def maps(self, images: Tensor) -> list[Tensor]:
        """The rectified channels of every layer."""
        x = (images.float() - self.mean) / self.std
        smooth = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
        x = torch.cat([x, DETAIL * (x - smooth)], dim=1).contiguous(memory_format=torch.channels_last)
        found = []
        for depth, layer in enumerate(self.layers):
            if depth and min(x.shape[2:]) >= 2 * CELLS:
                x = F.avg_pool2d(x, 2)
            x = F.relu(layer(x))
            found.append(x)
        return found

    def forward(self, images: Tensor) -> Tensor:
        """`(N, C, H, W) uint8` → `(N, S) float32`."""
        parts = []
        for x in self.maps(images):
            mean = F.adaptive_avg_pool2d(x, CELLS)
            spread = (F.adaptive_avg_pool2d(x * x, CELLS) - mean * mean).clamp_min(0.0)
            parts += [mean.flatten(1), (spread + 1e-4).sqrt().flatten(1)]
        return torch.cat(parts, dim=1)


def random_encoder(images: np.ndarray, *, seed: int = 0) -> Encoder:
    """Filters drawn from N(0, 2/fan-in); the scales of their outputs set by real images `(N, C, H, W) uint8`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Encoder((images.shape[2], images.shape[3]), images.shape[1])
        for module in net.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    _set_scale(net, images)
    _calibrate(net, images)
    return net


def contrastive_encoder(
    images: np.ndarray,
    *,
    num_images: int,
    seed: int = 0,
    batch: int = 256,
    temperature: float = 0.2,
    progress: Callable[[str], None] | None = None,
) -> Encoder:
    """`random_encoder` trained to tell images apart (SimCLR, Chen et al. 2020): two crops of one image belong together.

    Crops of at least 60 % of the side, mirrored at random, brightness and contrast moved a little: blur and noise are
    not among the changes that it learns to ignore.
    """
    net = random_encoder(images, seed=seed).requires_grad_(True)
    source = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = nn.Sequential(nn.Linear(WIDTHS[-1], 128), nn.ReLU(), nn.Linear(128, 64))
    net.train()
    parameters = [*net.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, betas=(0.9, 0.99), weight_decay=1e-2)
    batch = min(batch, len(images))
    steps = max(1, num_images // batch)
    for step in range(steps):
        index = torch.randint(0, len(images), (batch,), generator=source)
        x = torch.from_numpy(images[index.numpy()]).float()
        for group in optimizer.param_groups:
            done = (step + 1) / steps
            group["lr"] = 2e-3 * min(done / 0.1, (1.0 - done) / 0.9)
        views = torch.cat([_view(x, source), _view(x, source)])
        z = F.normalize(head(net.maps(views)[-1].mean(dim=(2, 3))), dim=1)
        logits = z @ z.T / temperature
        logits.fill_diagonal_(-1e9)
        loss = F.cross_entropy(logits, torch.arange(2 * batch).roll(batch))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if progress and (step + 1) % max(1, steps // 10) == 0:
            progress(f"feature encoder: {done:.0%}, loss {loss.item():.3f}")
    _calibrate(net, images)
    return net


def _view(images: Tensor, source: torch.Generator) -> Tensor:
    """A random crop, mirror image, brightness and contrast of every image: `(N, C, H, W) float32`."""
    count = len(images)
    scale = 0.6 + 0.4 * torch.rand(count, generator=source)
    shift = (torch.rand(count, 2, generator=source) * 2 - 1) * (1 - scale[:, None])
    sign = torch.randint(0, 2, (count,), generator=source) * 2.0 - 1.0
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = scale * sign, scale, shift
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    views = F.grid_sample(images, grid, align_corners=False, padding_mode="border")
    contrast = 0.8 + 0.4 * torch.rand(count, 1, 1, 1, generator=source)
    brightness = 25.0 * (torch.rand(count, 1, 1, 1, generator=source) * 2 - 1)
    return views * contrast + brightness


def _set_scale(net: Encoder, images: np.ndarray) -> None:
    sample = torch.from_numpy(np.array(images[:: max(1, len(images) // 2000)])).float()
    net.mean.copy_(sample.mean(dim=(0, 2, 3), keepdim=True))
    net.std.copy_(sample.std(dim=(0, 2, 3), keepdim=True).clamp_min(1.0))


@torch.no_grad()
def _calibrate(net: Encoder, images: np.ndarray, count: int = 2000) -> None:
    """Set the batch statistics to the mean over real images."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    net.train()
    chosen = np.linspace(0, len(images) - 1, min(count, len(images))).astype(np.int64)
    for start in range(0, len(chosen), 250):
        net.maps(torch.from_numpy(np.array(images[chosen[start : start + 250]])))
    net.eval().requires_grad_(False)
