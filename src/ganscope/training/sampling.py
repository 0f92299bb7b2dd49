"""Latents, and the images that a generator makes of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ganscope.config import Plan
from ganscope.device import Backend
from ganscope.randomness import rng
from ganscope.training.state import TrainState

STANDING_LATENTS, STANDING_BATCH = 1000, 250  # from which the average's batch statistics are measured


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
        for z in latents(config, STANDING_LATENTS, "standing").split(STANDING_BATCH):
            with backend.autocast():
                state.g_ema(z.to(backend.device))
    return state.g_ema.eval()


def latents(config: Plan, count: int, purpose: str, position: int = 0) -> torch.Tensor:
    """`(count, Z) float32` latents, a function of the seed, the purpose and the position alone."""
    source = rng(config.seed, purpose, position)
    if config.latent == "uniform":
        return torch.rand(count, config.latent_dim, generator=source) * 2.0 - 1.0
    return torch.randn(count, config.latent_dim, generator=source)


@torch.no_grad()
def generate(g: nn.Module, z: torch.Tensor, backend: Backend, batch: int = 250) -> np.ndarray:
    """Images `(N, C, H, W) uint8` (points `(N, d) float32` for toys) of a generator in evaluation mode.

    Batches have one size whatever `N`, so that an image depends on its latent only.
    """
    training = g.training
    g.eval()
    parts = []
    for start in range(0, len(z), batch):
        part = z[start : start + batch]
        padded = torch.cat([part, part.new_zeros(batch - len(part), part.shape[1])]) if len(part) < batch else part
        with backend.autocast():
            made = g(padded.to(backend.device, non_blocking=True))
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
