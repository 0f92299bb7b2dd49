"""Toys with classes: the joint distribution of a point and its class, as a mixture in one plane with a tile a class.

Legend: N points, d dimensions (1 or 2), K classes, L the side of a toy's picture. A class is a shift: a point x of
class y is shown at x + s(y), in a tile of its own. There the joint density p(x, y) = p(y) p(x | y) is a Gaussian
mixture again, D*(x, y) is D* of that plane, and every score counts a point of the wrong class as it should be: as one
in the wrong place. Nothing that draws or scores a toy has to know of classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ganscope.toys.distributions import Toy

# The class of each mode, in the order of its centres: several modes each, where there are enough, so that one can be
# lost inside a class.
MODE_CLASSES: dict[str, tuple[int, ...]] = {
    "mixture-1d": (0, 1, 2),
    "ring": tuple(mode % 4 for mode in range(8)),  # two opposite modes each
    "grid": tuple(mode // 5 for mode in range(25)),  # columns
    "spiral": tuple(int(mode >= 20) for mode in range(80)),  # the inner turn, and the outer: equal arc lengths
    "moons": tuple(mode // 30 for mode in range(60)),
}


@dataclass(frozen=True, eq=False)
class Tiled:
    """A toy whose modes have classes, and the plane that shows them all. Tiles go right and then down."""

    toy: Toy
    kinds: tuple[int, ...]

    @property
    def num_classes(self) -> int:
        return max(self.kinds) + 1

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(map(str, range(self.num_classes)))

    @property
    def side(self) -> float:
        """L."""
        return self.toy.limits[1] - self.toy.limits[0]

    @property
    def columns(self) -> int:
        """Tiles in a row of the picture: all of them on a line, else as many as there are rows."""
        return self.num_classes if self.toy.dim == 1 else math.ceil(math.sqrt(self.num_classes))

    @cached_property
    def shifts(self) -> np.ndarray:
        """s, `(K, d) float64`."""
        place = np.arange(self.num_classes)
        right, down = place % self.columns, place // self.columns
        both = np.stack([right, self.columns - 1 - down], axis=1)[:, : self.toy.dim]
        return np.asarray(self.side * both, np.float64)

    @cached_property
    def joint(self) -> Toy:
        """The distribution of x + s(y)."""
        low = self.toy.limits[0]
        return replace(
            self.toy,
            doc=f"{self.toy.doc}; a tile a class, classes 0 to {self.num_classes - 1}",
            centres=self.toy.centres + self.shifts[list(self.kinds)],
            limits=(low, low + self.columns * self.side),
        )

    def sample(self, count: int, rng: np.random.Generator | int) -> tuple[np.ndarray, np.ndarray]:
        """Points `(count, d) float32`, those of `Toy.sample`, and their classes `(count,) int64`."""
        points, modes = self.toy.sample_modes(count, rng)
        return points, np.array(self.kinds, np.int64)[modes]

    def show(self, points: Tensor, labels: Tensor) -> Tensor:
        """x + s(y) of points `(N, d)` of classes `(N,)`; what leaves its tile goes far away, not next door."""
        low, high = self.toy.limits
        shifted = points + torch.from_numpy(self.shifts).to(points)[labels]
        outside = ((points < low) | (points >= high)).any(dim=1)
        shifted[:, 0] -= torch.where(outside, self.far * (labels + 1), 0.0)
        return shifted

    @property
    def far(self) -> float:
        """How far from the picture points of class 0 are put that leave their tile; of class y, y + 1 times as far."""
        return 64.0 * self.columns * self.side

    def read(self, shown: Tensor) -> tuple[Tensor, Tensor]:
        """x `(N, d)` and y `(N,) int64` of what `show` gives, and of other places; without a class, the last one."""
        low, still = self.toy.limits[0], shown.detach().double()
        tile = torch.floor((still - low) / self.side).long().clamp(0, self.columns - 1)
        place = tile[:, 0] if self.toy.dim == 1 else tile[:, 0] + self.columns * (self.columns - 1 - tile[:, 1])
        away = torch.round(-still[:, 0] / self.far).long()
        labels = torch.where(away > 0, away - 1, place).clamp(0, self.num_classes - 1)
        back = torch.from_numpy(self.shifts).to(shown)[labels]
        back[:, 0] -= self.far * away.clamp(0, self.num_classes)
        return shown - back, labels


def tiled(toy: Toy) -> Tiled | None:
    """The toy with its classes; None where it has none."""
    kinds = MODE_CLASSES.get(toy.name)
    return Tiled(toy, kinds) if kinds else None
