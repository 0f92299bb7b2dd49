"""A run on a toy as its pictures and scores see it: of a conditional one, the joint plane of `classes`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ganscope.config import Plan
from ganscope.networks import told
from ganscope.toys.classes import Tiled, tiled
from ganscope.toys.distributions import Toy
from ganscope.toys.frames import NUM_SCORED
from ganscope.training import Latents, asked

Network = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Shown:
    """The distribution that is drawn, and the fixed latents, with the classes that they are asked for."""

    toy: Toy
    fixed: Latents
    tiles: Tiled | None

    @classmethod
    def of(cls, toy: Toy, config: Plan) -> Shown:
        tiles = tiled(toy) if config.num_classes else None
        return cls(tiles.joint if tiles else toy, asked(config, NUM_SCORED, "fixed", balance="data"), tiles)

    @property
    def classes(self) -> Network | None:
        """The class of points of the picture, `(N,) int64`; None of a game without."""
        tiles = self.tiles
        return None if tiles is None else lambda shown: tiles.read(shown)[1]

    def g(self, g: nn.Module) -> Network:
        """`(N, Z)` latents, the fixed ones or the first of them, to points of the picture."""
        if self.tiles is None or self.fixed.labels is None:
            return g
        tiles, labels = self.tiles, self.fixed.labels
        return lambda z: tiles.show(told(g, labels[: len(z)])(z), labels[: len(z)])

    def d(self, d: nn.Module) -> Network:
        """Points of the picture to logits."""
        if self.tiles is None:
            return d
        tiles = self.tiles

        def logits(shown: Tensor) -> Tensor:
            points, labels = tiles.read(shown)
            return told(d, labels)(points)

        return logits
