"""A small convolutional classifier, and its training in a minute: the feature space of labelled data.

Legend: N images, C channels, K classes, D features. Images `(N, C, H, W) uint8` at rest, standardised inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganscope.config import Size, sides_of

FEATURES = 64  # D
WIDTH = 64
STEM_WIDTH = 32
BATCH = 256
PEAK_LR = 0.2  # of SGD with momentum 0.9
WARM_UP = 0.2  # share of the steps in which the rate rises to its peak; it falls to 0 afterwards
WEIGHT_DECAY = 5e-4
SMOOTHING = 0.1  # of the labels
RECIPE = "classifier-1"  # part of every cache key: change it with anything here


class Classifier(nn.Module):
    """Convolutions down to 7 × 7 or 8 × 8 cells (of the longer side 8 or fewer), one hidden layer of D units, K logits.

    `features` gives the D units before their ReLU: batch-normalised, so each has mean 0 and variance 1 on the training
    images, and both signs, which suits distances better than rectified units.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, size: Size, channels: int, num_classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("std", torch.ones(1, channels, 1, 1))
        sides = sides_of(size)
        longer = max(sides)
        stride = 1 if longer < 20 else 2 if longer <= 64 else 4
        layers: list[nn.Module] = [*_convolution(channels, STEM_WIDTH, 3 if stride == 1 else 5, stride)]
        left, width = [-(-side // stride) for side in sides], STEM_WIDTH
        while True:
            layers += _convolution(width, WIDTH, 3, 1)
            width = WIDTH
            if max(left) <= 8 or min(left) < 2:
                break
            layers.append(nn.MaxPool2d(2))
            left = [side // 2 for side in left]
            if max(left) <= 8:
                break
        self.body = nn.Sequential(*layers)
        self.hidden = nn.Sequential(
            nn.Flatten(), nn.Linear(width * math.prod(left), FEATURES, bias=False), nn.BatchNorm1d(FEATURES)
        )
        self.head = nn.Linear(FEATURES, num_classes)

    def features(self, images: Tensor) -> Tensor:
        """`(N, C, H, W) uint8` → `(N, D) float32`."""
        x = (images.float() - self.mean) / self.std
        found: Tensor = self.hidden(self.body(x.contiguous(memory_format=torch.channels_last)))
        return found

    def logits(self, features: Tensor) -> Tensor:
        """`(N, D)` features → `(N, K)` logits."""
        found: Tensor = self.head(features.relu())
        return found

    def forward(self, images: Tensor) -> Tensor:
        return self.logits(self.features(images))


def _convolution(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


def train_classifier(
    images: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    *,
    num_images: int,
    seed: int = 0,
    autocast_dtype: torch.dtype | None = None,
    progress: Callable[[str], None] | None = None,
) -> Classifier:
    """Train on `(N, C, H, W) uint8` images with labels `(N,)` until `num_images` were shown.

    A function of its arguments and, in its last bits, of the number of threads, which the caller fixes. SGD with
    momentum; the rate rises and falls once, linearly. No augmentation: random shifts cost more accuracy in five epochs
    than they give (docs/log.md).
    """
    channels = images.shape[1]
    source = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Classifier((images.shape[2], images.shape[3]), channels, num_classes)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    sample = torch.from_numpy(np.array(images[:: max(1, len(images) // 5000)])).float()
    net.mean.copy_(sample.mean(dim=(0, 2, 3), keepdim=True))
    net.std.copy_(sample.std(dim=(0, 2, 3), keepdim=True).clamp_min(1.0))
    batch = max(2, min(BATCH, len(images)))
    steps = max(1, num_images // batch)
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=PEAK_LR, momentum=0.9, nesterov=True, foreach=True)
    targets = torch.from_numpy(np.asarray(labels, np.int64))
    order, place = torch.empty(0, dtype=torch.int64), 0
    net.train()
    for step in range(steps):
        if place + batch > len(order):
            order, place = torch.randperm(len(images), generator=source), 0
        index = order[place : place + batch]
        place += batch
        x = torch.from_numpy(images[index.numpy()])
        done = (step + 1) / steps
        for group in optimizer.param_groups:
            group["lr"] = PEAK_LR * (done / WARM_UP if done < WARM_UP else (1.0 - done) / (1.0 - WARM_UP))
        with torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None):
            logits = net(x)
        loss = F.cross_entropy(logits.float(), targets[index], label_smoothing=SMOOTHING)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if progress and (step + 1) % max(1, steps // 10) == 0:
            progress(f"feature classifier: {done:.0%}, loss {loss.item():.3f}")
    net.eval().requires_grad_(False)
    return net


def planned_images(num_images: int, size: Size) -> int:
    """How many images to show a classifier of `num_images` training images: what two cores do in a minute or so."""
    affordable = 300_000 * min(1.0, 28**2 / math.prod(sides_of(size)))
    return math.ceil(max(min(affordable, 20 * num_images), 2 * num_images, 20 * BATCH))
