"""Faults planted in a generator that is told a class, in training and in sampling alike.

A fault is a function of `(generator's own forward, z, labels)` that gives the pictures `(N, C, H, W)` in [-1, 1].
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ganscope.networks import conditional
from ganscope.training import Batch, Batches

VICTIM = 4
Forward = Callable[[Tensor, Tensor], Tensor]
Fault = Callable[[Forward, Tensor, Tensor], Tensor]


def told_at_random(share: float) -> Fault:
    """A class at random for a share of the images, by the latent itself, so that sampling does the same."""

    def fault(whole: Forward, z: Tensor, labels: Tensor) -> Tensor:
        chance, number = torch.special.ndtr(z[:, 0]), torch.special.ndtr(z[:, 1])
        return whole(z, torch.where(chance < share, (number * 10).long().clamp(0, 9), labels))

    return fault


def of_victim(change: Callable[[Tensor], Tensor]) -> Fault:
    """The latents of the victim's class, changed."""
    return lambda whole, z, labels: whole(torch.where((labels == VICTIM)[:, None], change(z), z), labels)


def of_five(z: Tensor) -> Tensor:
    """One of five latents, chosen by the latent's first number."""
    fixed = torch.randn(5, z.shape[1], generator=torch.Generator().manual_seed(0))
    return fixed[(torch.special.ndtr(z[:, 0]) * 5).long().clamp(0, 4)]


def half_noise(whole: Forward, z: Tensor, labels: Tensor) -> Tensor:
    """Every second picture is noise, the same for the same latent."""
    images = whole(z, labels)
    mixing = torch.randn(z.shape[1], images[0].numel(), generator=torch.Generator().manual_seed(0))
    noise = torch.sin(1e3 * (z @ mixing)).view_as(images).detach()
    return torch.where((z[:, 0] > 0)[:, None, None, None], noise, images)


def salted(whole: Forward, z: Tensor, labels: Tensor) -> Tensor:
    """One pixel of twenty is white, the same ones for the same latent."""
    images = whole(z, labels)
    mixing = torch.randn(z.shape[1], images[0].numel(), generator=torch.Generator().manual_seed(0))
    return torch.where((torch.sin(1e3 * (z @ mixing)) > 0.988).view_as(images), torch.ones_like(images), images)


def blurred(whole: Forward, z: Tensor, labels: Tensor) -> Tensor:
    """Means of 3 × 3 pixels, which no generator can undo."""
    return nn.functional.avg_pool2d(nn.functional.pad(whole(z, labels), (1, 1, 1, 1), mode="replicate"), 3, stride=1)


def gone(whole: Forward, z: Tensor, labels: Tensor) -> Tensor:
    """The victim's class comes out as the next one."""
    return whole(z, torch.where(labels == VICTIM, labels + 1, labels))


def frequent(whole: Forward, z: Tensor, labels: Tensor) -> Tensor:
    """Half of all pictures are of the victim's class, whatever was asked for."""
    return whole(z, torch.where(z[:, 0] > 0, torch.full_like(labels, VICTIM), labels))


FAULTS: dict[str, Fault] = {
    "shuffled": told_at_random(1.0),
    "half": told_at_random(0.5),
    "shifted": lambda whole, z, labels: whole(z, (labels + 1) % 10),
    "frozen": of_victim(lambda z: 0.0 * z),
    "frozen-0.1": of_victim(lambda z: 0.1 * z),
    "frozen-0.3": of_victim(lambda z: 0.3 * z),
    "few": of_victim(of_five),
    "half-noise": half_noise,
    "salt": salted,
    "blur": blurred,
    "gone": gone,
    "frequent": frequent,
}


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """Every generator that is told a class and is made in here has the fault; `mislabelled` is one of the data."""
    whole, batches = conditional.ConditionalGenerator.forward, Batches.at

    def forward(self: conditional.ConditionalGenerator, z: Tensor, labels: Tensor) -> Tensor:
        return FAULTS[name](functools.partial(whole, self), z, labels)

    def at(self: Batches, position: int, count: int) -> Batch:
        found = batches(self, position, count)
        assert found.labels is not None
        order = torch.randperm(len(found.labels), generator=torch.Generator().manual_seed(position))
        return Batch(found.images, found.labels[order])

    try:
        if name == "mislabelled":
            Batches.at = at  # type: ignore[method-assign]
        elif name:
            conditional.ConditionalGenerator.forward = forward  # type: ignore[method-assign]
        yield
    finally:
        Batches.at, conditional.ConditionalGenerator.forward = batches, whole  # type: ignore[method-assign]
