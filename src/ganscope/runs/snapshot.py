"""The generator at one `images_seen`, as the trainer hands it to the recorder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Snapshot:
    """The generator at one `images_seen`, as a recorder's judge sees it."""

    images_seen: int
    iteration: int
    epoch: float
    fakes: np.ndarray  # (M, C, H, W) uint8 (float32 (M, d) for toys), always from the same M latents
    scores: np.ndarray | None  # (M,) float32 in [0, 1]: D in evaluation mode; None where nobody gave them
    g: nn.Module | None  # the sampler that made the fakes; None for a training of somebody else
    d: nn.Module | None
    train_seconds: float  # spent training so far, without snapshots
    labels: np.ndarray | None = None  # (M,) int64, the class that each was asked for; None where none was
