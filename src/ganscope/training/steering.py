"""How strongly the images that D sees are changed, by how much D has learned its training images by heart.

r_v = (E D(train) − E D(held out)) / (E D(train) − E D(fake)), of logits and unchanged images (Karras et al. 2020,
"ADA", equation 1): the share of D's lead over fakes that fresh reals do not get. 0 is no overfitting; at 1 a fresh real
is a fake to D. A constant added to D changes nothing, so that it means the same under a relativistic loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ganscope.config import Plan
from ganscope.randomness import rng

LOOK_EVERY = 4_000  # images between looks at D: with LOOK_AT images of each kind they cost 2 % of the training
LOOK_AT = 256
MEMORY = 0.5  # share of the looks before that a look keeps
FASTEST = 40_000  # images in which the strength goes from 0 to 1 at the most
MOST = 0.8  # strength: images that are nearly always changed are what G would learn to make


@dataclass
class Steering:
    """The strength, and the means that r_v is taken from: `(4,) float64`, saved with a checkpoint."""

    numbers: Tensor = field(default_factory=lambda: torch.zeros(4, dtype=torch.float64))

    @classmethod
    def of(cls, config: Plan) -> Steering:
        """The state at the start of a training."""
        start = config.augment_strength if config.augment != "none" else 0.0
        return cls(torch.tensor([start, 0.0, 0.0, 0.0], dtype=torch.float64))

    @property
    def strength(self) -> float:
        """The chance with which a change is applied."""
        return float(self.numbers[0])

    @property
    def r_v(self) -> float:
        """The newest value, NaN before the first look."""
        _, gap, lead, weight = self.numbers.tolist()
        return share_kept(gap, lead) if weight > 0 else math.nan

    def look(self, train: float, held_out: float, fake: float, target: float) -> None:
        """Take in D's mean logits, and move the strength towards where r_v is `target`; 0: it stays."""
        strength, gap, lead, weight = self.numbers.tolist()
        kept = MEMORY * weight  # so that the first looks count whole
        total = kept + 1.0 - MEMORY
        gap = (kept * gap + (1.0 - MEMORY) * (train - held_out)) / total
        lead = (kept * lead + (1.0 - MEMORY) * (train - fake)) / total
        if target > 0:
            off = max(-1.0, min(1.0, share_kept(gap, lead) / target - 1.0))
            strength = max(0.0, min(max(MOST, strength), strength + off * LOOK_EVERY / FASTEST))
        self.numbers.copy_(torch.tensor([strength, gap, lead, total], dtype=torch.float64))


def share_kept(gap: float, lead: float) -> float:
    """r_v from its two differences; 0 where D does not know real from fake, which is no overfitting."""
    return max(-1.0, min(1.0, gap / lead)) if lead > 0 else 0.0


def is_due(config: Plan, images_seen: int) -> bool:
    """Whether the iteration that ended here has passed a multiple of LOOK_EVERY."""
    before = images_seen - config.images_per_iteration
    return config.augment != "none" and images_seen // LOOK_EVERY > before // LOOK_EVERY


def drawn_rows(config: Plan, count: int, images_seen: int) -> np.ndarray:
    """Which of `count` training images are looked at, ascending: at most LOOK_AT, `(n,) int64`."""
    chosen = torch.randperm(count, generator=rng(config.seed, "look", images_seen))[:LOOK_AT]
    return np.sort(chosen.numpy())
