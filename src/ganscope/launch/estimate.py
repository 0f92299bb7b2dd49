"""What a training will cost, estimated from its networks: snapshots as a number of iterations; the table of layers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from time import perf_counter

import torch
from torch.nn import Module

from ganscope.config import FEWEST_IMAGES, Plan, size_text
from ganscope.device import Backend
from ganscope.diagnosis import ENOUGH_IMAGES
from ganscope.networks import activations, count_parameters, flops, network_table
from ganscope.progress import duration
from ganscope.training import STANDING_LATENTS, build_networks

# What the plan of snapshots assumes, in float32 operations; the share that they really took is printed at the end.
OVERHEAD_FLOPS = 1e8  # of an iteration, whatever the networks: about 1 ms of one core
METRIC_FLOPS = 5e10  # of a snapshot's metrics, once there are features
FEATURE_FLOPS_PER_PIXEL = 1.5e4  # of the feature space
LARGE_SIDE = 128  # beyond it a training is told what it takes before it begins
FEWEST_FAKES = 128  # that a snapshot can have
TRIED_IMAGES = 4  # that G makes to find out how fast the machine is


def snapshot_cost(config: Plan) -> float:
    """What a snapshot costs, in iterations: G, D and the feature space on all fakes, against G's and D's steps.

    A backward pass costs two forward ones; D's weights get no gradients in G's step. The moving average of G also makes
    the images from which its batch statistics are measured.
    """
    g, d = plain_networks(config)
    g_flops = flops(g, config.latent_dim)
    d_flops = flops(d, *judged_shape(config)) / config.pack
    iteration = _iteration(config, g_flops, d_flops)
    seen = config.num_fakes * FEATURE_FLOPS_PER_PIXEL * math.prod(config.sides)
    measuring = METRIC_FLOPS + seen if config.metrics else 0.0
    standing = STANDING_LATENTS if config.ema_half_life > 0 else 0
    return ((config.num_fakes + standing) * g_flops + config.num_fakes * d_flops + measuring) / iteration


def _iteration(config: Plan, g_flops: float, d_flops: float) -> float:
    """Operations of an iteration, from those of a forward pass of G and of D an image."""
    d_step = config.batch_size * (g_flops + 6 * d_flops)
    g_step = config.batch_size * (2 * g_flops + 2 * d_flops)
    return config.d_steps * d_step + config.g_steps * g_step + OVERHEAD_FLOPS


def expected(config: Plan, num_images: int, backend: Backend, clock: Callable[[], float] = perf_counter) -> str | None:
    """What a training on large images takes, in a sentence: seconds an iteration, hours and memory; else None.

    The time is that of G's passes here and now, scaled by operations: right to a factor of two or so.
    """
    if config.network == "toy" or max(config.sides) <= LARGE_SIDE:
        return None
    g, d = plain_networks(config)
    g_flops, d_flops = flops(g, config.latent_dim), flops(d, *judged_shape(config)) / config.pack
    weights = 4.0 * (count_parameters(g) * (4 + (config.ema_half_life > 0)) + 4 * count_parameters(d))
    maps = 4.0 * config.batch_size * (activations(g, config.latent_dim) + 2 * activations(d, *judged_shape(config)))
    g = backend.place(g).eval()
    z = torch.zeros(TRIED_IMAGES, config.latent_dim, device=backend.device)
    tried = []
    with torch.no_grad(), backend.autocast():
        for _ in range(2):  # the first also prepares
            start = clock()
            float(g(z).sum())  # waits for a GPU
            tried.append(clock() - start)
    seconds = tried[-1] / TRIED_IMAGES / g_flops * _iteration(config, g_flops, d_flops)
    total = config.total_iterations(num_images)
    return (
        f"{size_text(config.size)} pixels: roughly {_short(seconds)} an iteration here, {duration(seconds * total)} "
        f"for the planned {total:,}, {_short(seconds * snapshot_cost(config))} for each snapshot, the first at once "
        f"(--num-fakes {FEWEST_FAKES} shortens it), and {(weights + maps) / 1e9:.1f} GB of memory beside the images; "
        f"--size 64 takes far less, --epochs shortens it, and it resumes wherever it is stopped"
    )


def _short(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else duration(seconds)


def too_short(config: Plan, num_images: int) -> str | None:
    """A sentence where the plan shows D far too few images to come to anything, with the epochs that would do."""
    shown = round(config.epochs * num_images)
    if config.network == "toy" or shown >= ENOUGH_IMAGES:
        return None
    epochs, best = (math.ceil(images / num_images) for images in (ENOUGH_IMAGES, FEWEST_IMAGES))
    return (
        f"{config.epochs:g} epochs of {num_images:,} images are {shown:,} images seen, which is early: up to about "
        f"20,000 a generator often draws one picture only, and few are worth a look before {ENOUGH_IMAGES:,}. Images "
        f"seen count, not epochs: --epochs {epochs} at least, --epochs {best} for the best"
    )


def judged_shape(config: Plan) -> tuple[int, ...]:
    """What D takes, without the batch: `(C, H, W)` of an image, `(d,)` of a point; a pack multiplies the first."""
    first = config.channels * config.pack
    return (first,) if config.network == "toy" else (first, *config.sides)


def plain_networks(config: Plan) -> tuple[Module, Module]:
    """Both networks, to be counted or described: spectral normalisation would hide the weights behind its own."""
    return build_networks(dataclasses.replace(config, init_std=0.0, spectral_norm=False))


def network_summary(config: Plan) -> str:
    """The table of both networks' layers."""
    g, d = plain_networks(config)
    shape = judged_shape(config)
    return network_table(g, d, latent_dim=config.latent_dim, image_shape=shape)
