"""Real batches by position, a function of the seed and `images_seen`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganscope.config import Plan
from ganscope.device import Backend
from ganscope.randomness import rng
from ganscope.training.sampling import normalise


class Batches:
    """Real batches by position: permutation after permutation, each a function of the seed and the epoch."""

    def __init__(self, images: np.ndarray, config: Plan, backend: Backend) -> None:
        self.count, self.config, self.backend = len(images), config, backend
        # Copied: a gather from a memory map faults page by page, and torch refuses read-only memory.
        self.images = torch.from_numpy(np.array(images)).to(backend.device)
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def at(self, position: int, count: int) -> Tensor:
        """The `count` images that come after the first `position`: `(count, C, H, W) float32 in [-1, 1]`."""
        indices = []
        while count > 0:
            epoch, start = divmod(position, self.count)
            taken = min(count, self.count - start)
            indices.append(self._permutation(epoch)[start : start + taken])
            position, count = position + taken, count - taken
        index = torch.cat(indices) if len(indices) > 1 else indices[0]
        # index_select copies whole rows; indexing an array of bytes goes one byte at a time.
        batch = normalise(self.images.index_select(0, index.to(self.backend.device)))
        if self.config.flip:
            mirrored = torch.rand(len(batch), generator=rng(self.config.seed, "flip", position)) < 0.5
            batch = torch.where(mirrored.to(batch.device)[:, None, None, None], batch.flip(-1), batch)
        return self.backend.layout(batch)

    def _permutation(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = torch.randperm(self.count, generator=rng(self.config.seed, "order", epoch))
        return self._order
