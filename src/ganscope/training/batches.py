"""Real batches by position, a function of the seed and `images_seen`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganscope.config import Plan
from ganscope.device import Backend
from ganscope.memory import fits_in_memory
from ganscope.randomness import rng
from ganscope.training.order import ByBlocks, ByImages, Order
from ganscope.training.sampling import normalise
from ganscope.training.stream import Stream


class Batches:
    """Real batches by position: epoch after epoch, each in an order that the seed and the epoch decide.

    Args:
        images: `(N, C, H, W) uint8`, mapped or not (`(N, d) float32` for toys).
        in_memory: whether to copy them; None: where a copy leaves half of what is free. No bit depends on it.
    """

    def __init__(self, images: np.ndarray, config: Plan, backend: Backend, *, in_memory: bool | None = None) -> None:
        self.count, self.config, self.backend = len(images), config, backend
        self.images, self.mapped = torch.empty(0), images
        self.order: Order = ByImages(self.count, config.seed)
        self.stream: Stream | None = None
        if config.order == "blocks":
            self.order = ByBlocks(self.count, images[:1].nbytes, config.seed)
        self.in_memory = fits_in_memory(images.nbytes) if in_memory is None else in_memory
        if self.in_memory:
            # Copied: a gather from a memory map faults page by page, and torch refuses read-only memory.
            self.images = torch.from_numpy(np.array(images)).to(backend.device)
        elif isinstance(self.order, ByBlocks):
            self.stream = Stream(images, self.order)

    def at(self, position: int, count: int) -> Tensor:
        """The `count` images that come after the first `position`: `(count, C, H, W) float32 in [-1, 1]`."""
        start, parts = position, []
        while count > 0:
            epoch, first = divmod(start, self.count)
            taken = min(count, self.count - first)
            parts.append((epoch, first, first + taken))
            start, count = start + taken, count - taken
        batch = normalise(self._streamed(parts) if self.stream else self._gathered(parts))
        if self.config.flip:
            mirrored = torch.rand(len(batch), generator=rng(self.config.seed, "flip", start)) < 0.5
            batch = torch.where(mirrored.to(batch.device)[:, None, None, None], batch.flip(-1), batch)
        return self.backend.layout(batch)

    def _gathered(self, parts: list[tuple[int, int, int]]) -> Tensor:
        """Images by their number, from memory; from the disk where a run that was begun with more memory goes on."""
        indices = [self.order.at(*part) for part in parts]
        index = torch.cat(indices) if len(indices) > 1 else indices[0]
        if not self.in_memory:
            return torch.from_numpy(self.mapped[index.numpy()]).to(self.backend.device)
        # index_select copies whole rows; indexing an array of bytes goes one byte at a time.
        return self.images.index_select(0, index.to(self.backend.device))

    def _streamed(self, parts: list[tuple[int, int, int]]) -> Tensor:
        assert self.stream is not None
        taken = [self.stream.take(*part) for part in parts]
        return (torch.cat(taken) if len(taken) > 1 else taken[0]).to(self.backend.device)
