"""Latents and the classes asked for, and the images that a generator makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ganscope.config import Plan
from ganscope.device import Backend
from ganscope.networks import told
from ganscope.randomness import rng
from ganscope.training.state import TrainState

STANDING_LATENTS = 1000  # from which the average's batch statistics are measured
AT_ONCE, FEWEST_AT_ONCE = 250, 32  # images made at once, and of large ones, so that these need no more than a step does
LARGE_PIXELS = 128 * 128


@dataclass(frozen=True)
class Latents:
    """What a generator is given: `z (N, Z) float32`, and the classes `(N,) int64` where it is told one."""

    z: torch.Tensor
    labels: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.z)

    def to(self, device: torch.device) -> Latents:
        labels = None if self.labels is None else self.labels.to(device, non_blocking=True)
        return Latents(self.z.to(device, non_blocking=True), labels)

    def batches(self, size: int) -> Iterator[Latents]:
        """Consecutive parts of at most `size`."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            yield Latents(self.z[part], None if self.labels is None else self.labels[part])


@torch.no_grad()
def sampler(state: TrainState, config: Plan, backend: Backend) -> nn.Module:
    """The generator that samples come from: G, or its moving average where there is one.

    The average's activations are distributed otherwise than G's, so batch norm's statistics are measured on its own
    images before every use (standing statistics, Brock et al. 2019, appendix C.1): the mean over batches of always
    the same latents.
    """
    if state.g_ema is None:
        return state.g
    norms = [module for module in state.g_ema.modules() if isinstance(module, nn.BatchNorm2d)]
    if norms:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over the batches
        state.g_ema.train()
        for part in asked(config, STANDING_LATENTS, "standing").batches(images_at_once(config)):
            given = part.to(backend.device)
            with backend.autocast():
                told(state.g_ema, given.labels)(given.z)
    return state.g_ema.eval()


def images_at_once(config: Plan) -> int:
    """How many images G makes at once where nothing is learnt from them: 250 up to 128 × 128 pixels, then fewer."""
    if config.network == "toy":
        return AT_ONCE
    height, width = config.sides
    return max(FEWEST_AT_ONCE, min(AT_ONCE, AT_ONCE * LARGE_PIXELS // (height * width)))


def latents(config: Plan, count: int, purpose: str, position: int = 0) -> torch.Tensor:
    """`(count, Z) float32` latents, a function of the seed, the purpose and the position alone."""
    source = rng(config.seed, purpose, position)
    if config.latent == "uniform":
        return torch.rand(count, config.latent_dim, generator=source) * 2.0 - 1.0
    return torch.randn(count, config.latent_dim, generator=source)


def asked(config: Plan, count: int, purpose: str, position: int = 0, balance: str | None = None) -> Latents:
    """Latents with the classes to ask for, as often as `balance` says (default: as in the training).

    The classes are a stratified sample: their numbers differ from what the shares demand by less than one.
    """
    z = latents(config, count, purpose, position)
    if not config.num_classes:
        return Latents(z)
    counts = torch.tensor(config.class_counts, dtype=torch.float64)
    weights = counts if (balance or config.class_balance) == "data" else (counts > 0).double()
    source = rng(config.seed, f"{purpose} classes", position)
    places = (torch.arange(count, dtype=torch.float64) + torch.rand(1, generator=source, dtype=torch.float64)) / count
    bounds = weights.cumsum(0) / weights.sum()
    most = int(torch.nonzero(weights).max())  # rounding must not ask for a class that has no images
    labels = torch.searchsorted(bounds, places, right=True).clamp_max(most)
    return Latents(z, labels[torch.randperm(count, generator=source)])


def fixed_latents(config: Plan) -> Latents:
    """The latents whose images a run shows and measures at every snapshot, classes as in the data.

    Of a conditional run the first are a grid, row by row: `class_columns` latents, the same in each of `shown_classes`.
    """
    given = asked(config, config.num_fakes, "fixed", balance="data")
    columns = config.class_columns
    if given.labels is None or not columns:
        return given
    shown = torch.tensor(config.shown_classes)
    rest = torch.ones(len(given), dtype=torch.bool)  # what is left of the classes when the grid has taken its part
    for kind in shown:
        rest[torch.nonzero(given.labels == kind)[:columns, 0]] = False
    labels = torch.cat([shown.repeat_interleave(columns), given.labels[rest]])
    z = torch.cat([given.z[:columns].repeat(len(shown), 1), given.z[len(shown) * columns :]])
    return Latents(z, labels)


@torch.no_grad()
def generate(g: nn.Module, given: torch.Tensor | Latents, backend: Backend, batch: int = AT_ONCE) -> np.ndarray:
    """Images `(N, C, H, W) uint8` (points `(N, d) float32` for toys) of a generator in evaluation mode.

    `given` are latents `(N, Z)`, for a generator that is told classes a `Latents`. Batches have one size whatever `N`,
    so that an image depends on its own latent only.
    """
    training = g.training
    g.eval()
    parts = []
    for part in (given if isinstance(given, Latents) else Latents(given)).batches(batch):
        short = batch - len(part)
        padded = Latents(
            torch.cat([part.z, part.z.new_zeros(short, part.z.shape[1])]) if short else part.z,
            torch.cat([part.labels, part.labels.new_zeros(short)])
            if short and part.labels is not None
            else part.labels,
        ).to(backend.device)
        with backend.autocast():
            made = told(g, padded.labels)(padded.z)
        parts.append(to_uint8(made.float())[: len(part)].cpu())
    g.train(training)
    return torch.cat(parts).numpy()


def to_uint8(images: torch.Tensor) -> torch.Tensor:
    """`[-1, 1]` → `0 … 255`, rounded: (x + 1)·127.5. Points (two axes) stay as they are."""
    if images.dim() == 2:
        return images
    return images.add(1.0).mul(127.5).round_().clamp_(0, 255).to(torch.uint8).contiguous()


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 `0 … 255` → float32 `[-1, 1]`. Points stay as they are."""
    return images if images.is_floating_point() else images.float().div_(127.5).sub_(1.0)
