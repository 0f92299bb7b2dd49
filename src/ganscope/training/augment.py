"""What changes the images before D sees them."""

from __future__ import annotations

import torch
from torch import Tensor

from ganscope.config import Plan
from ganscope.randomness import rng
from ganscope.training.distributed import ALONE, World
from ganscope.training.state import TrainState


def with_noise(images: Tensor, config: Plan, state: TrainState, side: str, world: World = ALONE) -> Tensor:
    """Instance noise (Sønderby et al. 2017), falling linearly to nothing."""
    sigma = instance_noise_sigma(state.images_seen, config.instance_noise, config.instance_noise_images)
    if sigma <= 0:
        return images
    whole = (config.batch_size, *images.shape[1:])
    noise = torch.randn(whole, generator=rng(config.seed, f"noise {side}", state.images_seen))
    return images + sigma * world.part(noise, config.pack).to(images.device)


def instance_noise_sigma(images_seen: int, sigma: float, decay_images: int) -> float:
    """Standard deviation of the noise on D's input (Sonderby et al. 2017): falls linearly from `sigma` to 0.

    It stays at `sigma` where `decay_images` is 0.
    """
    if decay_images <= 0:
        return sigma
    return sigma * max(0.0, 1.0 - images_seen / decay_images)
