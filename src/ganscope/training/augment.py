"""What changes the images before D sees them: noise that fades, and random changes that keep it from learning by heart.

Every draw is a function of the seed, the purpose and `images_seen`, made for the whole batch of all processes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

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


# ---- changes that reals and fakes share ------------------------------------------------------------------------------
SHIFT, CUT = 1 / 8, 1 / 2  # of the side: the largest translation; a cutout's side (Zhao et al. 2020, "DiffAugment")
NUM_DRAWS = 12  # uniform numbers an image: for each kind a place of its own, whatever other kinds there are


@dataclass(frozen=True)
class Change:
    """One random change of every image of a batch, differentiable, the same whenever it is called.

    P packs of `pack` images; D's input is `(P, pack C, H, W) float32 in [-1, 1]`.

    Attributes:
        kinds: of `AUGMENT_NAMES`. strength: the chance with which each kind is applied to an image; 0 changes nothing.
        draws: `(P, pack, NUM_DRAWS) float32 in [0, 1)`, on the CPU as everything here.
        noise: `(P, pack, H, W) float32`, standard normal, for `noise`, else None.
    """

    kinds: tuple[str, ...]
    strength: float
    draws: Tensor
    noise: Tensor | None = None

    def rows(self, choose: Callable[[Tensor], Tensor]) -> Change:
        """The changes of other rows: `choose` takes rows from a tensor of all of them."""
        noise = None if self.noise is None else choose(self.noise)
        return replace(self, draws=choose(self.draws), noise=noise)

    def __call__(self, seen: Tensor) -> Tensor:
        packs, pack = self.draws.shape[:2]
        draws = self.draws.flatten(0, 1)
        images = seen.reshape(packs * pack, seen.shape[1] // pack, *seen.shape[2:])
        if "flip" in self.kinds:
            mirrored = (draws[:, 0] < 0.5 * self.strength).to(images.device)
            images = torch.where(rows_of(mirrored), images.flip(-1), images)
        if "colour" in self.kinds:
            images = recoloured(images, draws[:, 2:5], draws[:, 1] < self.strength)
        sides, by, holes = torch.tensor(images.shape[2:]), None, None
        if "translation" in self.kinds:
            far = torch.tensor([round(SHIFT * side) for side in images.shape[2:]])
            by = ((2 * far + 1) * draws[:, 6:8]).floor().long() - far
            by = torch.where((draws[:, 5] < self.strength)[:, None], by, 0)
        if "cutout" in self.kinds or "noise" in self.kinds:
            half = torch.tensor([round(CUT * side / 2) for side in images.shape[2:]])
            first = ((sides + 1) * draws[:, 9:11]).floor().long() - half
            holes = torch.where((draws[:, 8] < self.strength)[:, None], first, sides)
        if by is not None or holes is not None:
            images = moved_and_cut(images, by, holes, None if self.noise is None else self.noise.flatten(0, 1))
        return images.reshape(seen.shape)


def drawn_change(config: Plan, state: TrainState, side: str, shape: torch.Size, world: World = ALONE) -> Change | None:
    """What happens to the images `(N, C, H, W)` that D sees in this step of `side`; None where nothing does.

    A real and the fake beside it get the same change: a relativistic loss compares the two.
    """
    strength = state.steering.strength
    if config.augment == "none" or strength <= 0:
        return None
    kinds, pack = tuple(config.augment.split(",")), config.pack

    def ours(rows: Tensor) -> Tensor:
        mine = world.part(rows, pack)
        return mine.reshape(len(mine) // pack, pack, *mine.shape[1:])

    source = rng(config.seed, f"augment {side}", state.images_seen)
    draws, noise = torch.rand(config.batch_size, NUM_DRAWS, generator=source), None
    if "noise" in kinds:
        noise = ours(torch.randn(config.batch_size, *shape[2:], generator=source))
    return Change(kinds, strength, ours(draws), noise)


def rows_of(flags: Tensor) -> Tensor:
    """`(N,)` to `(N, 1, 1, 1)`."""
    return flags[:, None, None, None]


def recoloured(images: Tensor, draws: Tensor, chosen: Tensor) -> Tensor:
    """Brightness by up to ±0.5, then saturation times up to 2, then contrast times 0.5 to 1.5, where `chosen (N,)`.

    `draws (N, 3) in [0, 1)` say how much. Of grey images two of these, and transparency, a fourth channel, stays.
    """
    brightness, saturation, contrast = draws[:, 0] - 0.5, 2.0 * draws[:, 1], 0.5 + draws[:, 2]
    # The three in one: a x + b grey(x) + c mean(x) + d.
    factors = torch.stack([saturation * contrast, contrast * (1.0 - saturation), 1.0 - contrast, brightness])
    unchanged = torch.tensor([[1.0], [0.0], [0.0], [0.0]])
    a, b, c, d = (rows_of(factor) for factor in torch.where(chosen, factors, unchanged).to(images.device))
    colours = images[:, :3]
    grey = colours.mean(1, keepdim=True)
    changed = a * colours + (b * grey + (c * grey.mean((2, 3), keepdim=True) + d))
    return torch.cat([changed, images[:, 3:]], dim=1) if images.shape[1] > 3 else changed


def moved_and_cut(images: Tensor, by: Tensor | None, holes: Tensor | None, noise: Tensor | None = None) -> Tensor:
    """Images `(N, C, H, W)` moved by `by (N, 2)` pixels down and right, then with a part of half the sides cut out.

    `holes (N, 2)` are these parts' upper left corners, which may lie outside. What comes in is 0, a middle grey; so are
    the parts, or noise `(N, H, W)` of the image's own mean and deviation. Whole numbers, on the CPU.
    """
    sides, unmoved = (images.shape[2], images.shape[3]), [[0, 0]] * len(images)
    windows = [window(down, right, sides) for down, right in (unmoved if by is None else by.tolist())]
    squares: list[Span | None] = [None] * len(images)
    if holes is not None:
        squares = [square(top, left, sides) for top, left in holes.tolist()]
    changed: Tensor = _Windows.apply(images, windows, squares, False)
    if noise is None:
        return changed
    filling = torch.zeros_like(images)
    middle, spread = images.detach().mean((2, 3)), images.detach().std((2, 3))
    for row, hole in enumerate(squares):
        if hole is not None:
            down, right = hole
            grain = noise[row, down, right].to(images.device)
            filling[row, :, down, right] = middle[row, :, None, None] + spread[row, :, None, None] * grain
    return changed + filling


Span = tuple[slice, slice]  # rows and columns


@functools.cache  # a few hundred of each size at most
def window(down: int, right: int, sides: tuple[int, int]) -> tuple[Span, Span]:
    """Where a moved image of (H, W) comes from, and where it goes to."""

    def spans(by: int, side: int) -> tuple[slice, slice]:
        return slice(max(0, -by), side - max(0, by)), slice(max(0, by), side - max(0, -by))

    (from_rows, to_rows), (from_columns, to_columns) = spans(down, sides[0]), spans(right, sides[1])
    return (from_rows, from_columns), (to_rows, to_columns)


@functools.cache
def square(top: int, left: int, sides: tuple[int, int]) -> Span:
    """What lies in an image of (H, W) of a part of half its sides."""

    def span(first: int, side: int) -> slice:
        return slice(min(side, max(0, first)), max(0, first + round(CUT * side)))

    return span(top, sides[0]), span(left, sides[1])


class _Windows(torch.autograd.Function):
    """Move each image and blank its square. Linear, so the gradient is the same backwards: as often as one likes.

    A loop of copies: several times faster on the CPU than one gather of single pixels and its scattered gradient.
    """

    @staticmethod
    def forward(
        ctx: Any, images: Tensor, windows: list[tuple[Span, Span]], squares: list[Span | None], back: bool
    ) -> Tensor:
        ctx.given = windows, squares, back
        moved = torch.zeros_like(images)
        # On the CPU numpy's views of the same memory: a torch one costs several times as much as copying it.
        given: Any
        made: Any
        given, made = (x.detach().numpy() if x.device.type == "cpu" else x.detach() for x in (images, moved))
        for row, ((source, target), hole) in enumerate(zip(windows, squares, strict=True)):
            if not back:
                made[row, :, target[0], target[1]] = given[row, :, source[0], source[1]]
                if hole is not None:
                    made[row, :, hole[0], hole[1]] = 0.0
            else:
                gradient = given[row]
                if hole is not None:
                    gradient = gradient + 0.0
                    gradient[:, hole[0], hole[1]] = 0.0
                made[row, :, source[0], source[1]] = gradient[:, target[0], target[1]]
        return moved

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        windows, squares, back = ctx.given
        return _Windows.apply(gradients[0], windows, squares, not back), None, None, None
