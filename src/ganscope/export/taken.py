"""A generator taken out of its run: what every exporter starts from.

Legend: N images, C channels, H, W their sides, Z numbers of a latent, d dimension of a toy's points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ganscope.config import Plan
from ganscope.errors import RunError
from ganscope.generator import LoadedGenerator, load_generator
from ganscope.networks import joined, plain_layers
from ganscope.runs import Run

CHECKED = 64  # images on which a copy is held against the original
# What folding batch norm and another order of sums may change: one step of 255 where a value lies at a half, and that
# in few pixels. Points, whose generator jumps at steep planes, relative to their spread.
LARGEST_STEP, LARGEST_SHARE, LARGEST_SHIFT = 1, 0.002, 1e-3


@dataclass(frozen=True)
class Taken:
    """The generator of one snapshot, as it was and in plain layers, both checked against each other."""

    run: Run
    images_seen: int
    config: Plan
    original: LoadedGenerator
    net: nn.Module  # `inputs_of` → `(N, C, H, W) float32`, about [-1, 1]; of a toy `(N, d) float32`
    shape: tuple[int, ...]  # (C, H, W), or (d,)

    @property
    def makes_points(self) -> bool:
        return len(self.shape) == 1


def take(run: Run, snapshot: str | int = "best") -> Taken:
    """The generator of a run's snapshot.

    Raises:
        RunError: none is kept, the file is damaged, or its plain form makes other images.
    """
    original = load_generator(run.path, snapshot)
    try:
        net = plain_layers(original.g)
    except TypeError as error:
        raise RunError(
            f"the generator of {run.path} cannot be exported",
            found=str(error),
            todo="sample it instead: ganscope sample RUN --out images.npy",
        ) from error
    expected = original.sample(CHECKED)
    taken = Taken(run, original.images_seen, original.config, original, net, expected.shape[1:])
    with torch.no_grad():
        made = as_samples(net(inputs_of(original, CHECKED)))
    require_same(expected, made, "the plain layers")
    return taken


def inputs_of(original: LoadedGenerator, count: int, position: int = 0) -> torch.Tensor:
    """What the plain layers take: latents `(N, Z)`, of a conditional generator with the class as one-hot `(N, Z + K)`.

    With `position` 0 these are the inputs of `original.sample(count)`.
    """
    return joined(original.latents(count, position=position), original.classes(count), original.config.num_classes)


def as_samples(made: torch.Tensor) -> np.ndarray:
    """`(N, C, H, W) float in [-1, 1]` → uint8, 0 to 255, rounded; points `(N, d) float32` stay as they are."""
    if made.dim() == 2:
        return made.numpy()
    return made.add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8).numpy()


def require_same(expected: np.ndarray, made: np.ndarray, what: str) -> str:
    """How far two batches of samples are apart, in words.

    Raises:
        RunError: further than the tolerance of this module.
    """
    if expected.shape != made.shape or expected.dtype != made.dtype:
        found, good = f"{made.dtype} {made.shape} instead of {expected.dtype} {expected.shape}", False
    elif expected.dtype == np.uint8:
        steps = np.abs(expected.astype(np.int16) - made.astype(np.int16))
        differing = int((steps > 0).sum())
        found = f"{int(steps.max())} of 255 at most, in {differing:,} of {steps.size:,} values"
        good = bool(steps.max() <= LARGEST_STEP and differing <= max(2, LARGEST_SHARE * steps.size))
    else:
        apart = float(np.abs(expected - made).max() / max(float(expected.std()), 1e-12))
        found, good = f"{apart:.1e} of the points' spread at most", apart <= LARGEST_SHIFT
    if not good:
        raise RunError(
            f"{what} do not make the images of the original",
            found=f"apart by {found}",
            todo="this is a fault of ganscope: please report it with the output of `ganscope doctor`",
        )
    return found
