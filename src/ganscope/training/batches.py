"""Real batches by position, with their classes where these are told; a function of the seed and `images_seen`."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganscope.config import Plan
from ganscope.device import Backend
from ganscope.memory import fits_in_memory
from ganscope.randomness import rng
from ganscope.training.distributed import ALONE, World
from ganscope.training.order import ByBlocks, ByClasses, ByImages, Order
from ganscope.training.sampling import normalise
from ganscope.training.stream import Stream


class Batch(NamedTuple):
    """Real images `(N, C, H, W) float32 in [-1, 1]` and their classes `(N,) int64`, None where nobody is told them."""

    images: Tensor
    labels: Tensor | None


class Batches:
    """Real batches by position: epoch after epoch, each in an order that the seed and the epoch decide.

    Args:
        images: `(N, C, H, W) uint8`, mapped or not (`(N, d) float32` for toys).
        labels: their classes `(N,) int64`, which a conditional training needs; the others are not told them.
        in_memory: whether to copy them; None: where a copy leaves half of what is free. No bit depends on it.
        world: the processes that train together; each takes its part of every batch.
    """

    def __init__(
        self, images: np.ndarray, config: Plan, backend: Backend, labels: np.ndarray | None = None, *,
        in_memory: bool | None = None, world: World = ALONE,
    ) -> None:  # fmt: skip
        if config.num_classes and labels is None:
            raise ValueError("a conditional training needs labels")
        self.count, self.config, self.backend, self.world = len(images), config, backend, world
        self.images, self.mapped = torch.empty(0), images
        self.labels = torch.from_numpy(np.array(labels, np.int64)) if config.num_classes else None
        self.order: Order = ByImages(self.count, config.seed)
        self.stream: Stream | None = None
        if config.order == "blocks":
            self.order = ByBlocks(self.count, images[:1].nbytes, config.seed)
        if config.class_balance == "uniform" and self.labels is not None:
            self.order = ByClasses(self.labels, config.seed)
        self.in_memory = fits_in_memory(images.nbytes) if in_memory is None else in_memory
        if self.in_memory:
            # Copied: a gather from a memory map faults page by page, and torch refuses read-only memory.
            self.images = torch.from_numpy(np.array(images)).to(backend.device)
        elif isinstance(self.order, ByBlocks):
            self.stream = Stream(images, copy.copy(self.order))  # its thread has a memory of its own

    def at(self, position: int, count: int) -> Batch:
        """The `count` images that come after the first `position`; of several processes each gets its part of them."""
        start, parts, whole = position, [], count
        while count > 0:
            epoch, first = divmod(start, self.count)
            taken = min(count, self.count - first)
            parts.append((epoch, first, first + taken))
            start, count = start + taken, count - taken
        batch = normalise(self._streamed(parts) if self.stream else self._gathered(parts))
        if self.config.flip:
            mirrored = self._ours(torch.rand(whole, generator=rng(self.config.seed, "flip", start)) < 0.5)
            batch = torch.where(mirrored.to(batch.device)[:, None, None, None], batch.flip(-1), batch)
        labels = None
        if self.labels is not None:
            rows = self._ours(torch.cat([self.order.at(*part) for part in parts]))
            labels = self.labels[rows].to(self.backend.device)
        return Batch(self.backend.layout(batch), labels)

    def _gathered(self, parts: list[tuple[int, int, int]]) -> Tensor:
        """Images by their number, from memory; from the disk where a run that was begun with more memory is resumed."""
        indices = [self.order.at(*part) for part in parts]
        index = self._ours(torch.cat(indices) if len(indices) > 1 else indices[0])
        if not self.in_memory:
            return torch.from_numpy(self.mapped[index.numpy()]).to(self.backend.device)
        # index_select copies whole rows; indexing an array of bytes goes one byte at a time.
        return self.images.index_select(0, index.to(self.backend.device))

    def _streamed(self, parts: list[tuple[int, int, int]]) -> Tensor:
        assert self.stream is not None
        ours = self._ours(torch.arange(sum(stop - start for _, start, stop in parts)))
        taken, before = [], 0
        for epoch, start, stop in parts:
            here = ours[(ours >= before) & (ours < before + stop - start)]
            taken.append(self.stream.take(epoch, here - before + start))
            before += stop - start
        return (torch.cat(taken) if len(taken) > 1 else taken[0]).to(self.backend.device)

    def _ours(self, rows: Tensor) -> Tensor:
        return self.world.part(rows, self.config.pack)
